//go:build !race

package node_test

// raced says that the race detector looks on, under which everything takes several times as long.
const raced = false
