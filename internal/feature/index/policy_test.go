package index_test

import (
	"bytes"
	"compress/gzip"
	"encoding/hex"
	"io"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"hexhub/hex/name"
	"hexhub/hex/registry"
	"hexhub/hex/registry/registrypb"
	"hexhub/internal/feature/index"
	"hexhub/internal/feature/policy"
	"hexhub/internal/kernel/store"
)

var policyRows = policy.Tables[0].(*store.Table[policy.Policy])

// lay puts a policy down, whatever it says.
func lay(t testing.TB, db *store.DB, p policy.Policy) {
	t.Helper()
	update(t, db, func(tx *store.Tx) { policyRows.Put(tx, p) })
}

func readPolicy(t testing.TB, x *index.Index, organization, policyName string) (index.File, registry.Policy) {
	t.Helper()
	f, ok, err := x.Policy(name.MustRepository(organization), policyName)
	if !ok || err != nil {
		t.Fatalf("Policy(%s, %s): found = %t, error = %v", organization, policyName, ok, err)
	}
	p, err := registry.ReadPolicy(signer().Public(), f.Body, organization, policyName)
	if err != nil {
		t.Fatal(err)
	}
	return f, p
}

// golden is the policy of the specification's vector, and its payload as mix's own encoder makes it.
const golden = "0a0461636d651203706f6c20012a1f0a05686578706d120a0803120201021a0237641a0a080112060a046576696c"

func goldenPolicy() policy.Policy {
	return policy.Policy{
		Organization: name.MustRepository("acme"), Name: "pol", Visibility: policy.Public, UpdatedAt: epoch,
		Repositories: []policy.Tab{{
			Repository: name.MustRepository("hexpm"), Cooldown: "7d", MinSeverity: "high", Retirements: []policy.Reason{"invalid", "security"},
			Overrides: []policy.Override{{Action: "deny", Package: name.MustPackage("evil")}},
		}},
	}
}

func TestPolicyIsTheReferencesToTheByte(t *testing.T) {
	db := open(t, store.NewMemory())
	lay(t, db, goldenPolicy())
	f, _ := readPolicy(t, newIndex(t, db, index.Options{}), "acme", "pol")
	z, err := gzip.NewReader(bytes.NewReader(f.Body))
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	var signed registrypb.Signed
	if err := proto.Unmarshal(b, &signed); err != nil {
		t.Fatal(err)
	}
	if got := hex.EncodeToString(signed.Payload); got != golden {
		t.Errorf("payload = %s, want %s", got, golden)
	}
	if !f.Public || !f.Modified.Equal(epoch) {
		t.Errorf("public = %t, modified = %s", f.Public, f.Modified)
	}
}

// A policy is made anew exactly when it has changed, and is gone when it is.
func TestPolicyIsWhatItIsNow(t *testing.T) {
	db := open(t, store.NewMemory())
	x := newIndex(t, db, index.Options{})
	if _, ok, err := x.Policy(name.MustRepository("acme"), "pol"); ok || err != nil {
		t.Fatalf("a policy that is not there: found = %t, error = %v", ok, err)
	}
	p := goldenPolicy()
	p.Repositories = append(p.Repositories, policy.Tab{Repository: p.Organization, Cooldown: "1d"})
	lay(t, db, p)
	first, shown := readPolicy(t, x, "acme", "pol")
	if len(shown.Repositories) != 1 || shown.Repositories[0].Repository != "hexpm" {
		t.Errorf("a public policy tells %+v", shown.Repositories)
	}
	if again, _ := readPolicy(t, x, "acme", "pol"); &again.Body[0] != &first.Body[0] {
		t.Error("an unchanged policy was signed again")
	}
	p.Visibility, p.UpdatedAt = policy.Private, epoch.Add(time.Second)
	lay(t, db, p)
	second, shown := readPolicy(t, x, "acme", "pol")
	if second.Public || len(shown.Repositories) != 2 || second.ETag == first.ETag {
		t.Errorf("after it became private: public = %t, %+v, tag %s after %s", second.Public, shown.Repositories, second.ETag, first.ETag)
	}
	update(t, db, func(tx *store.Tx) { policyRows.Delete(tx, policyRows.Key(p)) })
	if _, ok, err := x.Policy(p.Organization, p.Name); ok || err != nil {
		t.Errorf("a policy that was deleted: found = %t, error = %v", ok, err)
	}
}

// M8: whatever an organization writes into a policy, its file passes for no other kind of file, and for no
// other policy.
func TestM8PoliciesPassForNothingElse(t *testing.T) {
	db := open(t, store.NewMemory())
	x := newIndex(t, db, index.Options{})
	for _, description := range []string{"", "hexhub", "\n\x04evil", "\x0a\x7c\x0a\x05" + "1.0.0", "decimal"} {
		for _, visibility := range []policy.Visibility{policy.Public, policy.Private} {
			p := goldenPolicy()
			p.Organization, p.Name, p.Description, p.Visibility = name.MustRepository("decimal"), "decimal", description, visibility
			lay(t, db, p)
			f, _, err := x.Policy(p.Organization, p.Name)
			if err != nil {
				t.Fatal(err)
			}
			key := signer().Public()
			for _, text := range []string{"decimal", "hexhub", "hexpm", description} {
				if _, err := registry.ReadPackage(key, f.Body, text, text); err == nil {
					t.Errorf("M8 the policy with description %q reads as package %s", description, text)
				}
				if _, err := registry.ReadNames(key, f.Body, text); err == nil {
					t.Errorf("M8 the policy with description %q reads as names of %s", description, text)
				}
				if _, err := registry.ReadVersions(key, f.Body, text); err == nil {
					t.Errorf("M8 the policy with description %q reads as versions of %s", description, text)
				}
				if _, err := registry.ReadPolicy(key, f.Body, text, "other"); err == nil {
					t.Errorf("M8 the policy reads as policy other of %s", text)
				}
			}
		}
	}
}

// What a newer binary wrote, and this one does not understand, blocks.
func TestUnknownRulesBlock(t *testing.T) {
	db := open(t, store.NewMemory())
	p := goldenPolicy()
	p.Repositories[0].MinSeverity, p.Repositories[0].Overrides[0].Action = "apocalyptic", "defer"
	lay(t, db, p)
	_, got := readPolicy(t, newIndex(t, db, index.Options{}), "acme", "pol")
	if r := got.Repositories[0]; r.Restriction.MinSeverity != registry.SeverityNone || r.Overrides[0].Action != registry.ActionDeny {
		t.Errorf("rules = %+v", r)
	}
}
