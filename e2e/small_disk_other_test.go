//go:build !linux

package e2e

import "testing"

func smallDisk(t *testing.T, _ int64) string {
	t.Helper()
	t.Skip("only Linux can mount a small disk for a test")
	return ""
}
