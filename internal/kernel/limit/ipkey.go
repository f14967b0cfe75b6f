package limit

import "net/netip"

// IPKey returns the key under which a client address is counted: an IPv4 address as it is, also when
// it comes mapped into IPv6, and an IPv6 address by its /64, because a subscriber owns at
// least that many and could use a new one for every request. Zones do not matter.
func IPKey(a netip.Addr) string {
	a = a.Unmap().WithZone("")
	buf := append(make([]byte, 0, 64), "ip:"...)
	if !a.Is6() {
		return string(a.AppendTo(buf))
	}
	p, _ := a.Prefix(64) // cannot fail: 64 bits fit any IPv6 address
	return string(p.AppendTo(buf))
}
