package ops

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"hexhub/internal/kernel/cluster"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/surface/call"
)

// An Explanation says which rule refused a request, and what to do.
type Explanation struct {
	call.Refused
	Rule string `json:"rule"`
	Todo string `json:"todo"`
}

// RefusalPath is where nodes ask each other for a refusal: id=ID.
const RefusalPath = "/hexhub/refusal"

// explain tells of the refusal whose request the query names: id=ID.
func (o *Ops) explain(r *http.Request) (any, error) {
	id := r.URL.Query().Get("id")
	if id == "" {
		return nil, fault.Field("can't be blank", "id")
	}
	found, ok := o.findRefusal(id)
	silent := []string{}
	if !ok {
		found, silent, ok = o.askRefusal(r.Context(), id)
	}
	if !ok {
		words := "no request %s was refused within a day, as far as is remembered: each node keeps its latest refusals until it is restarted"
		if len(silent) > 0 {
			words += "; " + strings.Join(silent, ", ") + " did not answer"
		}
		return nil, fault.New(fault.NotFound, words, id)
	}
	rule, todo := ruleOf(found)
	return Explanation{found, rule, todo}, nil
}

func (o *Ops) findRefusal(id string) (call.Refused, bool) {
	if o.Refused == nil {
		return call.Refused{}, false
	}
	return o.Refused.Find(id, time.Now())
}

// Refusal answers other nodes what this one remembers.
func (o *Ops) Refusal() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		found, ok := o.findRefusal(r.URL.Query().Get("id"))
		if !ok {
			http.Error(w, "not remembered here", http.StatusNotFound)
			return
		}
		// Whoever asked may be gone by now, and then nobody misses the answer.
		_ = send(w, http.StatusOK, found)
	})
}

// askRefusal asks all other nodes at once, and names those that did not answer.
func (o *Ops) askRefusal(ctx context.Context, id string) (found call.Refused, silent []string, ok bool) {
	silent = []string{}
	if o.Peers == nil {
		return found, silent, false
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var (
		mu sync.Mutex // guards the results
		wg sync.WaitGroup
	)
	for _, p := range o.Peers() {
		wg.Go(func() {
			r, there, err := askRefused(ctx, p, id)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err != nil:
				silent = append(silent, p.Name)
			case there:
				found, ok = r, true
			}
		})
	}
	wg.Wait()
	return found, silent, ok
}

func askRefused(ctx context.Context, p cluster.Peer, id string) (out call.Refused, there bool, err error) {
	u := "https://" + p.Address + RefusalPath + "?" + url.Values{"id": {id}}.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u, nil)
	if err != nil {
		return out, false, err
	}
	resp, err := p.HTTP.Do(req)
	if err != nil {
		return out, false, err
	}
	defer resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusNotFound:
		return out, false, nil
	case http.StatusOK:
		return out, true, json.NewDecoder(io.LimitReader(resp.Body, maxBody)).Decode(&out)
	}
	return out, false, fault.New(fault.Unavailable, "answers %s", resp.Status)
}

// ruleOf says what kind of rule refused a request, and what somebody can do about it.
func ruleOf(r call.Refused) (rule, todo string) {
	switch r.Status {
	case http.StatusUnauthorized:
		return "a credential is needed, and there was none, or none that counts",
			"use a key or log in again; hexhub key list shows the keys that count"
	case http.StatusForbidden:
		if r.Why == call.Blocked {
			return "every request from that address is refused", "hexhub admin settings shows block; hexhub admin set block takes the address out of it"
		}
		return "who asked may not do this", "give the user or the key the right: hexhub user show, hexhub key list, hexhub org show"
	case http.StatusNotFound:
		return "what is not there, or not for who asked, is not found", "check the name; if it is there, give who asked the right to see it: hexhub org show, hexhub key list"
	case http.StatusTooManyRequests:
		return "so many in a time are too many", "wait as long as Retry-After says; a service account (hexhub user create NAME --service) is not counted"
	case http.StatusServiceUnavailable:
		return "the node cannot do this at present", "try again; hexhub status and hexhub doctor say what is amiss"
	}
	return "the request itself cannot be taken", "change what is sent, as the words say"
}
