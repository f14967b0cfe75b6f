package packages

import (
	"fmt"

	"hexhub/hex/version"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/surface/web/ui"
)

// lost says of a package that is not here whether it once was. Who may not read the repository cannot tell one that was
// taken back from one that never was.
func (s *subject) lost(ref catalog.Ref) error {
	if !s.sight.Reads(ref.Repository) {
		return errAbsent
	}
	at, gone := catalog.TakenBack(s.view, ref, version.Version{})
	if !gone {
		return errAbsent
	}
	return ui.Gone(fmt.Sprintf("%s was taken back on %s, with its last version. "+
		"The name stays with those who had published it: nobody else can publish under it.", ref.Name, ui.Date(at)))
}

// lostVersion says of a version of a package that is here whether it once was.
func (s *subject) lostVersion(ref catalog.Ref, ver version.Version) error {
	at, gone := catalog.TakenBack(s.view, ref, ver)
	if !gone {
		return errAbsent
	}
	return ui.Gone(fmt.Sprintf("Version %s of %s was taken back on %s, soon after it had been published. Use another: this one can be fetched no more.",
		ver, ref.Name, ui.Date(at)), ui.Step{Path: s.Base() + "/versions", Words: "Versions that there are"})
}
