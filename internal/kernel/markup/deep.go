package markup

import "bytes"

// Bounds of nesting, beyond what anybody writes by hand.
const (
	maxDepth = 40    // quotes and lists that a line may open
	maxOpen  = 4_000 // brackets or marks of emphasis that a paragraph may hold
)

// tooDeep finds texts on which readers of Markdown spend time that grows with the square of their length:
// lines that open a quote in a quote in a quote, and paragraphs full of brackets and stars.
func tooDeep(text []byte) bool {
	marks := 0
	for line := range bytes.Lines(text) {
		if containers(line) > maxDepth {
			return true
		}
		if len(bytes.TrimSpace(line)) == 0 {
			marks = 0
			continue
		}
		for _, c := range line {
			switch c {
			case '[', ']', '*', '_', '~', '<', '`', '!', '&', '(':
				marks++
			}
		}
		if marks > maxOpen {
			return true
		}
	}
	return false
}

// containers counts the quotes and lists that a line begins with.
func containers(line []byte) (n int) {
	for i, c := range line {
		switch c {
		case '>':
			n++
		case '-', '+', '*', ')', '.':
			if i+1 < len(line) && line[i+1] > ' ' {
				return n
			}
			n++
		case ' ', '\t', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		default:
			return n
		}
	}
	return n
}
