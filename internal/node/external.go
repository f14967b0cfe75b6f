package node

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"hexhub/internal/config"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/health"
	"hexhub/internal/kernel/cluster"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/lead"
	"hexhub/internal/kernel/roster"
	"hexhub/internal/kernel/store/etcdlog"
)

// external reports whether the rows are in an etcd that is run elsewhere.
func (n *Node) external() bool { return n.Etcd != nil && n.Etcd.External() }

// openExternal finds out which node this is, and reaches the etcd that keeps its rows.
func (n *Node) openExternal(ctx context.Context, o Options) error {
	data := n.Config.Data
	if o.Join != nil {
		return fault.New(fault.Invalid, "a node whose rows are in an etcd that is run elsewhere joins nobody: start it with hexhub serve and the same etcd.endpoints as the others")
	}
	if _, err := os.Stat(filepath.Join(data, "etcd")); err == nil {
		return fault.New(fault.Conflict, "%s has rows of its own, which etcd.endpoints would hide: start without etcd.endpoints, or with another data folder", data)
	}
	id, name, err := cluster.Identify(data, n.Config.NodeName)
	if err != nil {
		return err
	}
	n.log = n.log.With("node", name)
	n.Name, n.id = name, id
	x, err := externalEtcd(n.Config)
	if err != nil {
		return err
	}
	x.Logger = n.log.With("part", "etcd")
	if n.Etcd, err = etcdlog.Connect(ctx, x); err != nil {
		return fmt.Errorf("open the store: %w", err)
	}
	n.closers = append(n.closers, n.Etcd.Close)
	return n.needSecret(ctx)
}

// externalEtcd is what the configuration says of an etcd elsewhere.
func externalEtcd(c config.Server) (x etcdlog.External, err error) {
	x = etcdlog.External{Endpoints: c.EtcdEndpoints, Prefix: c.EtcdPrefix, CA: c.EtcdCAFile, Cert: c.EtcdCertFile, Key: c.EtcdKeyFile, User: c.EtcdUser}
	if c.EtcdPasswordFile == "" {
		return x, nil
	}
	x.Password, err = firstLine(c.EtcdPasswordFile, "the password of etcd.user")
	return x, err
}

// needSecret refuses to make a secret key where there is a registry already, which was sealed with another.
func (n *Node) needSecret(ctx context.Context) error {
	path := filepath.Join(n.Config.Data, "secret.key")
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return nil // whoever opens it says what is wrong with it
	}
	p, err := n.Etcd.Range(ctx, "", "\xff", 0, 1)
	if err != nil {
		return fmt.Errorf("look whether there is a registry: %w", err)
	}
	if len(p.Records) > 0 {
		return fault.New(fault.Conflict, "below %s in etcd is a registry already: put the secret.key of its other nodes, or of its backup, into %s, readable by this account alone; or choose another etcd.prefix",
			n.Config.EtcdPrefix, n.Config.Data)
	}
	return nil
}

// enterRoster tells the other nodes that this one is there. They must keep tarballs in one place.
func (n *Node) enterRoster(ctx context.Context) error {
	words := "on the disk of " + n.Name
	if c := n.Config; n.bucket != nil {
		words = fmt.Sprintf("in the bucket %s of %s, below %q", c.BlobS3Bucket, c.BlobS3Endpoint, c.BlobS3Prefix)
	}
	none := true
	for range catalog.Blobs(n.DB.View(), time.Now()) {
		none = false
		break
	}
	return roster.Enter(ctx, n.DB, n.inRoster(), words, none)
}

func (n *Node) inRoster() roster.Node {
	place := "disk:" + n.id
	if c := n.Config; n.bucket != nil {
		place = "s3:" + c.BlobS3Endpoint + "/" + c.BlobS3Bucket + "/" + strings.Trim(c.BlobS3Prefix, "/")
	}
	return roster.Node{ID: n.id, Name: n.Name, Version: n.version, Blobs: place, Started: n.started}
}

// others are the other nodes as they tell of themselves, where nobody can ask them; nil where they can be asked.
func (n *Node) others() func() []health.Seen {
	if !n.external() {
		return nil
	}
	return func() (out []health.Seen) {
		v, now := n.DB.View(), time.Now()
		leader, _ := lead.Leader(v)
		for _, r := range roster.All(v) {
			if r.ID == n.id {
				continue
			}
			s := health.Seen{ID: r.ID, Name: r.Name}
			if r.Silent(now) {
				s.Err = fmt.Errorf("last heard of at %s", r.Seen.Format(time.DateTime))
			} else {
				s.Vital = &health.Vital{ID: r.ID, Name: r.Name, Version: r.Version, StartedAt: r.Started, Now: r.Seen, External: true, Chores: r.ID == leader}
			}
			out = append(out, s)
		}
		return out
	}
}
