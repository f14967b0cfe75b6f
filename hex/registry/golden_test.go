package registry

import (
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"

	"hexhub/hex/registry/registrypb"
)

// The payloads that mix Hex's own encoder makes of these values.
func TestPayloadsAreHexs(t *testing.T) {
	zeros := strings.Repeat("00", 31)
	tests := []struct {
		name string
		got  func() (proto.Message, error)
		want string
	}{
		{
			"names", func() (proto.Message, error) { return encodeNames(goldenNames) },
			"0a120a036261721a0b0880e2cfaa06108094ef3a0a050a03666f6f120461636d65",
		},
		{
			"versions", func() (proto.Message, error) { return encodeVersions(goldenVersions) },
			"0a270a03666f6f120a312e302e302d72632e311205312e302e301206312e31302e301a0200012a0102120461636d65",
		},
		{
			"package", func() (proto.Message, error) { return encodePackage(goldenPackage) },
			"0a7c0a05312e302e301220" + zeros + "011a1c0a0364657012067e3e20312e3018012204646170702a05686578706d" +
				"2205080212016d2a20" + zeros + "0230003a080880e2cfaa0610001203666f6f1a0461636d65" +
				"221f0a06474853412d781201731a016820032d0000f0403201613a054356452d31",
		},
		{
			"policy", func() (proto.Message, error) { return encodePolicy(goldenPolicy) },
			"0a0461636d651203706f6c20012a1f0a05686578706d120a0803120201021a0237641a0a080112060a046576696c",
		},
		{"signed", func() (proto.Message, error) {
			return &registrypb.Signed{Payload: []byte("abc"), Signature: []byte{1, 2}}, nil
		}, "0a0361626312020102"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m, err := test.got()
			if err != nil {
				t.Fatal(err)
			}
			payload, err := proto.Marshal(m)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, hex.EncodeToString(payload)); diff != "" {
				t.Errorf("payload (-want +got):\n%s", diff)
			}
		})
	}
}

var (
	goldenNames = Names{Repository: "acme", Packages: []NamesEntry{
		{Name: "foo"},
		{Name: "bar", UpdatedAt: time.Unix(1700000000, 123456789)},
	}}

	goldenVersions = Versions{Repository: "acme", Packages: []VersionsEntry{
		{Name: "gone"},
		{Name: "foo", Versions: []VersionFlags{
			{Version: "1.0.0-rc.1", Retired: true},
			{Version: "1.0.0", Retired: true},
			{Version: "1.10.0", HasAdvisories: true},
		}},
	}}

	goldenPackage = Package{
		Repository: "acme",
		Name:       "foo",
		Releases: []Release{{
			Version:       "1.0.0",
			InnerChecksum: [32]byte{31: 1},
			OuterChecksum: [32]byte{31: 2},
			Dependencies: []Dependency{
				{Package: "dep", Requirement: "~> 1.0", Optional: true, App: "dapp", Repository: "hexpm"},
			},
			Retirement:  &Retirement{Reason: ReasonSecurity, Message: "m"},
			AdvisoryIDs: []string{"GHSA-x"},
			PublishedAt: time.Unix(1700000000, 0),
		}},
		Advisories: []Advisory{{
			ID: "GHSA-x", Summary: "s", HTMLURL: "h", APIURL: "a",
			Severity: SeverityHigh, Score: new(float32(7.5)), Aliases: []string{"CVE-1"},
		}},
	}

	goldenPolicy = Policy{
		Repository: "acme",
		Name:       "pol",
		Visibility: VisibilityPublic,
		Repositories: []RepositoryPolicy{{
			Repository: "hexpm",
			Restriction: Restriction{
				MinSeverity: SeverityHigh,
				Retirements: []Reason{ReasonInvalid, ReasonSecurity},
				Cooldown:    "7d",
			},
			Overrides: []Override{{Action: ActionDeny, Package: "evil"}},
		}},
	}
)
