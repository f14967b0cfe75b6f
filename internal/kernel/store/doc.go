// Package store keeps typed rows in memory on every node, fed by one replicated log.
//
// It knows tables, indices, moments in time and transactions; it does not know what any row means,
// and nothing outside it (and its log) knows etcd. Three things are worth remembering:
//
//   - A [Table] is declared once, where its feature lives, with its key and its indices. Hot tables
//     are held decoded in RAM; [Cold] tables are read from the log by key or prefix.
//   - A [View] is a moment: every read through it sees the same revision, takes no lock, and is
//     remembered, so that the View can tell when what it saw is no longer so ([View.Stale],
//     [View.Wait]). Whatever is derived from a View may be kept for as long as it is not stale.
//   - [DB.Update] runs a function on a moment and commits what it wrote only if everything it read
//     is still so; else it runs the function again. It returns when this node's tables show the write.
//
// Rows are JSON; fields that this binary does not know survive a rewrite, because an older and a
// newer one may share a cluster. DESIGN.md beside this file argues why the parts are correct.
package store
