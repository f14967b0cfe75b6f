// Package catalog keeps packages and their releases: it decides what may be published, replaced,
// reverted and retired, and by whom a package is owned.
//
// It knows the rules of Hex for names, metadata, windows and owners. It refuses to know how a tarball
// arrives or is stored (the caller puts the blob before it publishes, and the row names it by its
// hash), what clients are shown, how often anything was downloaded, and how the signed registry looks.
//
// Every deed is one exported method and one transaction, which reads the actor's rights, changes rows
// and records itself in the audit log, or does nothing at all.
package catalog
