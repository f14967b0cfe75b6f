package lockfile

// parseMix reads a map of tuples: "plug": {:hex, :plug, "1.2.3", "checksum", [:mix], […], "hexpm", "checksum"}.
func parseMix(text []byte) ([]Pin, error) {
	var p pins
	err := each(text, func(e entry) {
		pkg, ok := e.atoms("hex")
		s := e.strings()
		if e.open != '{' || !ok || len(s) == 0 {
			return
		}
		repository := ""
		if len(s) > 2 {
			repository = s[2] // after the checksum; locks of old versions of mix have none
		}
		p.add(repository, pkg, s[0])
	})
	return p.all, err
}

// atoms returns the atom that follows the given one, when the entry begins with the two.
func (e entry) atoms(first string) (string, bool) {
	t := e.tokens
	if len(t) < 6 || t[0].kind != ':' || t[1].text != first || t[2].kind != ',' || t[3].kind != ':' {
		return "", false
	}
	return t[4].text, t[4].kind != ','
}

// parseRebar reads tuples: {<<"plug">>,{pkg,<<"plug">>,<<"1.2.3">>},0}.
func parseRebar(text []byte) ([]Pin, error) {
	var p pins
	err := each(text, func(e entry) {
		if s := e.strings(); e.open == '{' && len(e.tokens) > 0 && e.tokens[0] == (token{'a', "pkg"}) && len(s) > 1 {
			p.add("", s[0], s[1])
		}
	})
	return p.all, err
}

// parseGleam reads inline tables: { name = "wisp", version = "1.2.3", …, source = "hex", … }.
func parseGleam(text []byte) ([]Pin, error) {
	var p pins
	err := each(text, func(e entry) {
		if e.open == '{' && e.field("source") == "hex" {
			p.add("", e.field("name"), e.field("version"))
		}
	})
	return p.all, err
}

// field is the string that the entry gives a key.
func (e entry) field(key string) string {
	for i := 0; i+2 < len(e.tokens); i++ {
		if t := e.tokens[i : i+3]; t[0] == (token{'a', key}) && t[1].kind == '=' && t[2].kind == '"' {
			return t[2].text
		}
	}
	return ""
}
