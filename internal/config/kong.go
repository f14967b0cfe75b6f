package config

import "github.com/alecthomas/kong"

// Flags is the kong option that gives every flag which is a setting its environment variable.
func Flags() kong.Option {
	return kong.PostBuild(func(k *kong.Kong) error {
		bindEnvironment(k.Model.Node)
		return nil
	})
}

func bindEnvironment(n *kong.Node) {
	for _, flag := range n.Flags {
		if x, ok := FindSetting(flag.Tag.Get("key")); ok {
			flag.Envs = []string{x.Env}
			flag.Tag.Envs = flag.Envs
		}
	}
	for _, child := range n.Children {
		bindEnvironment(child)
	}
}

// Load returns the configuration that the file and the environment make, without any flag, and what is
// wrong with it.
func Load(f *File) (Server, []Problem) { return parse(Flags(), kong.Resolvers(f)) }

// Default returns the configuration of a node that was told nothing.
func Default() Server {
	s, problems := parse()
	if len(problems) > 0 {
		panic("config: the defaults are wrong: " + problems[0].Error())
	}
	return s
}

func parse(options ...kong.Option) (Server, []Problem) {
	var s Server
	k, err := kong.New(&s, append(options, kong.Exit(func(int) {}))...)
	if err != nil {
		return s, []Problem{{Why: err.Error()}}
	}
	if _, err := k.Parse(nil); err != nil {
		return s, []Problem{{Why: err.Error()}}
	}
	return s, s.Check()
}
