package store_test

import (
	"testing"

	"hexhub/internal/kernel/store"
	"hexhub/internal/kernel/store/storetest"
)

func TestMemoryLogKeepsTheLaws(t *testing.T) {
	storetest.TestLog(t, func(testing.TB) store.Log { return store.NewMemory() })
}
