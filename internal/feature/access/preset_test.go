package access_test

import (
	"slices"
	"testing"
	"time"

	"hexhub/internal/feature/access"
)

func TestPresetsPermitWhatTheySay(t *testing.T) {
	for _, c := range []struct {
		preset   access.Preset
		packages []string
		want     []access.Permission
	}{
		{access.PublishChosen, []string{"acme/decimal"}, []access.Permission{{Domain: "package", Resource: "acme/decimal"}}},
		{access.PublishChosen, []string{"acme/a", "acme/b"}, []access.Permission{{Domain: "package", Resource: "acme/a"}, {Domain: "package", Resource: "acme/b"}}},
		{access.FetchOnly, []string{"acme/decimal"}, []access.Permission{{Domain: "repositories"}}},
		{access.Everything, nil, []access.Permission{{Domain: "api"}, {Domain: "repositories"}}},
	} {
		if got := c.preset.Permissions(c.packages...); !slices.Equal(got, c.want) {
			t.Errorf("%s of %v = %v, want %v", c.preset, c.packages, got, c.want)
		}
	}
}

// Nothing that was left out of a form may come to mean all of it.
func TestPresetsWithoutPackagesPermitNothing(t *testing.T) {
	for _, got := range [][]access.Permission{
		access.PublishChosen.Permissions(), access.PublishChosen.Permissions(""), access.Preset("").Permissions("a/b"), access.Preset("admin").Permissions("a/b"),
	} {
		if len(got) != 0 {
			t.Errorf("permits %v", got)
		}
	}
}

func TestKeysThatDeserveAttention(t *testing.T) {
	at := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	day := 24 * time.Hour
	ends := func(made, end time.Duration) access.Key {
		return access.Key{InsertedAt: at.Add(-made), RevokeAt: new(at.Add(end))}
	}
	for name, c := range map[string]struct {
		key        access.Key
		used       time.Time
		idle, soon bool
	}{
		"new":                     {key: access.Key{InsertedAt: at}},
		"never used, old":         {key: access.Key{InsertedAt: at.Add(-91 * day)}, idle: true},
		"never used, young":       {key: access.Key{InsertedAt: at.Add(-90 * day)}},
		"used lately":             {key: access.Key{InsertedAt: at.Add(-900 * day)}, used: at.Add(-90 * day)},
		"used long ago":           {key: access.Key{InsertedAt: at.Add(-900 * day)}, used: at.Add(-91 * day), idle: true},
		"ends in two weeks":       {key: ends(76*day, 14*day), soon: true},
		"ends later":              {key: ends(76*day, 14*day+1)},
		"was made for a week":     {key: ends(day, 6*day)},
		"is over":                 {key: ends(76*day, -1)},
		"was revoked before that": {key: access.Key{InsertedAt: at.Add(-76 * day), RevokeAt: new(at.Add(day)), Revoked: true}},
	} {
		if idle, soon := c.key.Idle(access.KeyUse{At: c.used}, at), c.key.EndsSoon(at); idle != c.idle || soon != c.soon {
			t.Errorf("%s: idle %t, ends soon %t", name, idle, soon)
		}
	}
}
