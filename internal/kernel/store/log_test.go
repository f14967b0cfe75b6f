package store_test

import (
	"testing"

	"hexhub/internal/kernel/store"
	"hexhub/internal/kernel/store/storetest"
)

func openMemory(testing.TB) store.Log { return store.NewMemory() }

func TestMemoryLogKeepsTheLaws(t *testing.T) { storetest.TestLog(t, openMemory) }

func TestDBOverMemoryKeepsTheLaws(t *testing.T) { storetest.TestDB(t, openMemory) }
