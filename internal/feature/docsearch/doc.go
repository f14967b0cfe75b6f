// Package docsearch finds what the documentation of releases says: modules, functions, guides and their sections.
//
// It knows the search data that ExDoc and Gleam put beside their pages, reads the pages themselves where there is none,
// and which of two places somebody more probably means. It refuses to know who is looking: the caller hands it the
// repositories that may be read. Nor does it know at which address documentation is shown.
//
// # What is searched
//
// Of each package the newest versions that have documentation, [Options.Versions] of them. A search that names no
// package looks into one version of each: the highest stable one, or the highest if there is none. One that names a
// package at a version looks into that version, or the nearest before it that is searched, or the nearest of all.
//
// # How places are ranked
//
// Every word that was typed must be in the title of a place or in its text, there in any form (parse, parsing); the last
// one, from two letters on, may be the beginning of a word of the title. Words weigh by how rare they are (BM25), in a
// title six times as much as in a text. What is called exactly as was typed, such as cast/4 or Ecto.Changeset, stands
// first. Where titles alone are searched, each word may be a beginning; a single letter narrows what the others find.
//
// # No oracle
//
// There is one index a repository, and a search opens those that it was handed and no other. So what somebody may not
// read changes nothing in what he sees, neither order nor counts: how rare a word is was counted where he may look.
// Besides, each hit is compared with the rows before it is told, so that what was deleted a moment ago is not found.
//
// # How it follows the rows
//
// The indexes lie in a folder of the node and can be made again at any time from rows and blobs. One that cannot be read
// is made anew. Each documentation is put in, or taken out, in one step, together with the hash of its archive, so after
// a crash the index is one of some moment before, and what is missing is done again.
package docsearch
