package account

import (
	"fmt"
	"html"
	"strings"

	"rsc.io/qr"
)

// quietZone is how many white dots surround the picture; readers want four.
const quietZone = 4

// drawQR draws text as a QR code: one path of black runs, row by row, which no style sheet colours, for
// cameras need black on white in the dark as well.
func drawQR(text, label string) (string, error) {
	code, err := qr.Encode(text, qr.M)
	if err != nil {
		return "", fmt.Errorf("draw a QR code: %w", err)
	}
	var path strings.Builder
	for y := range code.Size {
		for x := 0; x < code.Size; x++ {
			run := 0
			for code.Black(x+run, y) { // beyond the edge all is white
				run++
			}
			if run > 0 {
				fmt.Fprintf(&path, "M%d %dh%dv1h-%dz", x+quietZone, y+quietZone, run, run)
				x += run
			}
		}
	}
	size := code.Size + 2*quietZone
	return fmt.Sprintf(
		`<svg viewBox="0 0 %d %d" role="img" aria-label="%s" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h%dv%dH0z"/><path fill="#000" d="%s"/></svg>`,
		size, size, html.EscapeString(label), size, size, path.String()), nil
}
