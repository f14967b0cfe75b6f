// Package erlterm reads and writes Erlang terms, in the safe subset that Hex clients speak: the
// external term format of API bodies (Decode, Encode) and the consult text of a package's
// metadata.config (Consult, Format).
//
// Everything read is a stranger's. Work, memory and stack are bounded by the size of the input and
// by fixed limits on depth and count; no length is believed before it is checked; no atom is ever
// interned; and terms that could run, or that two readers could understand differently, are refused
// rather than guessed at. The package knows the two notations and nothing else: no HTTP, no status
// code, and no field of the metadata.
package erlterm
