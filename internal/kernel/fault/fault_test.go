package fault_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"hexhub/internal/kernel/fault"
)

func TestKindSurvivesWrapping(t *testing.T) {
	err := fmt.Errorf("publish: %w", fault.New(fault.Forbidden, "only owners may publish"))
	if got := fault.Of(err); got != fault.Forbidden {
		t.Fatalf("Of = %v, want forbidden", got)
	}
	if fault.Is(nil, fault.Internal) {
		t.Error("nil is no fault, yet Is said internal")
	}
	if got := fault.Of(errors.New("boom")); got != fault.Internal {
		t.Errorf("an unclassified error is %v, want internal", got)
	}
}

func TestPrivateCauseIsNotInPublicWords(t *testing.T) {
	cause := errors.New("dial 10.0.0.7: refused")
	err := fault.Wrap(fault.Unavailable, cause, "the log has no quorum")
	if strings.Contains(err.Message, "10.0.0.7") {
		t.Errorf("public words %q tell the cause", err.Message)
	}
	if !errors.Is(err, cause) || !strings.Contains(err.Error(), "10.0.0.7") {
		t.Errorf("the log line %q must tell the cause", err)
	}
}

func TestFieldNestsFromTheOutsideIn(t *testing.T) {
	got := fault.Field("can't be blank", "meta", "app").Fields
	want := fault.Fields{"meta": fault.Fields{"app": "can't be blank"}}
	if d := cmp.Diff(want, got); d != "" {
		t.Fatal(d)
	}
	if s := got.String(); s != "meta.app can't be blank" {
		t.Errorf("String = %q", s)
	}
}
