package etcdlog

import (
	"errors"
	"testing"
	"time"

	"hexhub/internal/kernel/store"
)

// C6: A value is read under the key that it was written under, or not at all.
func TestDamagedRowsAreNotRead(t *testing.T) {
	t.Parallel()
	log := openDir(t, t.TempDir())
	at := time.UnixMicro(1_764_403_200_000_001).UTC()
	good, bit := stored("package/a", []byte("{}"), at), stored("bit", []byte("{}"), at)
	for key, stored := range map[string]string{
		"bit": bit[:1] + "|" + bit[2:], "time": bit[:3] + "\x01" + bit[4:],
		"moved": good, "short": "{}", "none": "", "ends": good[len(good)-sumSize:],
	} {
		if _, err := log.client.Put(t.Context(), key, stored); err != nil {
			t.Fatal(err)
		}
		if _, err := log.Range(t.Context(), key, key+"\x00", 0, 1); !errors.Is(err, store.ErrDamaged) {
			t.Errorf("reading %s: %v, want ErrDamaged", key, err)
		}
	}
	err := log.Watch(t.Context(), 1, func([]store.Change, store.Revision) error { return nil })
	if !errors.Is(err, store.ErrDamaged) {
		t.Errorf("watching: %v, want ErrDamaged", err)
	}
	if r, err := record([]byte("package/a"), []byte(good), 7); err != nil || string(r.Value) != "{}" || r.Revision != 7 || !r.At.Equal(at) {
		t.Errorf("record = %+v, %v", r, err)
	}
}
