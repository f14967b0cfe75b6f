// Package backup copies a running server elsewhere, and brings it back as it was at any moment.
//
// It knows records, revisions and blobs; it does not know what a row means. Node tells it which blobs a row
// names, and which tables are not to come back. A backup is a set of named objects in a [Target]:
//
//   - a snapshot holds every record at one revision, read through the log's own pages, so that it can be
//     restored into any log;
//   - segments hold every commit after it, with the time at which each was seen, sealed every few seconds
//     while there are any. Each names the hash of the one before;
//   - blobs are copied once, under a name made from their hash, before the rows that name them;
//   - the head names the newest segment and all snapshots with their hashes, so that what is missing shows.
//
// With a key everything is encrypted and authenticated under its own name: an object that was altered, cut
// short, swapped with another or brought from elsewhere is refused. Without one, hashes find what is damaged,
// but not what somebody forged with care. DESIGN.md beside this file argues why restoring is right.
package backup
