package doctor

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"hexhub/hex/registry"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/index"
	"hexhub/internal/feature/org"
	"hexhub/internal/feature/policy"
	"hexhub/internal/kernel/blob"
	"hexhub/internal/kernel/store"
)

var (
	errNoKey    = errors.New("there is no signing key yet")
	errNoSecret = errors.New("no secret key to open it with")
)

// openSigner reads the signing key anew, so that a secret key that was swapped under a running node is
// noticed before its next start.
func (x *examination) openSigner() (*registry.Signer, error) {
	sealer, err := x.sealer()
	if err != nil {
		return nil, errNoSecret
	}
	signer, made, err := index.ReadKey(x.DB.View(), sealer)
	if err == nil && !made {
		err = errNoKey
	}
	return signer, err
}

func checkSigningKey(_ context.Context, x *examination) Finding {
	if x.DB == nil || x.Dir == "" {
		return skip(noStore)
	}
	signer, err := x.signer()
	switch {
	case errors.Is(err, errNoSecret):
		return skip(err.Error())
	case errors.Is(err, errNoKey):
		return warn(err.Error(), "hexhub serve")
	case err != nil:
		return fail(words(err), "put secret.key back from a copy of this data directory")
	}
	found := signer.Public().Fingerprint()
	if x.Fingerprint != "" && x.Fingerprint != found {
		return fail("the server signs with "+x.Fingerprint+", but its data holds "+found, "restart the server")
	}
	return ok(found)
}

// sample is how many packages' files are made and verified, unless all are asked for.
const sample = 2000

func checkIndex(ctx context.Context, x *examination) Finding {
	if x.DB == nil || x.Dir == "" {
		return skip(noStore)
	}
	signer, err := x.signer()
	if err != nil {
		return skip("no signing key to make them with")
	}
	// An index of our own: the node's would forget what clients ask for in favour of what we look at.
	idx, err := index.New(x.DB, signer, index.Options{CacheBytes: 1})
	if err != nil {
		return fail(err.Error(), "hexhub doctor signing-key")
	}
	a := &verifier{index: idx, db: x.DB, key: signer.Public()}
	ctx, cancel := x.patience(ctx)
	defer cancel()
	return a.run(ctx, x.Deep)
}

// A verifier makes and verifies files.
type verifier struct {
	index *index.Index
	db    *store.DB
	key   *registry.PublicKey

	made atomic.Int64 // package files that were good
	bad  badList
}

func (a *verifier) run(ctx context.Context, deep bool) Finding {
	v := a.db.View()
	var refs []catalog.Ref
	for r := range org.Repositories.All(v) {
		a.lists(r)
		a.policies(v, r)
		for p := range catalog.In(v, r.Name) {
			refs = append(refs, p.Ref())
		}
	}
	total := len(refs)
	if total > sample && !deep {
		rand.Shuffle(total, func(i, j int) { refs[i], refs[j] = refs[j], refs[i] })
		refs = refs[:sample]
	}
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for _, ref := range refs {
		if ctx.Err() != nil {
			break
		}
		g.Go(func() error {
			if err := a.pkg(ref); err != nil {
				a.bad.add(ref.String(), err)
			} else {
				a.made.Add(1)
			}
			return nil
		})
	}
	_ = g.Wait() // none returns an error
	return a.finding(total)
}

func (a *verifier) finding(total int) Finding {
	if n, names, err := a.bad.told(); n > 0 {
		return fail(fmt.Sprintf("%s cannot be made or verified (%s): %v", plural(n, "file"), names, err), "report this with the output of hexhub doctor --json")
	}
	if made := int(a.made.Load()); made < total {
		return ok(fmt.Sprintf("a sample of %s of %s verifies; --deep looks at all", number(made), plural(total, "package")))
	}
	return ok(fmt.Sprintf("those of %s verify", plural(total, "package")))
}

// lists makes and verifies the two lists of a repository.
func (a *verifier) lists(r org.Repository) {
	name := r.Name.String()
	names, err := a.index.Names(r.Name, 0)
	if err == nil {
		_, err = registry.ReadNames(a.key, names.Body, name)
	}
	if err != nil {
		a.bad.add(name+"/names", err)
	}
	versions, err := a.index.Versions(r.Name, 0)
	if err == nil {
		_, err = registry.ReadVersions(a.key, versions.Body, name)
	}
	if err != nil {
		a.bad.add(name+"/versions", err)
	}
}

// policies makes and verifies the policies of a repository's organization.
func (a *verifier) policies(v *store.View, r org.Repository) {
	for _, p := range policy.Of(v, r.Org) {
		f, there, err := a.index.Policy(p.Organization, p.Name)
		if err == nil && there {
			_, err = registry.ReadPolicy(a.key, f.Body, p.Organization.String(), p.Name)
		}
		if err != nil {
			a.bad.add(r.Name.String()+"/policies/"+p.Name, err)
		}
	}
}

func (a *verifier) pkg(ref catalog.Ref) error {
	f, there, err := a.index.Package(ref)
	if err != nil {
		return err
	}
	if !there {
		if _, listed := catalog.Get(a.db.View(), ref); !listed {
			return nil // reverted since the list was read
		}
		return errors.New("it has no release")
	}
	_, err = registry.ReadPackage(a.key, f.Body, ref.Repository.String(), ref.Name.String())
	return err
}

func checkBucket(ctx context.Context, x *examination) Finding {
	if x.Bucket == nil {
		return skip("tarballs lie on the disks of the nodes")
	}
	if err := x.Bucket.Probe(ctx); err != nil {
		return fail(words(err), "hexhub config print --sources, and look at the settings blob.s3.*")
	}
	return ok("a small object was written, read back and removed")
}

func checkBlobs(ctx context.Context, x *examination) Finding {
	switch {
	case x.BlobsErr != nil:
		return fail(words(x.BlobsErr), "give the folder blobs in "+x.Dir+" to the account that runs the server")
	case x.DB == nil || x.Blobs == nil:
		return skip(noStore)
	}
	ctx, cancel := x.patience(ctx)
	defer cancel()
	v := x.DB.View()
	var bad badList
	seen, total := 0, 0
	for r := range org.Repositories.All(v) {
		for release := range catalog.ReleasesIn(v, r.Name) {
			for _, file := range filesOf(release) {
				total++
				if ctx.Err() != nil {
					continue // only count the rest
				}
				seen++
				if err := x.file(ctx, file); err != nil && ctx.Err() == nil {
					bad.add(file.name, err)
				}
			}
		}
	}
	if n, names, err := bad.told(); n > 0 {
		return fail(fmt.Sprintf("%s of %s missing or damaged (%s): %v", number(n), plural(total, "tarball"), names, err),
			"put the folder blobs back from a copy of the data directory, or publish these again")
	}
	if seen < total {
		return ok(fmt.Sprintf("the first %s of %s are there; --deep reads all", number(seen), plural(total, "tarball")))
	}
	return ok(plural(total, "tarball"))
}

// A file is what a release keeps as a blob.
type file struct {
	name string
	hash blob.Hash
	size int64
}

func filesOf(r catalog.Release) []file {
	base := fmt.Sprintf("%s-%s.tar", r.Package, r.Version)
	files := []file{{base, blob.Hash(r.Outer), r.Size}}
	if r.HasDocs() {
		files = append(files, file{"docs of " + base, blob.Hash(r.Docs.Hash), r.Docs.Size})
	}
	return files
}

func (x *examination) file(ctx context.Context, f file) error {
	if x.Deep {
		return x.Blobs.Check(ctx, f.hash)
	}
	info, err := x.Blobs.Stat(ctx, f.hash)
	if err == nil && info.Size != f.size {
		err = fmt.Errorf("it has %d bytes, not %d", info.Size, f.size)
	}
	return err
}

// A badList counts what is wrong and remembers the first few. It is safe for concurrent use.
type badList struct {
	mu    sync.Mutex // guards all below
	n     int
	first []string
	err   error
}

func (l *badList) add(name string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.n++; l.n <= 3 {
		l.first = append(l.first, name)
	}
	if l.err == nil {
		l.err = err
	}
}

// told returns how many there are, the names of some, and the first error.
func (l *badList) told() (n int, names string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	names = strings.Join(l.first, ", ")
	if l.n > len(l.first) {
		names += ", …"
	}
	return l.n, names, l.err
}

func plural(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return number(n) + " " + noun
}

// number writes n with commas between thousands.
func number(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
