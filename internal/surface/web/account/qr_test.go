package account

import (
	"regexp"
	"strconv"
	"strings"
	"testing"

	"rsc.io/qr"
)

// What is drawn is what the encoder made, dot by dot, within a white border.
func TestQRCodeIsDrawnDotByDot(t *testing.T) {
	text := "otpauth://totp/acme:eva?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=acme"
	svg, err := drawQR(text, `a <label> "quoted"`)
	if err != nil {
		t.Fatal(err)
	}
	if s := svg; strings.Contains(s, "<label>") || strings.Contains(s, "style") || !strings.Contains(s, `role="img"`) {
		t.Error(s)
	}
	code, err := qr.Encode(text, qr.M)
	if err != nil {
		t.Fatal(err)
	}
	black := map[[2]int]bool{}
	for _, run := range regexp.MustCompile(`M(\d+) (\d+)h(\d+)v1h-(\d+)z`).FindAllStringSubmatch(svg, -1) {
		var n [4]int
		for i := range n {
			n[i], _ = strconv.Atoi(run[i+1])
		}
		if n[2] != n[3] {
			t.Fatalf("%s is not closed", run[0])
		}
		for x := range n[2] {
			black[[2]int{n[0] + x - quietZone, n[1] - quietZone}] = true
		}
	}
	count := 0
	for y := range code.Size {
		for x := range code.Size {
			if code.Black(x, y) != black[[2]int{x, y}] {
				t.Fatalf("dot %d,%d is wrong", x, y)
			}
			if code.Black(x, y) {
				count++
			}
		}
	}
	if count != len(black) {
		t.Errorf("%d dots are drawn, want %d", len(black), count)
	}
}
