package ui

// A Tone is what a chip, a note or a band means, beside what it says.
type Tone string

// The tones.
const (
	Plain   Tone = ""
	Good    Tone = "good"
	Bad     Tone = "bad"
	Caution Tone = "caution"
	Notice  Tone = "notice"
)

func (t Tone) chip() string {
	switch t {
	case Good:
		return "badge-success badge-soft"
	case Bad:
		return "badge-error badge-soft"
	case Caution:
		return "badge-warning"
	case Notice:
		return "badge-info badge-soft"
	default:
		return "border-line text-muted"
	}
}

func (t Tone) alert() string {
	switch t {
	case Good:
		return "alert-success"
	case Bad:
		return "alert-error"
	case Caution:
		return "alert-warning"
	default:
		return "alert-info"
	}
}
