// Package cluster makes several nodes one server: who they are, how one more joins them, whom they believe,
// and how they speak to each other.
//
// It knows identities, keys and certificates, the one port on which nodes meet, invitations and members; it
// does not know what the log holds or what nodes say to each other beyond that. DESIGN.md beside this file
// argues why a stranger gets nowhere.
package cluster
