//go:build !linux

package etcdlog

import "testing"

func smallDisk(t *testing.T, _ int64) string {
	t.Skip("small disks are made on Linux only")
	return ""
}
