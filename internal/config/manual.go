package config

import (
	"fmt"
	"io"
	"strings"
)

// WriteManual writes every setting with its three names, its default and its sentence, as Markdown.
func WriteManual(w io.Writer) error {
	var b strings.Builder
	b.WriteString("# Settings\n\nA flag beats the environment, which beats `hexhub.toml`, which beats the default.\n")
	for _, x := range Settings() {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n- flag `--%s`\n- environment `%s`\n- file `%s = %s`\n", x.Key, x.Help, x.Flag, x.Env, x.Key, x.example())
		if x.Default != "" {
			fmt.Fprintf(&b, "- default `%s`\n", x.Default)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// WriteTemplate writes a configuration file in which every setting is present and commented out.
func WriteTemplate(w io.Writer) error {
	var b strings.Builder
	b.WriteString("# HexHub configuration. Every line shows a default; remove the # to change it.\n# hexhub config explain KEY tells more, hexhub config check finds mistakes.\n")
	for _, x := range Settings() {
		fmt.Fprintf(&b, "\n# %s\n#%s = %s\n", x.Help, x.Key, x.example())
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// example is the setting's default as TOML.
func (x Setting) example() string {
	switch x.Kind {
	case "number":
		return x.Default
	case "list":
		return "[]"
	default:
		return fmt.Sprintf("%q", x.Default)
	}
}
