package site

import (
	"fmt"
	"math"
	"strings"
)

// mesh are the outlines of the hexagons behind a greeting, denser to the right.
var mesh = func() (paths []string) {
	const radius = 34.0
	for _, at := range [][2]int{{1, 0}, {2, 0}, {4, 0}, {5, 0}, {2, 1}, {3, 1}, {4, 1}, {3, 2}, {5, 2}, {4, 3}, {2, 3}} {
		x := 20 + float64(at[0])*radius*1.84
		if at[1]%2 == 1 {
			x += radius * 0.92
		}
		y := 36 + float64(at[1])*radius*1.6
		var b strings.Builder
		for i := range 6 {
			sin, cos := math.Sincos(float64(i)*math.Pi/3 + math.Pi/6)
			letter := "L"
			if i == 0 {
				letter = "M"
			}
			fmt.Fprintf(&b, "%s%.1f %.1f", letter, x+radius*cos, y+radius*sin)
		}
		paths = append(paths, b.String()+"z")
	}
	return paths
}()
