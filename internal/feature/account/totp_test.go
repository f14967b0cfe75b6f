package account

import (
	"fmt"
	"testing"
	"time"
)

// The vectors are those of RFC 6238, appendix B, for SHA-1.
func TestCodesAreThoseOfTheRFC(t *testing.T) {
	secret := []byte("12345678901234567890")
	for unix, want := range map[int64]string{
		59: "94287082", 1111111109: "07081804", 1111111111: "14050471", 1234567890: "89005924", 2000000000: "69279037", 20000000000: "65353130",
	} {
		at := time.Unix(unix, 0)
		if got := fmt.Sprintf("%08d", hotp(secret, stepAt(at))%100_000_000); got != want {
			t.Errorf("at %d the code is %s, want %s", unix, got, want)
		}
		if got := codeOf(secret, stepAt(at)); got != want[2:] {
			t.Errorf("at %d six digits are %s, want %s", unix, got, want[2:])
		}
	}
}

func TestA7CodesAreGoodForOneStepEitherWay(t *testing.T) {
	secret, at := []byte("12345678901234567890"), time.Unix(1_111_111_111, 0)
	for off := int64(-3); off <= 3; off++ {
		step := stepAt(at) + off
		want := step
		if off < -1 || off > 1 {
			want = 0
		}
		if got := stepOf(secret, codeOf(secret, step), at); got != want {
			t.Errorf("a code of step %+d is taken for step %d, want %d", off, got, want)
		}
	}
}

func TestA7CodesAreNormalisedBeforeTheyAreCompared(t *testing.T) {
	for text, want := range map[string]string{
		"050471": "050471", " 050 471 ": "050471", "050\u00a0471\n": "050471", "０５０４７１": "050471",
		"+50471": "", "+050471": "", "-50471": "", "50471": "", "0050471": "", "05047l": "", "٠٥٠٤٧١": "", "050.471": "", "": "",
	} {
		if got, ok := normalCode(text); ok != (want != "") || ok && got != want {
			t.Errorf("%q is read as %q %t, want %q", text, got, ok, want)
		}
	}
}

func TestRecoveryCodesAreNormalised(t *testing.T) {
	for text, want := range map[string]string{
		"3k5f-0pq2-h9vt-7a1c": "3k5f0pq2h9vt7a1c", " 3K5F 0PQ2 H9VT 7A1C\n": "3k5f0pq2h9vt7a1c",
		"3k5f-0pq2-h9vt-7a1": "", "3k5f-0pq2-h9vt-7a1z": "", "": "",
	} {
		if got, ok := normalRecovery(text); ok != (want != "") || ok && got != want {
			t.Errorf("%q is read as %q %t, want %q", text, got, ok, want)
		}
	}
}
