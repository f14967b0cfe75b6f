package main

import (
	"fmt"
	"strings"

	"github.com/alecthomas/kong"
)

type completionCmd struct {
	Shell string `arg:"" enum:"bash,zsh,fish,powershell" help:"bash, zsh, fish or powershell."`
}

// The scripts only ask the program; what can follow is decided in one place, below.
var completionScripts = map[string]string{
	"bash": `_hexhub() {
  local IFS=$'\n'
  COMPREPLY=($(hexhub complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _hexhub hexhub
`,
	"zsh": `#compdef hexhub
_hexhub() {
  local -a found
  found=(${(f)"$(hexhub complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)"})
  compadd -a found
}
compdef _hexhub hexhub
`,
	"fish": `complete -c hexhub -f -a '(hexhub complete -- (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'
`,
	"powershell": `Register-ArgumentCompleter -Native -CommandName hexhub -ScriptBlock {
  param($word, $ast, $position)
  $words = $ast.CommandElements | Select-Object -Skip 1 | ForEach-Object { "$_" }
  if (-not $word) { $words += '' }
  hexhub complete '--' @words 2>$null | ForEach-Object { [System.Management.Automation.CompletionResult]::new($_) }
}
`,
}

// Run prints the script.
func (c completionCmd) Run(s *session) error {
	_, err := fmt.Fprint(s.out, completionScripts[c.Shell])
	return err
}

type completeCmd struct {
	Words []string `arg:"" optional:""`
}

// Run prints what the last word may become, a line each.
func (c completeCmd) Run(s *session) error {
	words := c.Words
	if len(words) > 0 && words[0] == "--" {
		words = words[1:]
	}
	for _, w := range candidates(s.kong.Model.Node, words) {
		if _, err := fmt.Fprintln(s.out, w); err != nil {
			return err
		}
	}
	return nil
}

// candidates walks down the commands that the words name, and lists what can stand at the last word.
func candidates(node *kong.Node, words []string) []string {
	last := ""
	if len(words) > 0 {
		last = words[len(words)-1]
		for _, w := range words[:len(words)-1] {
			for _, child := range node.Children {
				if child.Name == w {
					node = child
					break
				}
			}
		}
	}
	var out []string
	add := func(word string) {
		if strings.HasPrefix(word, last) {
			out = append(out, word)
		}
	}
	if strings.HasPrefix(last, "-") {
		for n := node; n != nil; n = n.Parent {
			for _, f := range n.Flags {
				add("--" + f.Name)
			}
		}
		return out
	}
	for _, child := range node.Children {
		if !child.Hidden {
			add(child.Name)
		}
	}
	for _, p := range node.Positional {
		for _, v := range p.EnumSlice() {
			add(v)
		}
	}
	return out
}
