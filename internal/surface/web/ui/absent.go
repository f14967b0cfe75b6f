package ui

// Absent is what a page returns that is not there for who asks, or not at all: nobody can tell which.
func Absent() error { return notFound(nil, nil) }

// Proved has those prove first that it is they who have not lately, as Sure does, where a page has to find out first
// whether it is there for them.
func (u *Web) Proved(render Visited) Visited { return u.proved(render) }
