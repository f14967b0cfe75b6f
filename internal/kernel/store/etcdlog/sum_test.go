package etcdlog

import (
	"errors"
	"testing"

	"hexhub/internal/kernel/store"
)

// C6: A value is read under the key that it was written under, or not at all.
func TestDamagedRowsAreNotRead(t *testing.T) {
	t.Parallel()
	log := openDir(t, t.TempDir())
	good := withSum("package/a", []byte("{}"))
	for key, stored := range map[string]string{
		"bit":   withSum("bit", []byte("{}"))[:1] + "|" + withSum("bit", []byte("{}"))[2:],
		"moved": good, "short": "{}", "none": "",
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
	if r, err := record([]byte("package/a"), []byte(good), 7); err != nil || string(r.Value) != "{}" || r.Revision != 7 {
		t.Errorf("record = %+v, %v", r, err)
	}
}
