package quality_test

import (
	"strings"
	"testing"

	"hexhub/internal/feature/quality"
)

func TestWhatRebarIsToldOfOTPIsRead(t *testing.T) {
	for text, want := range map[string]quality.OTP{
		"":                            {},
		`{minimum_otp_vsn, "26"}.`:    {From: "26"},
		`{'minimum_otp_vsn',"25.1"}.`: {From: "25.1"},
		"%% it works\n{erl_opts, [debug_info, {d, 'A B'}]}. % \"\n{require_otp_vsn,\n  \"R16|17|18\"}.\n": {Pattern: "R16|17|18"},
		`{minimum_otp_vsn, "21"}. {require_otp_vsn, "2[1-9]"}.`:                                           {From: "21", Pattern: "2[1-9]"},
		`% {minimum_otp_vsn, "26"}.`:                             {},
		`{profiles, [{test, [{minimum_otp_vsn, "26"}]}]}.`:       {},
		`{x, "{minimum_otp_vsn, \"26\"}"}.`:                      {},
		`{x, $"}. {minimum_otp_vsn, "24"}. {y, $"}.`:             {From: "24"},
		`{x, $\"}. {minimum_otp_vsn, "24"}. {y, $\\}.`:           {From: "24"},
		`{minimum_otp_vsn, 26}.`:                                 {},
		`{minimum_otp_vsn, "` + strings.Repeat("9", 300) + `"}.`: {},
		`{minimum_otp_vsn, "26`:                                  {},
	} {
		if got := quality.OTPOf([]byte(text)); got != want {
			t.Errorf("%s: %+v, want %+v", text, got, want)
		}
	}
}

func TestWhatGleamIsToldIsRead(t *testing.T) {
	for text, want := range map[string]string{
		"":                                             "",
		"name = \"a\"\ngleam = \">= 1.0.0\"\n":         ">= 1.0.0",
		"gleam='~> 0.34' # or later\n":                 "~> 0.34",
		"[dependencies]\ngleam = \"~> 1.0\"\n":         "",
		"# gleam = \"~> 1.0\"\n":                       "",
		"gleam_stdlib = \"~> 1.0\"\n":                  "",
		"gleam = \"" + strings.Repeat("1", 300) + "\"": "",
	} {
		if got := quality.GleamOf([]byte(text)); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

// A project that names the versions of its languages is asked whether the next one is among them; one that says nothing is not.
func TestLanguagesAreToAdmitWhatComes(t *testing.T) {
	for _, c := range []struct {
		otp   quality.OTP
		gleam string
		want  string // grades of otp and gleam
	}{
		{quality.OTP{From: "24"}, ">= 1.0.0", "otp 2 gleam 2"},
		{quality.OTP{Pattern: "R16|17|18|19|2"}, "~> 1.3", "otp 0 gleam 2"},
		{quality.OTP{Pattern: "2[4-9]|[3-9][0-9]", From: "24"}, ">= 0.34.0 and < 1.5.0", "otp 2 gleam 0"},
		{quality.OTP{Pattern: "(?<=2)1"}, "newest", ""},
		{quality.OTP{Pattern: "24|25"}, "", "otp 0"},
		{quality.OTP{}, "", ""},
	} {
		f := best()
		f.OTP, f.Gleam = c.otp, c.gleam
		var got []string
		for _, check := range quality.Judge(f, now).Checks {
			if check.Name == "otp" || check.Name == "gleam" {
				got = append(got, check.Name+" "+string('0'+rune(check.Grade)))
				if check.Why == "" || check.Grade != quality.Met && (check.Fix == "" || check.At != quality.InProject) {
					t.Errorf("%+v does not say what to do", check)
				}
			}
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%+v %q: %q, want %q", c.otp, c.gleam, got, c.want)
		}
	}
}

// FuzzToolchains: whatever a project's files hold, what is read of them is in them and short.
func FuzzToolchains(f *testing.F) {
	for _, text := range []string{`{minimum_otp_vsn, "26"}.`, "gleam = \">= 1.0.0\"\n[x]", `{x, $\"}. % "`, `{'require_otp_vsn', "R1[56]\\d"}`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		o, gleam := quality.OTPOf(text), quality.GleamOf(text)
		for _, said := range []string{o.From, o.Pattern, gleam} {
			if len(said) > 200 || len(said) > len(text) {
				t.Errorf("%d bytes of %d", len(said), len(text))
			}
		}
		facts := best()
		facts.OTP, facts.Gleam = o, gleam
		quality.Judge(facts, now)
	})
}
