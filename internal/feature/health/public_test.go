package health_test

import (
	"encoding/json"
	"strings"
	"testing"

	"hexhub/internal/feature/health"
)

// What everybody is told holds no name, no address, no version and no reason.
func TestPublicTellsNothingOfMachines(t *testing.T) {
	secret := "cellar"
	for state, want := range map[string]string{health.Healthy: "All is well", health.Degraded: "1 of 2 nodes are well", health.ReadOnly: "Read-only"} {
		r := health.Report{State: state, Sentence: "because of " + secret, Advice: []string{secret}, Nodes: []health.Node{
			{State: health.Healthy, Vital: health.Vital{ID: secret, Name: secret, Address: secret, Zone: secret, Version: secret, NotReady: secret, ReadOnly: secret}},
			{State: health.Unreachable, Note: secret},
		}}
		p := r.Public()
		text, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), secret) || !strings.HasPrefix(p.Sentence, want) && !strings.Contains(p.Sentence, want) || p.Writes == (state == health.ReadOnly) || len(p.Nodes) != 2 {
			t.Errorf("%s: %s", state, text)
		}
	}
}
