package node

// ballast is never touched, so it takes addresses and no memory.
var ballast []byte

// Unhurried has the process collect its garbage no more often than every 64 MiB. A registry of a few packages lives in as
// many megabytes, and would do so dozens of times a second while it answers thousands of requests; a large one
// does not notice. It is for programs, as they start.
func Unhurried() {
	if ballast == nil {
		ballast = make([]byte, 64<<20)
	}
}
