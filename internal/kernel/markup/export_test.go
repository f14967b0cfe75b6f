package markup

import "time"

// Languages are those that get colours, as people call them.
var Languages = languages

// Colour reads a text for a while, and returns how many pieces it found.
func Colour(language, text string, while time.Duration) int {
	return len(tokens(language, text, time.Now().Add(while)))
}
