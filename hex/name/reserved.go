package name

import (
	"strings"
)

// reservedPackages is hex.pm's list: applications of Elixir and Erlang/OTP,
// tools and modules that a package would shadow, file names that Windows
// keeps for devices, and words that hosts and pages use.
var reservedPackages = set(`
	eex elixir elixirc ex_unit iex logger mix

	otp asn1 common_test compiler crypto debugger dialyzer diameter edoc eldap
	erl_docgen erl_interface erts et eunit ftp hipe inets jinterface kernel
	megaco mnesia observer odbc os_mon parsetools public_key reltool
	runtime_tools sasl snmp ssh ssl stdlib syntax_tools toolbar tools typer wx
	xmerl

	tftp httpc httpd

	erlang to_erl run_erl escript erlc erl epmd ct_run rebar rebar3 hex hexpm
	mix_hex

	net http net_http gen_http

	nul con prn aux com1 com2 com3 com4 com5 com6 com7 com8 com9
	lpt1 lpt2 lpt3 lpt4 lpt5 lpt6 lpt7 lpt8 lpt9

	package organization www myapp lock locked all assets

	api docs preview search staging stats static
`)

// reservedUsers is hex.pm's list.
var reservedUsers = set(`me hex hexpm elixir erlang otp`)

// reservedPaths are segments of our own paths that must never be mistaken for
// an organization. Users are kept off them too, since every organization has
// an account of its name.
var reservedPaths = set(`hexpm repos packages tarballs api docs names versions policies installs repositories`)

func set(names string) map[string]bool {
	s := make(map[string]bool)
	for n := range strings.FieldsSeq(names) {
		s[n] = true
	}
	return s
}

// ReservedPackage reports whether nobody may publish a new package p.
func ReservedPackage(p Package) bool { return reservedPackages[p.s] }

// ReservedOrganization reports whether nobody may found an organization r.
// The name of the default repository, which an operator sets, is free of this.
func ReservedOrganization(r Repository) bool {
	return reservedPackages[r.s] || reservedPaths[r.s]
}

// ReservedUser reports whether nobody may sign up as u.
func ReservedUser(u User) bool { return reservedUsers[u.s] || reservedPaths[u.s] }
