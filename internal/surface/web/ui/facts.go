package ui

import (
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
)

// An avatar is six sectors of a hexagon, of which some are filled, in one of the palette's tones.
type avatar struct {
	cells byte
	tone  string
}

// slices6 are the sectors, from the top right around.
var slices6 = [6]string{
	"M16 16V1.5L28.6 8.7z", "M16 16 28.6 8.7v14.6z", "M16 16 28.6 23.3 16 30.5z",
	"M16 16v14.5L3.4 23.3z", "M16 16 3.4 23.3V8.7z", "M16 16 3.4 8.7 16 1.5z",
}

func avatarOf(name string) avatar {
	h := fnv.New32a()
	h.Write([]byte(name)) // never fails
	sum := h.Sum32()
	return avatar{cells: byte(sum%62) + 1, tone: avatarTones[sum/62%uint32(len(avatarTones))]}
}

// spark returns the path of the line through the points, and that of the area below it.
func spark(points []int64, width, height float64) (line, area string) {
	if len(points) < 2 {
		points = append(slices.Clone(points), 0, 0)[:2]
	}
	top := float64(max(slices.Max(points), 1))
	step := width / float64(len(points)-1)
	var b strings.Builder
	for i, n := range points {
		letter := "L"
		if i == 0 {
			letter = "M"
		}
		fmt.Fprintf(&b, "%s%.1f %.1f", letter, float64(i)*step, height-2-float64(n)/top*(height-4))
	}
	line = b.String()
	return line, fmt.Sprintf("%sL%.1f %.1fL0 %.1fz", line, width, height, height)
}

// Size writes a number of bytes as people do, in kB and MB of a thousand.
func Size(bytes int64) string {
	if bytes < 1000 {
		return fmt.Sprintf("%d B", bytes)
	}
	n, unit := float64(bytes)/1000, 0
	for n >= 999.5 && unit < 3 {
		n, unit = n/1000, unit+1
	}
	digits := 0
	if n < 9.95 {
		digits = 1
	}
	return fmt.Sprintf("%.*f %s", digits, n, []string{"kB", "MB", "GB", "TB"}[unit])
}
