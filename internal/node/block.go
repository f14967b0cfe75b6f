package node

import (
	"fmt"
	"net/netip"
	"strings"
	"sync/atomic"

	"hexhub/internal/kernel/store"
)

// parseNetworks reads a list of networks and addresses, separated by commas; it may be empty. With an error
// it returns what stands before the mistake.
func parseNetworks(text string) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for part := range strings.SplitSeq(text, ",") {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		p, err := parseNetwork(part)
		switch {
		case err != nil:
			return out, fmt.Errorf("%q is not a network; write it like 203.0.113.0/24 or 203.0.113.7", part)
		case p.Bits() == 0:
			return out, fmt.Errorf("%q is everybody; write a smaller network", part)
		}
		out = append(out, p)
	}
	return out, nil
}

// parseNetwork reads a network or an address. An IPv4 network that is written as one of IPv6 is itself.
func parseNetwork(text string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(text); err == nil {
		a = a.Unmap().WithZone("")
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(text)
	if err == nil && p.Addr().Is4In6() && p.Bits() >= 96 {
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return p.Masked(), err
}

// blocklist is the setting of blocked addresses as it is now.
type blocklist struct {
	n    *Node
	last atomic.Pointer[blocked]
}

type blocked struct {
	view     *store.View // closed; stale once the setting changes
	networks []netip.Prefix
}

// Holds reports whether the address is blocked. This machine never is, so that its operator cannot lock
// himself out.
func (b *blocklist) Holds(ip netip.Addr) bool {
	now := b.last.Load()
	if now == nil || now.view.Stale() {
		v := b.n.DB.View()
		text, _ := b.n.Settings.Value(v, blockSetting)
		v.Close()
		networks, err := parseNetworks(text)
		if err != nil { // another binary took it
			b.n.log.Error("the list of blocked addresses cannot be read; blocking what it has before the mistake", "err", err)
		}
		now = &blocked{v, networks}
		b.last.Store(now)
	}
	if len(now.networks) == 0 || ip.IsLoopback() {
		return false
	}
	ip = ip.Unmap().WithZone("")
	for _, p := range now.networks {
		if p.Contains(ip) {
			return true
		}
	}
	return false
}
