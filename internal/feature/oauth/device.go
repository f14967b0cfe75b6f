package oauth

import (
	"context"
	"net/netip"
	"time"

	"hexhub/internal/feature/access"
)

// A DeviceStart is what a program says that wants to act for a user who sits elsewhere.
type DeviceStart struct {
	ClientID  string
	Scope     string // separated by spaces
	Name      string // for people to recognise the program by, such as a host name
	IP        netip.Addr
	UserAgent string
}

// DeviceCodes are what the program is given: one code to ask for its tokens with, one for the user to type.
type DeviceCodes struct {
	DeviceCode string
	UserCode   string // shown as XXXX-XXXX
	ExpiresIn  time.Duration
	Interval   time.Duration // between polls
}

// A DeviceRequest is what a user is shown who is asked to let a program act for him. Its name is a
// stranger's text.
type DeviceRequest struct {
	Client      Client
	Scopes      []string // asked for; the user may leave some out
	Name        string
	IP          string // whence the program asked
	UserAgent   string
	RequestedAt time.Time
	ExpiresAt   time.Time
}

// StartDevice begins the device flow.
func (s *OAuth) StartDevice(ctx context.Context, d DeviceStart) (DeviceCodes, error) {
	return DeviceCodes{}, errServer
}

// Request finds what a user typed, however he wrote it. Who guesses too often is Limited, the user and the
// address each; what is not there, was answered or has expired is NotFound.
func (s *OAuth) Request(ctx context.Context, userCode, userID string, ip netip.Addr) (DeviceRequest, error) {
	return DeviceRequest{}, errServer
}

// Approve lets the program act for the actor, in those of the scopes it asked for that are given. It takes
// a browser's session in sudo mode (else Forbidden with the code "sudo_required"), and for scopes that
// write a second factor if the rules require one.
func (s *OAuth) Approve(ctx context.Context, a access.Actor, userCode string, scopes []string) error {
	return errServer
}

// Deny refuses the program.
func (s *OAuth) Deny(ctx context.Context, a access.Actor, userCode string) error { return errServer }
