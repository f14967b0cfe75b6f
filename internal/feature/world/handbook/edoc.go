package handbook

// edoc writes what rebar3 edoc would: pages without scripts, the first of which is a set of frames.
func (b *book) edoc() error {
	for path, shape := range map[string]string{"index.html": "edoc-frames.html", "modules-frame.html": "edoc-modules.html", "overview-summary.html": "edoc-overview.html"} {
		if err := b.render(path, shape, b.Extras[0]); err != nil {
			return err
		}
	}
	for _, p := range b.Modules {
		if err := b.render(p.ID+".html", "edoc-module.html", p); err != nil {
			return err
		}
	}
	return b.copy("stylesheet.css", "edoc/stylesheet.css")
}
