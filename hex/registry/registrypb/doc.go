// Package registrypb holds the messages of a Hex repository's signed files as
// they are on the wire, generated from registry.proto. It knows no rules: package
// registry does, and is what to use.
package registrypb
