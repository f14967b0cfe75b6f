package cluster

import (
	"net"
	"testing"
	"testing/synctest"
	"time"
)

// What is passed on lives as long as one end says something now and then, and no longer.
func TestSpliceEndsWithSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		etcd, inside := net.Pipe()
		peer, outside := net.Pipe()
		ended := make(chan struct{})
		go func() {
			splice(inside, outside, time.Minute)
			close(ended)
		}()
		for range 5 {
			time.Sleep(50 * time.Second)
			go func() { _, _ = etcd.Write([]byte("x")) }()
			if _, err := peer.Read(make([]byte, 1)); err != nil {
				t.Fatal(err)
			}
		}
		last := time.Now()
		<-ended
		if quiet := time.Since(last); quiet != time.Minute {
			t.Errorf("it ended after %s of silence", quiet)
		}
		for _, c := range []net.Conn{etcd, peer} {
			if _, err := c.Read(make([]byte, 1)); err == nil {
				t.Error("an end is open")
			}
		}
	})
}
