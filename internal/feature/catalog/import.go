package catalog

import "hexhub/internal/kernel/store"

// ImportTx writes a package with releases of it as they are, in the place of what has the same names. It
// is for what was admitted elsewhere or is made up for a measurement: nobody's right is asked, no rule is
// applied, and the audit log hears nothing of it. The package's summary is made here.
//
// It takes two rows for each release and three for the package: a package with many releases is imported
// in several transactions.
func ImportTx(tx *store.Tx, p Package, rs []Release, metas []ReleaseMeta) {
	for _, r := range rs {
		releases.Put(tx, r)
	}
	for _, m := range metas {
		releaseMeta.Put(tx, m)
	}
	p.Summary, _ = summarize(tx, p.Ref())
	packages.Put(tx, p)
}
