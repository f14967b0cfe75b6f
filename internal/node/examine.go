package node

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"hexhub/internal/config"
	"hexhub/internal/feature/backup"
	"hexhub/internal/feature/doctor"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/scrub"
	"hexhub/internal/kernel/store"
	"hexhub/internal/kernel/store/etcdlog"
)

// Examine opens the data of a node that does not run, so far as it can be opened, for the doctor. It
// writes no row and makes nothing that is missing; what cannot be opened is among the deps as an error.
// The caller closes it when the doctor is done.
func Examine(ctx context.Context, c config.Server) (d doctor.Deps, closeAll func() error) {
	d = doctor.Deps{Dir: c.Data, URL: c.URL, Reserve: c.DiskReserve}
	n := &Node{Config: c, log: slog.New(slog.DiscardHandler)}
	d.StoreErr = n.examineStore(ctx)
	d.DB, d.Log = n.DB, statusOf(n.Etcd)
	d.BlobsErr = n.examineBlobs()
	d.Blobs = n.Blobs
	d.Bucket = n.probe()
	return d, n.Close
}

func (n *Node) examineStore(ctx context.Context) error {
	log, err := n.examineLog(ctx)
	if err != nil {
		return err
	}
	n.closers = append(n.closers, log.Close)
	db, err := store.Open(ctx, log, store.Options{}, tables...)
	if err != nil {
		return fmt.Errorf("load the tables: %w", err)
	}
	n.closers = append(n.closers, func() error { db.Close(); return nil })
	db.SetReadOnly(fault.New(fault.Unavailable, "the data is only being examined"))
	n.Etcd, n.DB = log, db
	return nil
}

// examineLog opens the log, if it is there.
func (n *Node) examineLog(ctx context.Context) (*etcdlog.Log, error) {
	if len(n.Config.EtcdEndpoints) > 0 {
		x, err := externalEtcd(n.Config)
		if err != nil {
			return nil, err
		}
		x.ReadyWithin = examineWithin
		log, err := etcdlog.Connect(ctx, x)
		if err != nil {
			return nil, fmt.Errorf("open the store: %w", err)
		}
		return log, nil
	}
	dir := filepath.Join(n.Config.Data, "etcd")
	if _, err := os.Stat(dir); err != nil {
		return nil, fmt.Errorf("find the store: %w", err)
	}
	log, err := etcdlog.Open(ctx, etcdlog.Options{Dir: dir, Quota: n.Config.StoreQuota, DiskReserve: uint64(n.Config.DiskReserve)})
	if err != nil {
		return nil, fmt.Errorf("open the store: %w", err)
	}
	return log, nil
}

// examineWithin is how long an etcd that is run elsewhere may take to answer the doctor.
const examineWithin = 5 * time.Second

func (n *Node) examineBlobs() error {
	dir := filepath.Join(n.Config.Data, "blobs")
	if _, err := os.Stat(dir); err != nil {
		return fmt.Errorf("find the blobs: %w", err)
	}
	return n.openBlobs()
}

// statusOf keeps a log that is not there from looking like one.
func statusOf(log *etcdlog.Log) doctor.Log {
	if log == nil {
		return nil
	}
	return log
}

// examined is what the doctor looks at of a node that runs.
func (n *Node) examined() *doctor.Server {
	v := n.DB.View()
	rules := n.accountRules(v)
	c := n.Config
	return &doctor.Server{
		Listen: n.Addr(), TLSCert: c.TLSCert, TLSKey: c.TLSKey, Proxies: c.Proxies(),
		Private: []string{c.TLSKey, c.MailPasswordFile, c.AdminPasswordFile, c.BackupKeyFile, c.BackupS3SecretKeyFile, c.BlobS3SecretKeyFile, c.ClusterSecretFile, c.EtcdKeyFile, c.EtcdPasswordFile}, Mail: n.Mail.Configured(),
		BackupTo: c.BackupTo, BackupBucket: n.probeBackup(), Every: c.BackupEvery, Verify: c.BackupVerify, Backup: backup.StateOf(v),
		ScrubEvery: c.ScrubEvery, Scrubs: scrub.States(v),
		Open: !rules.Registration.Closed(), Confirm: rules.ConfirmMail, Files: openFiles(),
	}
}

// nodeCertEnds says until when the certificate holds that the node shows the others; nil if it has none.
func (n *Node) nodeCertEnds() func() time.Time {
	if n.Cluster == nil {
		return nil
	}
	return n.Cluster.CertEnds
}
