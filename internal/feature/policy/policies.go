package policy

import (
	"context"
	"fmt"
	"time"

	"hexhub/hex/name"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/org"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/id"
	"hexhub/internal/kernel/store"
)

// Policies does what is done to policies. It is safe for concurrent use.
type Policies struct {
	db   *store.DB
	home name.Repository
}

// New returns the policies kept in db, on a server with the default repository.
func New(db *store.DB, defaultRepository name.Repository) *Policies {
	return &Policies{db, defaultRepository}
}

func now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

func errNotFound() error { return fault.New(fault.NotFound, "Page not found") }

// Create makes a policy. Only administrators of the organization make, change and delete them.
func (s *Policies) Create(ctx context.Context, actor access.Actor, organization name.Repository, d Draft) (Policy, error) {
	at := now()
	p, wrong := s.drafted(organization, d)
	p.ID, p.InsertedAt = id.New(), at
	return s.change(ctx, actor, organization, "policy.create", at, func(tx *store.Tx) (Policy, error) {
		if len(wrong) > 0 {
			return p, fault.Validation(wrong)
		}
		others := Of(tx, organization)
		if _, taken := Get(tx, organization, p.Name); taken {
			return p, fault.Field("has already been taken", "name")
		}
		if len(others) >= maxPolicies {
			return p, fault.Field(fmt.Sprintf("cannot be given: there are %d policies, the most allowed; delete one first", len(others)), "name")
		}
		return p, nil
	})
}

// drafted is the policy that the draft would make, and what is wrong with it.
func (s *Policies) drafted(organization name.Repository, d Draft) (Policy, fault.Fields) {
	p := Policy{Organization: organization, Name: d.Name}
	wrong := checker{organization, s.home}.apply(d, &p)
	if why := checkName(d.Name); why != "" {
		wrong["name"] = why
	}
	return p, wrong
}

// Try returns the policy that the draft would make, whether there is one of its name or not, and keeps nothing.
func (s *Policies) Try(organization name.Repository, d Draft) (Policy, error) {
	p, wrong := s.drafted(organization, d)
	if len(wrong) > 0 {
		return p, fault.Validation(wrong)
	}
	return p, nil
}

// Subjects lists the repositories for which the organization can have rules: the default one, what its clients
// know as hex.pm, and its own.
func (s *Policies) Subjects(organization name.Repository) []name.Repository {
	return checker{organization, s.home}.mayHave()
}

// Update changes what of the policy the draft speaks of. Its name stays: clients have it in their
// configuration.
func (s *Policies) Update(ctx context.Context, actor access.Actor, organization name.Repository, policy string, d Draft) (Policy, error) {
	return s.change(ctx, actor, organization, "policy.update", now(), func(tx *store.Tx) (Policy, error) {
		p, ok := Get(tx, organization, policy)
		if !ok {
			return p, errNotFound()
		}
		wrong := checker{organization, s.home}.apply(d, &p)
		if d.Name != "" && d.Name != p.Name {
			wrong["name"] = "can't be changed"
		}
		if len(wrong) > 0 {
			return p, fault.Validation(wrong)
		}
		return p, nil
	})
}

// Delete takes a policy away. Clients that have it in their configuration then refuse to resolve, once
// what they remember of it is thirty days old.
func (s *Policies) Delete(ctx context.Context, actor access.Actor, organization name.Repository, policy string) error {
	at := now()
	return s.db.Update(ctx, func(tx *store.Tx) error {
		if err := access.MayOrg(tx, actor, org.Admin, organization); err != nil {
			return err
		}
		p, ok := Get(tx, organization, policy)
		if !ok {
			return errNotFound()
		}
		policies.Delete(tx, policies.Key(p))
		record(tx, actor, "policy.delete", p, at)
		return nil
	})
}

// maxEnded is how many policies an organization may have when it is deleted, all in one transaction.
const maxEnded = 200

// EndTx takes away all policies of an organization that is being deleted. It asks for no right.
func (s *Policies) EndTx(tx *store.Tx, organization name.Repository) error {
	all := Of(tx, organization)
	if len(all) > maxEnded {
		return fault.New(fault.Conflict, "%s has %d policies; delete some of them first, until there are %d", organization, len(all), maxEnded)
	}
	for _, p := range all {
		policies.Delete(tx, policies.Key(p))
	}
	return nil
}

// change keeps the policy that edit returns, if the actor may administer the organization.
func (s *Policies) change(ctx context.Context, actor access.Actor, organization name.Repository, action string, at time.Time, edit func(*store.Tx) (Policy, error)) (Policy, error) {
	var kept Policy
	err := s.db.Update(ctx, func(tx *store.Tx) (err error) {
		if err := access.MayOrg(tx, actor, org.Admin, organization); err != nil {
			return err
		}
		if kept, err = edit(tx); err != nil {
			return err
		}
		kept.UpdatedAt, kept.UpdatedBy = at, actor.User.ID
		policies.Put(tx, kept)
		record(tx, actor, action, kept, at)
		return nil
	})
	if err != nil {
		return Policy{}, err
	}
	return kept, nil
}

// record writes an entry with the params that hex.pm has, names being in the place of its numbers.
func record(tx *store.Tx, actor access.Actor, action string, p Policy, at time.Time) {
	audit.RecordTx(tx, actor.By(), action, map[string]any{
		"id": p.ID, "name": p.Name, "visibility": p.Visibility, "description": p.Description,
		"organization": p.Organization, "repositories": p.Repositories,
	}, at, audit.OrgRef(p.Organization.String()))
}
