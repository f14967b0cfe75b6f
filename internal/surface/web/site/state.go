package site

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"

	"hexhub/internal/feature/health"
	"hexhub/internal/surface/web/ui"
)

// stateAge is how old what is told of the state may be: to learn it, every node is asked.
const stateAge = 5 * time.Second

// A state remembers how the registry does, for everybody asks.
type state struct {
	mu   sync.Mutex // guards all below; held while the nodes are asked, so that they are asked once
	at   time.Time
	last health.Public
}

func (s *state) of(ctx context.Context, ask func(context.Context) health.Report) health.Public {
	s.mu.Lock()
	defer s.mu.Unlock()
	if time.Since(s.at) >= stateAge {
		// Whoever asks first may leave; the answer is for those who wait, too.
		s.last, s.at = ask(context.WithoutCancel(ctx)).Public(), time.Now()
	}
	return s.last
}

// stateFile is the state for programs.
func (s *site) stateFile(r *http.Request) (ui.File, error) {
	body, err := json.Marshal(s.state.of(r.Context(), s.Health))
	if err != nil {
		return ui.File{}, fmt.Errorf("write the state: %w", err)
	}
	return ui.File{Kind: "application/json", Keep: "no-cache", Body: append(body, '\n')}, nil
}
