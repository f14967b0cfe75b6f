// Package config is what a node must know to start: one struct that is flags, environment, file and
// manual at once.
//
// A flag beats the environment, which beats the file, which beats the default. Each setting has one
// name in three spellings (repository.name, --repository-name, HEXHUB_REPOSITORY_NAME). What all nodes
// must agree on while they run is not here but in rows. The package reads files and knows no feature.
package config

import (
	"fmt"
	"maps"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"hexhub/hex/name"
	"hexhub/internal/kernel/origin"
)

// Server is the configuration of one node. Every field is a setting; its key tag is its name, from
// which flag and environment variable follow, and its zero or default value works.
type Server struct {
	Data      string `key:"data" default:"./data" placeholder:"DIR" help:"Folder that holds everything this node knows. Created if absent."`
	Listen    string `key:"listen" default:"127.0.0.1:4000" placeholder:"ADDR" help:"Address the public site listens on; :4000 means every interface."`
	URL       string `key:"url" placeholder:"URL" help:"Address people use, such as https://hub.example.com. Default: made from listen."`
	SiteLogo  string `key:"site.logo" placeholder:"FILE" type:"path" help:"Picture in PNG or SVG, up to 256 kB, that pages show in place of the sign of HexHub. The same on all nodes."`
	OpsListen string `key:"ops.listen" placeholder:"ADDR" help:"TCP address for health and metrics, beside DATA/ops.sock. Keep it private."`
	TLSCert   string `key:"tls.cert" placeholder:"FILE" type:"path" help:"Certificate chain in PEM; with tls.key the public site speaks HTTPS."`
	TLSKey    string `key:"tls.key" placeholder:"FILE" type:"path" help:"Private key of tls.cert in PEM."`

	TrustedProxies []string `key:"trusted.proxies" placeholder:"CIDR" help:"Networks of reverse proxies whose X-Forwarded-For is believed. Default: none."`

	NodeZone         string `key:"node.zone" placeholder:"ZONE" help:"Where this node stands, such as a room or a zone of a cloud. The status shows it."`
	NodeName         string `key:"node.name" placeholder:"NAME" help:"Name of this node among the others: lower-case letters, digits and dashes. Default: that of the machine at the first start."`
	ClusterListen    string `key:"cluster.listen" placeholder:"ADDR" help:"Address on which other nodes reach this one, such as :4001; kept from then on. Default: none, for a node that stays alone."`
	ClusterAdvertise string `key:"cluster.advertise" placeholder:"HOST:PORT" help:"Address by which other nodes reach cluster.listen. Default: made from it."`

	ClusterDiscover   []string `key:"cluster.discover" placeholder:"HOST:PORT" help:"Where a node with an empty data folder looks for the others: each address of each host may be one. Default: nowhere, and hexhub join is told."`
	ClusterSecretFile string   `key:"cluster.secret-file" placeholder:"FILE" type:"path" help:"File that holds, on its first line, the secret by which the nodes of cluster.discover know each other: at least 32 bytes, the same on all."`
	ClusterSize       int64    `key:"cluster.size" default:"3" placeholder:"NUMBER" help:"How many nodes cluster.discover is to find, this one included, before the first of them founds a cluster."`

	RepositoryName string `key:"repository.name" default:"hexhub" placeholder:"NAME" help:"Name of the default repository; signed into it, so clients must use the same. hexpm stands in for hex.pm."`
	Registration   string `key:"registration" default:"invite" placeholder:"MODE" help:"Who may register: open, invite, or domains:a.org,b.org."`
	MailConfirm    string `key:"mail.confirm" default:"auto" enum:"auto,always,never" placeholder:"WHEN" help:"Whether an e-mail address must be confirmed: auto asks exactly when mail can be sent."`

	MailSMTP         string `key:"mail.smtp" placeholder:"HOST:PORT" help:"SMTP server that mail is handed to, such as smtp.example.com:587. Default: mail rests in the outbox."`
	MailFrom         string `key:"mail.from" placeholder:"ADDRESS" help:"Sender of all mail, such as hub@example.com."`
	MailUsername     string `key:"mail.username" placeholder:"NAME" help:"Name to log in to mail.smtp with. Default: no login."`
	MailPasswordFile string `key:"mail.password-file" placeholder:"FILE" type:"path" help:"File that holds the password of mail.username on its first line."`
	MailTLS          string `key:"mail.tls" default:"starttls" enum:"starttls,tls,none" placeholder:"HOW" help:"How the way to mail.smtp is encrypted: starttls, tls from the first byte (port 465), or none."`

	AdminEmail        string `key:"admin.email" placeholder:"ADDRESS" help:"Create the first administrator at start, without the browser."`
	AdminUsername     string `key:"admin.username" default:"admin" placeholder:"NAME" help:"Name of that administrator."`
	AdminPasswordFile string `key:"admin.password-file" placeholder:"FILE" type:"path" help:"File that holds that administrator's password on its first line."`

	BackupTo      string        `key:"backup.to" placeholder:"DIR" help:"Folder on another disk, or bucket as s3://BUCKET/PATH, into which the server is backed up while it runs. Default: no backup."`
	BackupKeyFile string        `key:"backup.key-file" placeholder:"FILE" type:"path" help:"File with the secret that encrypts the backup; without it, the backup is in the clear."`
	BackupEvery   time.Duration `key:"backup.every" default:"24h" placeholder:"TIME" help:"How often a snapshot is taken; what changes in between is kept every few seconds."`
	BackupKeep    int64         `key:"backup.keep" default:"7" placeholder:"NUMBER" help:"How many snapshots are kept, besides the one that was verified last."`
	BackupVerify  time.Duration `key:"backup.verify" default:"168h" placeholder:"TIME" help:"How often the backup is restored into memory and looked over; 0 means never."`

	BackupS3Endpoint      string `key:"backup.s3.endpoint" name:"backup-s3-endpoint" placeholder:"URL" help:"Server that has the bucket of backup.to, such as https://s3.example.com."`
	BackupS3Region        string `key:"backup.s3.region" name:"backup-s3-region" default:"us-east-1" placeholder:"NAME" help:"Region of that bucket."`
	BackupS3AccessKey     string `key:"backup.s3.access-key" name:"backup-s3-access-key" placeholder:"ID" help:"Access key that may read, write, list and delete in that bucket."`
	BackupS3SecretKeyFile string `key:"backup.s3.secret-key-file" name:"backup-s3-secret-key-file" placeholder:"FILE" type:"path" help:"File that holds the secret of backup.s3.access-key on its first line."`
	BackupS3Style         string `key:"backup.s3.style" name:"backup-s3-style" default:"auto" enum:"auto,path" placeholder:"STYLE" help:"As blob.s3.style, for the bucket of backup.to."`

	BlobCopies int64 `key:"blob.copies" default:"2" placeholder:"NUMBER" help:"Nodes on whose disks a tarball lies before its publishing is acknowledged, as far as there are as many."`

	UnpackedSize int64 `key:"unpacked.size" default:"2147483648" placeholder:"BYTES" help:"Disk that unpacked documentation and sources may take on this node. What was not asked for longest is forgotten, and unpacked again when it is."`

	DocsURL string `key:"docs.url" placeholder:"URL" help:"Where documentation is shown: https://*.docs.example.com gives each package an address of its own, which is safest; https://docs.example.com is one for all. Default: *.docs.localhost on the machine itself, else a sandboxed path of the site."`

	SearchVersions int64 `key:"docs.search-versions" name:"docs-search-versions" default:"10" placeholder:"NUMBER" help:"Versions of a package whose documentation can be searched, the newest ones. Each takes room on the disk of each node, about as much as its text."`

	ScrubEvery time.Duration `key:"scrub.every" default:"168h" placeholder:"TIME" help:"How often all tarballs are read, to find and heal those that rot; 0 means only when asked."`

	BlobS3Endpoint      string `key:"blob.s3.endpoint" name:"blob-s3-endpoint" placeholder:"URL" help:"Server that speaks S3 and keeps all tarballs, such as https://s3.example.com. Default: they lie on the disks of the nodes."`
	BlobS3Bucket        string `key:"blob.s3.bucket" name:"blob-s3-bucket" placeholder:"NAME" help:"Bucket of blob.s3.endpoint, which must exist and be the same on all nodes."`
	BlobS3Region        string `key:"blob.s3.region" name:"blob-s3-region" default:"us-east-1" placeholder:"NAME" help:"Region of the bucket."`
	BlobS3Prefix        string `key:"blob.s3.prefix" name:"blob-s3-prefix" placeholder:"PATH" help:"What the names of all objects begin with, such as hexhub/blobs."`
	BlobS3AccessKey     string `key:"blob.s3.access-key" name:"blob-s3-access-key" placeholder:"ID" help:"Access key that may read, write, list and delete in the bucket."`
	BlobS3SecretKeyFile string `key:"blob.s3.secret-key-file" name:"blob-s3-secret-key-file" placeholder:"FILE" type:"path" help:"File that holds the secret of blob.s3.access-key on its first line."`
	BlobS3Style         string `key:"blob.s3.style" name:"blob-s3-style" default:"auto" enum:"auto,path" placeholder:"STYLE" help:"Where the bucket's name goes: path puts it into the path, as most servers but Amazon's want it; auto decides by the endpoint."`

	EtcdEndpoints    []string `key:"etcd.endpoints" name:"etcd-endpoints" placeholder:"URL" help:"An etcd that is run elsewhere and keeps all rows, such as https://10.0.0.1:2379. Default: the nodes keep them themselves."`
	EtcdPrefix       string   `key:"etcd.prefix" name:"etcd-prefix" default:"/hexhub/" placeholder:"PATH" help:"What all keys in that etcd begin with; another registry in the same etcd needs another."`
	EtcdCAFile       string   `key:"etcd.ca-file" name:"etcd-ca-file" placeholder:"FILE" type:"path" help:"Certificates in PEM of whoever vouches for that etcd. Default: those that this machine trusts."`
	EtcdCertFile     string   `key:"etcd.cert-file" name:"etcd-cert-file" placeholder:"FILE" type:"path" help:"Certificate in PEM to show that etcd."`
	EtcdKeyFile      string   `key:"etcd.key-file" name:"etcd-key-file" placeholder:"FILE" type:"path" help:"Private key in PEM of etcd.cert-file."`
	EtcdUser         string   `key:"etcd.user" name:"etcd-user" placeholder:"NAME" help:"User of that etcd, who may read and write below etcd.prefix. Default: no login."`
	EtcdPasswordFile string   `key:"etcd.password-file" name:"etcd-password-file" placeholder:"FILE" type:"path" help:"File that holds the password of etcd.user on its first line."`

	DiskReserve  int64         `key:"disk.reserve" default:"268435456" placeholder:"BYTES" help:"Below this much free disk the node is read-only, and loud about it."`
	StoreQuota   int64         `key:"store.quota" default:"8589934592" placeholder:"BYTES" help:"Size at which the store refuses writes; at most 8 GiB is advised."`
	DrainTimeout time.Duration `key:"drain.timeout" default:"30s" placeholder:"TIME" help:"How long a stopping node waits for requests to finish."`

	LiveStreams int64 `key:"live.streams" default:"4000" placeholder:"NUMBER" help:"Pages that browsers may have open live on this node at once; 0 turns live updates off. Each takes some 40 kB of memory."`

	StalePrivate time.Duration `key:"stale.private" default:"1s" placeholder:"TIME" help:"What needs a credential is refused by a node that may be further behind the others than this. What is public it serves."`

	OtelEndpoint string `key:"otel.endpoint" placeholder:"URL" help:"Collector that traces are sent to in OTLP over HTTP, such as http://127.0.0.1:4318. Default: no traces."`
	OtelSample   int64  `key:"otel.sample" default:"10" placeholder:"PERCENT" help:"How many of a hundred requests and jobs are traced."`

	LogFormat string `key:"log.format" default:"auto" enum:"auto,text,json" placeholder:"FORMAT" help:"auto is text on a terminal and JSON elsewhere."`
	LogLevel  string `key:"log.level" default:"info" enum:"debug,info,warn,error" placeholder:"LEVEL" help:"The least level that is logged."`
}

// Files are the places where a configuration file is looked for when none is named.
var Files = []string{"hexhub.toml", "/etc/hexhub/hexhub.toml"}

// A Problem is one thing wrong with a configuration. Key is a setting's name, or empty.
type Problem struct {
	Key string
	Why string
}

// Error implements error.
func (p Problem) Error() string {
	if p.Key == "" {
		return p.Why
	}
	return p.Key + ": " + p.Why
}

// Check returns everything that is wrong with the values themselves. It opens no file and no port.
func (s Server) Check() []Problem {
	var out []Problem
	bad := func(key, format string, args ...any) {
		out = append(out, Problem{Key: key, Why: fmt.Sprintf(format, args...)})
	}
	if s.Data == "" {
		bad("data", "must name a folder")
	}
	if s.URL != "" {
		if u, err := url.Parse(s.URL); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			bad("url", "%q is not an address people can open; write it like https://hub.example.com", s.URL)
		} else if strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.User != nil {
			bad("url", "%q has more than a scheme and a host; the registry lives at the root of its host", s.URL)
		}
	}
	if (s.TLSCert == "") != (s.TLSKey == "") {
		bad("tls.cert", "tls.cert and tls.key go together; set both or neither")
	}
	for _, p := range s.TrustedProxies {
		if _, err := parsePrefix(p); err != nil {
			bad("trusted.proxies", "%q is not a network; write it like 10.0.0.0/8 or 10.1.2.3", p)
		}
	}
	if _, err := name.ParseRepository(s.RepositoryName); err != nil {
		bad("repository.name", "%q %s; use lower-case letters, digits and underscores", s.RepositoryName, err)
	}
	if !validRegistration(s.Registration) {
		bad("registration", "%q is not open, invite, or domains:a.org,b.org", s.Registration)
	}
	out = append(out, s.checkMail()...)
	out = append(out, s.checkS3()...)
	out = append(out, s.checkBackup()...)
	out = append(out, s.checkEtcd()...)
	if s.AdminEmail != "" && s.AdminPasswordFile == "" {
		bad("admin.email", "needs admin.password-file as well")
	}
	out = append(out, s.checkCluster()...)
	if s.NodeName != "" && strings.Trim(s.NodeName, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		bad("node.name", "%q is not a name; use lower-case letters, digits and dashes", s.NodeName)
	}
	if len(s.NodeZone) > 64 || strings.ContainsFunc(s.NodeZone, func(r rune) bool { return r <= ' ' || r > '~' }) {
		bad("node.zone", "%q is not a zone; use up to 64 printable characters and no spaces", s.NodeZone)
	}
	if s.BlobCopies < 1 {
		bad("blob.copies", "must be at least 1")
	}
	if s.ScrubEvery < 0 {
		bad("scrub.every", "must not be negative")
	}
	if s.SearchVersions < 1 || s.SearchVersions > 1000 {
		bad("docs.search-versions", "must be from 1 to 1000")
	}
	if s.UnpackedSize < 1<<20 {
		bad("unpacked.size", "must be at least 1048576, for one package's documentation to find room")
	}
	if s.DocsURL != "" {
		site, _ := url.Parse(s.URL) // what is none was told above
		switch o, err := origin.Parse(s.DocsURL); {
		case err != nil:
			bad("docs.url", "%s", err)
		case site != nil && site.Host != "" && o.Serves(site.Host):
			bad("docs.url", "%s takes the address of the registry, %s: give documentation a name beside it, such as https://*.docs.example.com", s.DocsURL, s.URL)
		}
	}
	if s.DiskReserve < 0 {
		bad("disk.reserve", "must not be negative")
	}
	if s.LiveStreams < 0 {
		bad("live.streams", "%d is less than none; 0 turns live updates off", s.LiveStreams)
	}
	if s.DrainTimeout < 0 {
		bad("drain.timeout", "must not be negative")
	}
	if u, err := url.Parse(s.OtelEndpoint); s.OtelEndpoint != "" && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
		bad("otel.endpoint", "%q is not the address of a collector; write it like http://127.0.0.1:4318", s.OtelEndpoint)
	}
	if s.OtelSample < 0 || s.OtelSample > 100 {
		bad("otel.sample", "must be from 0 to 100")
	}
	if s.StalePrivate < 500*time.Millisecond {
		bad("stale.private", "must be at least 500ms, for a node asks the others four times a second")
	}
	return out
}

// checkCluster returns what is wrong with the values of other nodes.
func (s Server) checkCluster() []Problem {
	var out []Problem
	bad := func(key, format string, args ...any) {
		out = append(out, Problem{Key: key, Why: fmt.Sprintf(format, args...)})
	}
	if s.ClusterListen == "" && s.ClusterAdvertise != "" {
		bad("cluster.advertise", "is the way to cluster.listen, which is not set")
	}
	if s.ClusterAdvertise != "" && !dialable(s.ClusterAdvertise) {
		bad("cluster.advertise", "%q is not an address that other nodes can reach; write it like node-1.example.com:4001", s.ClusterAdvertise)
	}
	for _, address := range s.ClusterDiscover {
		if !dialable(address) {
			bad("cluster.discover", "%q is not where other nodes can be; write it like nodes.example.com:4001", address)
		}
	}
	if len(s.ClusterDiscover) > 0 && s.ClusterListen == "" {
		bad("cluster.listen", "is needed with cluster.discover, for the others to find this node")
	}
	if (len(s.ClusterDiscover) == 0) != (s.ClusterSecretFile == "") {
		bad("cluster.discover", "cluster.discover and cluster.secret-file go together; set both or neither")
	}
	if s.ClusterSize < 1 {
		bad("cluster.size", "must be 1 or more")
	}
	return out
}

// dialable reports whether an address has a host and a port.
func dialable(address string) bool {
	host, port, err := net.SplitHostPort(address)
	n, notNumber := strconv.ParseUint(port, 10, 16)
	return err == nil && host != "" && notNumber == nil && n != 0
}

// checkMail returns what is wrong with the values of mail.
func (s Server) checkMail() []Problem {
	var out []Problem
	bad := func(key, format string, args ...any) {
		out = append(out, Problem{Key: key, Why: fmt.Sprintf(format, args...)})
	}
	host, port, err := net.SplitHostPort(s.MailSMTP)
	if _, notNumber := strconv.ParseUint(port, 10, 16); s.MailSMTP != "" && (err != nil || host == "" || notNumber != nil) {
		bad("mail.smtp", "%q is not a server and its port; write it like smtp.example.com:587", s.MailSMTP)
	}
	if s.MailSMTP != "" && s.MailFrom == "" {
		bad("mail.from", "is needed with mail.smtp; write it like hub@example.com")
	}
	if _, err := mail.ParseAddress(s.MailFrom); s.MailFrom != "" && err != nil {
		bad("mail.from", "%q is not an e-mail address; write it like hub@example.com", s.MailFrom)
	}
	if (s.MailUsername == "") != (s.MailPasswordFile == "") {
		bad("mail.username", "mail.username and mail.password-file go together; set both or neither")
	}
	if ip, _ := netip.ParseAddr(host); s.MailTLS == "none" && s.MailUsername != "" && host != "localhost" && !ip.IsLoopback() {
		bad("mail.tls", "none would say the password of mail.username to the network; use starttls or tls")
	}
	return out
}

// checkS3 returns what is wrong with the values of the bucket for tarballs.
func (s Server) checkS3() []Problem {
	needed := map[string]string{"blob.s3.bucket": s.BlobS3Bucket, "blob.s3.access-key": s.BlobS3AccessKey, "blob.s3.secret-key-file": s.BlobS3SecretKeyFile}
	if s.BlobS3Endpoint == "" {
		return unneeded(needed, "blob.s3.endpoint")
	}
	return append(checkEndpoint("blob.s3.endpoint", s.BlobS3Endpoint), missing(needed, "blob.s3.endpoint")...)
}

// bucketScheme is what backup.to begins with if it names a bucket.
const bucketScheme = "s3://"

// BackupBucket returns the bucket that backup.to names, and what the names of all objects begin with; false if it
// names a folder.
func (s Server) BackupBucket() (bucket, prefix string, ok bool) {
	rest, ok := strings.CutPrefix(s.BackupTo, bucketScheme)
	bucket, prefix, _ = strings.Cut(rest, "/")
	return bucket, prefix, ok
}

// checkBackup returns what is wrong with the values of the backup.
func (s Server) checkBackup() []Problem {
	var out []Problem
	bad := func(key, format string, args ...any) {
		out = append(out, Problem{Key: key, Why: fmt.Sprintf(format, args...)})
	}
	if s.BackupEvery < time.Minute {
		bad("backup.every", "must be a minute or more")
	}
	if s.BackupKeep < 1 {
		bad("backup.keep", "must be 1 or more")
	}
	if s.BackupVerify < 0 {
		bad("backup.verify", "must not be negative")
	}
	needed := map[string]string{"backup.s3.endpoint": s.BackupS3Endpoint, "backup.s3.access-key": s.BackupS3AccessKey, "backup.s3.secret-key-file": s.BackupS3SecretKeyFile}
	bucket, _, ok := s.BackupBucket()
	switch {
	case !ok && strings.Contains(s.BackupTo, "://"):
		bad("backup.to", "%q is neither a folder nor a bucket; write it like /mnt/safe or s3://bucket/path", s.BackupTo)
		return out
	case !ok:
		return append(out, unneeded(needed, "backup.to = "+bucketScheme+"BUCKET/PATH")...)
	case bucket == "":
		bad("backup.to", "%q does not name a bucket; write it like s3://bucket/path", s.BackupTo)
	}
	if s.BackupS3Endpoint != "" {
		out = append(out, checkEndpoint("backup.s3.endpoint", s.BackupS3Endpoint)...)
	}
	return append(out, missing(needed, "a bucket in backup.to")...)
}

// maxPrefix bounds etcd.prefix: it is part of every key, and what etcd takes at once is bounded.
const maxPrefix = 32

// checkEtcd returns what is wrong with the values of an etcd elsewhere.
func (s Server) checkEtcd() []Problem {
	login := map[string]string{
		"etcd.ca-file": s.EtcdCAFile, "etcd.cert-file": s.EtcdCertFile, "etcd.key-file": s.EtcdKeyFile,
		"etcd.user": s.EtcdUser, "etcd.password-file": s.EtcdPasswordFile,
	}
	if len(s.EtcdEndpoints) == 0 {
		return unneeded(login, "etcd.endpoints")
	}
	var out []Problem
	bad := func(key, format string, args ...any) {
		out = append(out, Problem{Key: key, Why: fmt.Sprintf(format, args...)})
	}
	scheme, _, _ := strings.Cut(s.EtcdEndpoints[0], ":")
	for _, endpoint := range s.EtcdEndpoints {
		out = append(out, checkEndpoint("etcd.endpoints", endpoint)...)
		if !strings.HasPrefix(endpoint, scheme+":") {
			bad("etcd.endpoints", "some begin with http: and some with https:; speak to all of them alike")
		}
	}
	if (s.EtcdCertFile == "") != (s.EtcdKeyFile == "") {
		bad("etcd.cert-file", "etcd.cert-file and etcd.key-file go together; set both or neither")
	}
	if scheme == "http" && s.EtcdCAFile+s.EtcdCertFile != "" {
		bad("etcd.endpoints", "certificates are of no use over http:; write https://…")
	}
	if (s.EtcdUser == "") != (s.EtcdPasswordFile == "") {
		bad("etcd.user", "etcd.user and etcd.password-file go together; set both or neither")
	}
	if p := s.EtcdPrefix; len(p) < 2 || len(p) > maxPrefix || p[0] != '/' || p[len(p)-1] != '/' {
		bad("etcd.prefix", "%q must begin and end with a slash, and have at most %d letters; write it like /hexhub/", p, maxPrefix)
	}
	if s.ClusterListen != "" {
		bad("cluster.listen", "is for nodes that keep the rows themselves; with etcd.endpoints they do not speak to each other")
	}
	return out
}

func checkEndpoint(key, value string) []Problem {
	if u, err := url.Parse(value); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.User != nil {
		return []Problem{{key, fmt.Sprintf("%q is not the address of a server; write it like https://s3.example.com", value)}}
	}
	return nil
}

// missing complains of settings that are not set, and needed with another.
func missing(values map[string]string, with string) (out []Problem) {
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if values[key] == "" {
			out = append(out, Problem{key, "is needed with " + with})
		}
	}
	return out
}

// unneeded complains of settings that are set, and good for nothing without another.
func unneeded(values map[string]string, without string) (out []Problem) {
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if values[key] != "" {
			out = append(out, Problem{key, "needs " + without + " as well"})
		}
	}
	return out
}

func validRegistration(mode string) bool {
	list, isDomains := strings.CutPrefix(mode, "domains:")
	if !isDomains {
		return mode == "open" || mode == "invite"
	}
	return list != "" && !slices.ContainsFunc(strings.Split(list, ","), func(d string) bool {
		return !strings.Contains(d, ".") || strings.ContainsAny(d, "@ /")
	})
}

// Proxies returns the trusted networks. Call it on a checked configuration.
func (s Server) Proxies() []netip.Prefix {
	var out []netip.Prefix
	for _, p := range s.TrustedProxies {
		if prefix, err := parsePrefix(p); err == nil {
			out = append(out, prefix)
		}
	}
	return out
}

func parsePrefix(s string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(s); err == nil {
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	return netip.ParsePrefix(s)
}

// OpsSocket is where the operator of this machine talks to the node.
func (s Server) OpsSocket() string { return filepath.Join(s.Data, "ops.sock") }

// Find returns the configuration file to read: the one named, else the first of Files that exists,
// else "". A named file that is missing is an error; the others merely are not there.
func Find(named string) (string, error) {
	if named != "" {
		if _, err := os.Stat(named); err != nil {
			return "", fmt.Errorf("read configuration: %w", err)
		}
		return named, nil
	}
	for _, f := range Files {
		if _, err := os.Stat(f); err == nil {
			return f, nil
		}
	}
	return "", nil
}
