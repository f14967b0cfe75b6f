package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"hexhub/internal/config"
	"hexhub/internal/term"
)

type configCmd struct {
	Init    configInitCmd    `cmd:"" help:"Write a configuration file in which everything is commented out."`
	Check   configCheckCmd   `cmd:"" help:"Find mistakes in the configuration."`
	Print   configPrintCmd   `cmd:"" help:"Print the values in force."`
	Explain configExplainCmd `cmd:"" help:"Explain one setting."`
	Manual  configManualCmd  `cmd:"" help:"Print the manual of all settings."`
}

type configInitCmd struct {
	File string `arg:"" optional:"" default:"hexhub.toml" help:"Where to write it."`
}

// Run writes the template, and never over a file that exists.
func (c configInitCmd) Run(s *session) error {
	f, err := os.OpenFile(c.File, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return &failure{what: "write " + c.File, why: "it exists already", fix: []string{"hexhub config init another.toml"}, code: exitConflict}
	}
	if err != nil {
		return &failure{what: "write " + c.File, why: err.Error()}
	}
	if err := errors.Join(config.WriteTemplate(f), f.Close()); err != nil {
		return &failure{what: "write " + c.File, why: err.Error()}
	}
	if s.JSON {
		return s.json(map[string]any{"file": c.File})
	}
	_, err = fmt.Fprintln(s.out, "Wrote "+c.File)
	return err
}

type configCheckCmd struct {
	File string `arg:"" optional:"" help:"File to check. Default: the one in force."`
}

// Run lists every mistake, and fails if there is one.
func (c configCheckCmd) Run(s *session) error {
	named := c.File
	if named == "" {
		named = s.ConfigFile
	}
	path, err := config.Find(named)
	if err != nil {
		return &failure{why: err.Error(), code: exitNotFound}
	}
	file, problems := config.Read(path)
	if len(problems) == 0 {
		_, problems = config.Load(file)
	}
	if s.JSON {
		lines := []string{}
		for _, p := range problems {
			lines = append(lines, p.Error())
		}
		if err := s.json(map[string]any{"file": path, "problems": lines}); err != nil {
			return err
		}
	} else {
		for _, p := range problems {
			fmt.Fprintln(s.out, p.Error())
		}
		fmt.Fprintln(s.out, summary(path, len(problems)))
	}
	if len(problems) > 0 {
		return &failure{code: exitProblems}
	}
	return nil
}

func summary(path string, problems int) string {
	if path == "" {
		path = "no configuration file (looked at ./" + strings.Join(config.Files, ", ") + ")"
	}
	switch problems {
	case 0:
		return path + ": ok"
	case 1:
		return "1 problem"
	default:
		return fmt.Sprintf("%d problems", problems)
	}
}

type configPrintCmd struct {
	Sources     bool `help:"Show where each value comes from."`
	OnlyChanged bool `help:"Leave out defaults."`
}

// Run prints every setting.
func (c configPrintCmd) Run(s *session) error {
	values, problems := config.Load(s.file)
	if len(problems) > 0 {
		return &failure{what: "read the configuration", why: problems[0].Error(), fix: []string{"hexhub config check"}, code: exitUsage}
	}
	rows, fields := [][]string{{"SETTING", "VALUE", "FROM"}}, map[string]any{}
	for _, x := range config.Settings() {
		source := s.file.Source(x)
		if c.OnlyChanged && source == "default" {
			continue
		}
		row := []string{x.Key, x.Value(values), source}
		if !c.Sources {
			row = row[:2]
		}
		rows = append(rows, row)
		fields[x.Key] = map[string]any{"value": x.Value(values), "source": source}
	}
	if s.JSON {
		return s.json(map[string]any{"settings": fields})
	}
	if !c.Sources {
		rows[0] = rows[0][:2]
	}
	s.paint.Table(rows)
	return nil
}

type configExplainCmd struct {
	Key string `arg:"" help:"Name of the setting, such as repository.name."`
}

// Run tells all there is to know of a setting.
func (c configExplainCmd) Run(s *session) error {
	x, ok := config.FindSetting(c.Key)
	if !ok {
		return &failure{why: fmt.Sprintf("no setting is called %q", c.Key), fix: []string{"hexhub config print"}, code: exitNotFound}
	}
	values, _ := config.Load(s.file)
	if s.JSON {
		return s.json(map[string]any{
			"key": x.Key, "help": x.Help, "value": x.Value(values), "source": s.file.Source(x), "default": x.Default,
			"flag": "--" + x.Flag, "env": x.Env,
		})
	}
	_, err := fmt.Fprintf(s.out, "%s   %s\n  now      %q   from %s\n  default  %q\n  set by   --%s VALUE · %s=VALUE · %s = … in hexhub.toml\n",
		s.paint.In(term.Bold, x.Key), x.Help, x.Value(values), s.file.Source(x), x.Default, x.Flag, x.Env, x.Key)
	return err
}

type configManualCmd struct{}

// Run prints the manual.
func (configManualCmd) Run(s *session) error {
	if !s.JSON {
		return config.WriteManual(s.out)
	}
	all := []map[string]string{}
	for _, x := range config.Settings() {
		all = append(all, map[string]string{"key": x.Key, "help": x.Help, "default": x.Default, "kind": x.Kind, "flag": "--" + x.Flag, "env": x.Env})
	}
	return s.json(map[string]any{"settings": all})
}
