package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"hexhub/internal/config"
	"hexhub/internal/feature/backup"
	"hexhub/internal/kernel/blob"
	"hexhub/internal/kernel/seal"
	"hexhub/internal/kernel/store"
	"hexhub/internal/node"
)

type backupCmd struct {
	Create  backupCreateCmd  `cmd:"" help:"Take a snapshot now, besides those of the schedule."`
	List    backupListCmd    `cmd:"" help:"List the snapshots that there are."`
	Verify  backupVerifyCmd  `cmd:"" help:"Restore the backup into memory and look it over; nothing is changed."`
	Restore backupRestoreCmd `cmd:"" help:"Bring the server back, as it was at any moment, into an empty data folder."`
}

type backupCreateCmd struct {
	target `embed:""`
}

// Run has the server take a snapshot.
func (c backupCreateCmd) Run(s *session) error {
	var state backup.State
	if err := c.ask(s, "POST", "backups", nil, nil, &state); err != nil {
		return err
	}
	m := state.Snapshot
	if err := s.done(strconv.FormatInt(int64(m.Revision), 10), "snapshot", m, "Backed up revision %d to %s: %d rows, %d blobs.", m.Revision, state.Target, m.Rows, m.Blobs); err != nil {
		return err
	}
	if m.Missing > 0 {
		return &failure{why: fmt.Sprintf("the server does not have %d blobs that its rows name", m.Missing), fix: []string{"hexhub doctor blobs"}, code: exitProblems}
	}
	return nil
}

// A source is the flags of commands that can read a backup without a server.
type source struct {
	From    string `placeholder:"PLACE" help:"Folder of the backup, or s3://BUCKET/PATH, without asking a server."`
	KeyFile string `key:"backup.key-file" name:"backup-key-file" placeholder:"FILE" type:"path" help:"File with the secret that the backup is encrypted with."`
	Set     string `placeholder:"ID" help:"Which backup, if there are several."`

	Endpoint      string `key:"backup.s3.endpoint" name:"backup-s3-endpoint" placeholder:"URL" help:"Server that has the bucket, such as https://s3.example.com."`
	Region        string `key:"backup.s3.region" name:"backup-s3-region" default:"us-east-1" placeholder:"NAME" help:"Region of the bucket."`
	AccessKey     string `key:"backup.s3.access-key" name:"backup-s3-access-key" placeholder:"ID" help:"Access key that may list and read in the bucket."`
	SecretKeyFile string `key:"backup.s3.secret-key-file" name:"backup-s3-secret-key-file" placeholder:"FILE" type:"path" help:"File that holds the secret of that access key on its first line."`
	Style         string `key:"backup.s3.style" name:"backup-s3-style" default:"auto" enum:"auto,path" placeholder:"STYLE" help:"path for most servers but Amazon's."`
}

// settings are what a server would be told that is backed up there.
func (c source) settings() (config.Server, error) {
	s := config.Default()
	s.BackupTo, s.BackupKeyFile = c.From, c.KeyFile
	if _, _, ok := s.BackupBucket(); ok {
		s.BackupS3Endpoint, s.BackupS3Region, s.BackupS3Style = c.Endpoint, c.Region, c.Style
		s.BackupS3AccessKey, s.BackupS3SecretKeyFile = c.AccessKey, c.SecretKeyFile
	}
	if problems := s.Check(); len(problems) > 0 {
		return s, &failure{what: "open the backup", why: problems[0].Error(), code: exitUsage}
	}
	return s, nil
}

// open opens the backup. The target is the caller's to close.
func (c source) open(s *session) (node.BackupTarget, *backup.Set, error) {
	settings, err := c.settings()
	if err != nil {
		return nil, nil, err
	}
	target, key, err := node.OpenBackup(settings, new(blob.Memory), false)
	if err != nil {
		return nil, nil, &failure{what: "open the backup", why: words(err)}
	}
	set, err := backup.OpenSet(s.ctx, target, c.Set, key)
	if err != nil {
		return nil, nil, errors.Join(err, target.Close())
	}
	return target, set, nil
}

type backupListCmd struct {
	target `embed:""`
	source `embed:""`
}

// Run lists snapshots, of the server or of what --from names.
func (c backupListCmd) Run(s *session) error {
	var l backup.Listing
	if c.From == "" {
		if err := c.ask(s, "GET", "backups", nil, nil, &l); err != nil {
			return err
		}
	} else {
		from, set, err := c.open(s)
		if err != nil {
			return err
		}
		defer from.Close()
		if l, err = backup.List(s.ctx, set); err != nil {
			return err
		}
	}
	if s.JSON {
		return s.json(map[string]any{"backup": l})
	}
	rows := [][]string{}
	for _, m := range l.Snapshots {
		rows = append(rows, []string{strconv.FormatInt(int64(m.Revision), 10), m.At.Format(time.RFC3339), strconv.FormatInt(m.Rows, 10), strconv.Itoa(m.Blobs), strconv.FormatInt(m.Size, 10)})
	}
	if err := s.list("snapshots", l.Snapshots, []string{"REVISION", "WHEN", "ROWS", "BLOBS", "BYTES"}, rows); err != nil {
		return err
	}
	if !s.Quiet && len(rows) > 0 {
		s.talk.Printf("The last change that backup %s has is of %s.\n", l.Set, l.Through.Format(time.RFC3339))
		if l.State != nil && l.State.Problem != "" {
			s.talk.Printf("It cannot be written since %s: %s\n", l.State.Since.Format(time.RFC3339), l.State.Problem)
		}
	}
	return nil
}

type backupVerifyCmd struct {
	target `embed:""`
	source `embed:""`
}

// Run verifies the server's backup or that in --from, and fails if something is wrong with it.
func (c backupVerifyCmd) Run(s *session) error {
	var v backup.Verified
	if c.From == "" {
		if err := c.ask(s, "POST", "backups/verify", nil, nil, &v); err != nil {
			return err
		}
	} else {
		from, set, err := c.open(s)
		if err != nil {
			return err
		}
		defer from.Close()
		if v, err = backup.Verify(s.ctx, set, backup.Moment{}, node.RowBlobs, node.ExamineBackup); err != nil {
			return err
		}
	}
	if err := s.done(strconv.FormatInt(int64(v.Through), 10), "verified", v, "Restored revision %d into memory: %d rows in the snapshot, %d blobs, %d problems.", v.Through, v.Rows, v.Blobs, len(v.Problems)); err != nil {
		return err
	}
	if len(v.Problems) > 0 {
		return &failure{why: "the backup does not hold what it should", note: strings.Join(v.Problems, "\n  "), code: exitProblems}
	}
	return nil
}

type backupRestoreCmd struct {
	source       `embed:""`
	Data         string `key:"data" default:"./data" placeholder:"DIR" help:"Data folder to make; it must be empty or absent."`
	At           string `placeholder:"TIME" help:"Moment to bring back, such as 2026-11-29T03:12:05Z. Default: the last that the backup knows."`
	Revision     int64  `placeholder:"N" help:"Revision to bring back, instead of a moment."`
	SecretKey    string `placeholder:"FILE" type:"path" help:"The server's secret.key; needed when the backup is not encrypted."`
	WithoutLater bool   `help:"Restore even if what happened after the moment is damaged; keys that were revoked since then work again."`
}

// Run shows what would be restored, asks, and restores.
func (c backupRestoreCmd) Run(s *session) error {
	if c.From == "" {
		return &failure{why: "--from must name the folder or the bucket of the backup", fix: []string{"hexhub backup restore --from /backup --data ./restored"}, code: exitUsage}
	}
	moment, err := c.moment()
	if err != nil {
		return err
	}
	from, set, err := c.open(s)
	if err != nil {
		return err
	}
	defer from.Close()
	plan, err := set.Plan(s.ctx, moment, c.WithoutLater)
	if err != nil {
		return c.refused(err)
	}
	secret, err := c.secret(s, set)
	if err != nil {
		return err
	}
	settings, _ := config.Load(s.file) // what is wrong with it is not about the backup
	if settings.Data, err = filepath.Abs(c.Data); err != nil {
		return err
	}
	if !s.Quiet {
		c.preview(s, plan, settings.Data)
	}
	if !s.Yes {
		if !s.canAsk() {
			return &failure{what: "ask whether to restore", why: "stdin is not a terminal", fix: []string{"hexhub backup restore … --yes"}, code: exitUsage}
		}
		if !s.talk.Confirm("Type restore to continue: ", "restore", s.in) {
			return &failure{why: "nothing was restored"}
		}
	}
	out, err := node.Restore(s.ctx, settings, set, plan, secret)
	if err != nil {
		return c.refused(err)
	}
	return c.tell(s, out, settings.Data)
}

func (c backupRestoreCmd) refused(err error) error {
	if !errors.Is(err, backup.ErrRefused) {
		return err
	}
	return &failure{what: "restore", why: err.Error(), note: "Nothing of it can be trusted to be what was backed up.", fix: []string{"hexhub backup verify --from " + c.From}, code: exitProblems}
}

// moment reads which state is wanted.
func (c backupRestoreCmd) moment() (backup.Moment, error) {
	m := backup.Moment{Revision: store.Revision(c.Revision)}
	if c.At == "" {
		return m, nil
	}
	for _, form := range []string{time.RFC3339Nano, time.DateTime} {
		at, err := time.ParseInLocation(form, c.At, time.Local)
		if err == nil {
			m.At = at
			return m, nil
		}
	}
	return m, &failure{why: fmt.Sprintf("--at: %q is not a time; write it like 2026-11-29T03:12:05Z, or %q by this machine's clock", c.At, "2026-11-29 03:12:05"), code: exitUsage}
}

// secret finds the server's secret key.
func (c backupRestoreCmd) secret(s *session, set *backup.Set) ([]byte, error) {
	if c.SecretKey != "" {
		if _, err := os.Stat(c.SecretKey); err != nil {
			return nil, &failure{what: "read the secret key", why: err.Error()}
		}
		sealer, err := seal.Open(c.SecretKey)
		if err != nil {
			return nil, &failure{what: "read the secret key", why: words(err)}
		}
		return sealer.Master(), nil
	}
	secret, there, err := set.Secret(s.ctx)
	if err != nil {
		return nil, c.refused(err)
	}
	if !there {
		return nil, &failure{
			what: "restore", why: "the backup is not encrypted, so it does not have the server's secret key",
			note: "Name the copy of DATA/secret.key that was kept aside:", fix: []string{"hexhub backup restore … --secret-key secret.key"}, code: exitUsage,
		}
	}
	return secret, nil
}

func (c backupRestoreCmd) preview(s *session, p *backup.Plan, data string) {
	s.talk.Printf("Restores backup %s into %s, as a server of its own:\n", p.Set, data)
	s.talk.Printf("  as of        %s, revision %d\n", p.At.Format(time.RFC3339Nano), p.Revision)
	s.talk.Printf("  from         the snapshot of revision %d (%d rows, %d blobs) and %d commits after it\n", p.Snapshot.Revision, p.Snapshot.Rows(), p.Snapshot.Blobs, p.Commits)
	s.talk.Printf("  left out     %d later commits\n", p.Later)
	s.talk.Println("  not restored sessions, tokens of programs, one-time links and codes, invitations, counts of attempts")
}

func (c backupRestoreCmd) tell(s *session, out node.Restored, data string) error {
	if err := s.done(strconv.FormatInt(int64(out.Revision), 10), "restored", out, "Restored revision %d with %d blobs into %s.", out.Revision, out.Blobs, data); err != nil {
		return err
	}
	if !s.Quiet {
		for _, x := range []struct {
			what string
			who  []string
		}{
			{"Keys that were revoked since, and are so again", out.Keys},
			{"Users who were deleted or shut out since, and are shut out (hexhub user reactivate)", out.Users.Shut},
			{"Users who are administrators again (hexhub admin revoke)", out.Users.Demoted},
			{"Users who have an earlier password again", out.Users.Passwords},
		} {
			if len(x.who) > 0 {
				s.talk.Printf("%s: %s\n", x.what, strings.Join(x.who, ", "))
			}
		}
	}
	if len(out.Lost) > 0 {
		return &failure{why: fmt.Sprintf("%d blobs are not in the backup, or damaged", len(out.Lost)), note: strings.Join(out.Lost, "\n  "), fix: []string{"hexhub doctor --deep --data " + data}, code: exitProblems}
	}
	return nil
}
