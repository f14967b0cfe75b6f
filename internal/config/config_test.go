package config_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/google/go-cmp/cmp"

	"hexhub/internal/config"
)

// cli is a command tree such as the binary has.
type cli struct {
	Serve struct {
		config.Server `embed:""`
	} `cmd:""`
}

func parse(t *testing.T, file string, env map[string]string, args ...string) (config.Server, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "hexhub.toml")
	if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	for k, v := range env {
		t.Setenv(k, v)
	}
	f, problems := config.Read(path)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	var c cli
	k, err := kong.New(&c, config.Flags(), kong.Resolvers(f))
	if err != nil {
		t.Fatal(err)
	}
	_, err = k.Parse(append([]string{"serve"}, args...))
	return c.Serve.Server, err
}

func TestFlagBeatsEnvironmentBeatsFileBeatsDefault(t *testing.T) {
	env := map[string]string{"HEXHUB_LISTEN": ":2"}
	for _, c := range []struct {
		name, file string
		env        map[string]string
		args       []string
		want       string
	}{
		{"default", ``, nil, nil, "127.0.0.1:4000"},
		{"file", `listen = ":1"`, nil, nil, ":1"},
		{"environment", `listen = ":1"`, env, nil, ":2"},
		{"flag", `listen = ":1"`, env, []string{"--listen", ":3"}, ":3"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := parse(t, c.file, c.env, c.args...)
			if err != nil || s.Listen != c.want {
				t.Fatalf("listen = %q, %v; want %q", s.Listen, err, c.want)
			}
		})
	}
}

// Every setting can be said in all three ways, and they all end in the same field.
func TestEverySettingHasThreeNames(t *testing.T) {
	sample := map[string]string{"text": "x", "list": "10.0.0.0/8", "number": "7", "duration": "7s"}
	special := map[string]string{"mail.confirm": "never", "mail.tls": "tls", "blob.s3.style": "path", "backup.s3.style": "path", "log.format": "json", "log.level": "warn", "repository.name": "acme"}
	for _, x := range config.Settings() {
		t.Run(x.Key, func(t *testing.T) {
			value := sample[x.Kind]
			if v, ok := special[x.Key]; ok {
				value = v
			}
			if strings.HasSuffix(x.Key, "file") || strings.HasPrefix(x.Key, "tls.") || x.Key == "site.logo" {
				value = "/tmp/x" // paths are made absolute
			}
			toml := map[string]string{"text": `"` + value + `"`, "duration": `"` + value + `"`, "list": `["` + value + `"]`, "number": value}[x.Kind]
			ways := map[string]func() (config.Server, error){
				"flag": func() (config.Server, error) { return parse(t, "", nil, "--"+x.Flag+"="+value) },
				"file": func() (config.Server, error) { return parse(t, x.Key+" = "+toml, nil) },
				"env":  func() (config.Server, error) { return parse(t, "", map[string]string{x.Env: value}) },
			}
			for _, way := range []string{"flag", "file", "env"} {
				s, err := ways[way]()
				if err != nil {
					t.Fatalf("%s: %v", way, err)
				}
				if got := x.Value(s); got != value {
					t.Errorf("%s gave %q, want %q", way, got, value)
				}
			}
		})
	}
}

// Strangers' pages never take the address of the registry, whatever the star covers.
func TestDocumentationIsBesideTheRegistry(t *testing.T) {
	for docs, ok := range map[string]bool{
		"https://*.docs.example.com": true, "https://docs.example.com": true, "https://*.hub.example.com": false, "https://*.example.com": false, "https://hub.example.com": false, "docs": false,
	} {
		s := config.Default()
		s.URL, s.DocsURL = "https://hub.example.com", docs
		if p := s.Check(); (len(p) == 0) != ok {
			t.Errorf("%s: %v", docs, p)
		}
	}
}

func TestMistakesAreNamedWithTheirLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hexhub.toml")
	text := "data = \"/d\"\nlistn = \":1\"\n[drain]\ntimeout = \"1 day\"\n[disk]\nreserve = \"much\"\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	_, problems := config.Read(path)
	var got []string
	for _, p := range problems {
		got = append(got, strings.TrimPrefix(p.Error(), path+":"))
	}
	want := []string{
		`2: listn: unknown key, did you mean "listen"?`,
		`4: drain.timeout: "1 day" is not a duration; write it like "30s" or "24h"`,
		`6: disk.reserve: "much" is not a number; write it without quotes`,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Fatal(d)
	}
}

func TestBadValuesAreRefusedTogether(t *testing.T) {
	s := config.Default()
	if p := s.Check(); len(p) > 0 {
		t.Fatalf("the defaults are wrong: %v", p)
	}
	s.URL, s.Registration, s.RepositoryName, s.TLSCert = "hub.example.com", "friends", "No!", "c.pem"
	s.TrustedProxies, s.AdminEmail, s.DrainTimeout, s.LiveStreams, s.StalePrivate = []string{"10.0.0.0/99"}, "a@b.c", -1, -1, 1
	got := map[string]bool{}
	for _, p := range s.Check() {
		got[p.Key] = true
	}
	for _, key := range []string{"url", "registration", "repository.name", "tls.cert", "trusted.proxies", "admin.email", "drain.timeout", "live.streams", "stale.private"} {
		if !got[key] {
			t.Errorf("%s was not refused", key)
		}
	}
}

func TestMailSettingsAreCheckedTogether(t *testing.T) {
	whole := config.Default()
	whole.MailSMTP, whole.MailFrom = "smtp.example.com:587", "HexHub <hub@example.com>"
	whole.MailUsername, whole.MailPasswordFile = "hub", "/run/secrets/smtp"
	for _, c := range []struct {
		name  string
		spoil func(*config.Server)
		key   string // of the problem; empty when there is none
	}{
		{"whole", func(*config.Server) {}, ""},
		{"no login", func(s *config.Server) { s.MailUsername, s.MailPasswordFile = "", "" }, ""},
		{"no port", func(s *config.Server) { s.MailSMTP = "smtp.example.com" }, "mail.smtp"},
		{"port by name", func(s *config.Server) { s.MailSMTP = "smtp.example.com:smtp" }, "mail.smtp"},
		{"no host", func(s *config.Server) { s.MailSMTP = ":25" }, "mail.smtp"},
		{"no sender", func(s *config.Server) { s.MailFrom = "" }, "mail.from"},
		{"sender that is none", func(s *config.Server) { s.MailFrom = "the hub" }, "mail.from"},
		{"name without password", func(s *config.Server) { s.MailPasswordFile = "" }, "mail.username"},
		{"password in the clear", func(s *config.Server) { s.MailTLS = "none" }, "mail.tls"},
		{"in the clear on this machine", func(s *config.Server) { s.MailTLS, s.MailSMTP = "none", "[::1]:25" }, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := whole
			c.spoil(&s)
			problems := s.Check()
			switch {
			case c.key == "" && len(problems) > 0:
				t.Errorf("problems: %v", problems)
			case c.key != "" && (len(problems) != 1 || problems[0].Key != c.key):
				t.Errorf("problems: %v, want one about %s", problems, c.key)
			}
		})
	}
}

func TestBackupSettingsAreCheckedTogether(t *testing.T) {
	whole := config.Default()
	whole.BackupTo, whole.BackupS3Endpoint = "s3://safe/hexhub/prod", "https://s3.example.com"
	whole.BackupS3AccessKey, whole.BackupS3SecretKeyFile = "hub", "/run/secrets/s3"
	for _, c := range []struct {
		name  string
		spoil func(*config.Server)
		keys  string // of the problems
	}{
		{"bucket", func(*config.Server) {}, ""},
		{"bucket without a path", func(s *config.Server) { s.BackupTo = "s3://safe" }, ""},
		{"no bucket", func(s *config.Server) { s.BackupTo = "s3:///hexhub" }, "backup.to"},
		{"another scheme", func(s *config.Server) { *s = config.Default(); s.BackupTo = "ftp://safe" }, "backup.to"},
		{"bucket of nobody", func(s *config.Server) { *s = config.Default(); s.BackupTo = "s3://safe" }, "backup.s3.access-key backup.s3.endpoint backup.s3.secret-key-file"},
		{"server that is none", func(s *config.Server) { s.BackupS3Endpoint = "s3.example.com" }, "backup.s3.endpoint"},
		{"folder with a bucket's settings", func(s *config.Server) { s.BackupTo = "/mnt/safe" }, "backup.s3.access-key backup.s3.endpoint backup.s3.secret-key-file"},
		{"too often", func(s *config.Server) { s.BackupEvery = 1 }, "backup.every"},
		{"never", func(s *config.Server) { s.BackupKeep, s.BackupVerify = 0, -1 }, "backup.keep backup.verify"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := whole
			c.spoil(&s)
			var keys []string
			for _, p := range s.Check() {
				keys = append(keys, p.Key)
			}
			if got := strings.Join(keys, " "); got != c.keys {
				t.Errorf("problems with %q, want %q", got, c.keys)
			}
		})
	}
	if bucket, prefix, ok := whole.BackupBucket(); !ok || bucket != "safe" || prefix != "hexhub/prod" {
		t.Errorf("bucket %q, prefix %q, %v", bucket, prefix, ok)
	}
}

func TestClusterSettingsAreCheckedTogether(t *testing.T) {
	whole := config.Default()
	whole.ClusterListen, whole.ClusterAdvertise = ":4001", "hub-0.nodes:4001"
	whole.ClusterDiscover, whole.ClusterSecretFile = []string{"nodes:4001", "10.0.0.7:4001"}, "/run/secrets/cluster"
	for _, c := range []struct {
		name  string
		spoil func(*config.Server)
		key   string // of the problem; empty when there is none
	}{
		{"whole", func(*config.Server) {}, ""},
		{"nothing of it", func(s *config.Server) { *s = config.Default() }, ""},
		{"no way to it", func(s *config.Server) { s.ClusterListen, s.ClusterAdvertise = "", "" }, "cluster.listen"},
		{"way to nothing", func(s *config.Server) { *s = config.Default(); s.ClusterAdvertise = "hub-0:4001" }, "cluster.advertise"},
		{"way without a port", func(s *config.Server) { s.ClusterAdvertise = "hub-0" }, "cluster.advertise"},
		{"others without a port", func(s *config.Server) { s.ClusterDiscover = []string{"nodes"} }, "cluster.discover"},
		{"others at a port that is none", func(s *config.Server) { s.ClusterDiscover = []string{"nodes:cluster"} }, "cluster.discover"},
		{"others nowhere", func(s *config.Server) { s.ClusterDiscover = []string{":4001"} }, "cluster.discover"},
		{"no secret", func(s *config.Server) { s.ClusterSecretFile = "" }, "cluster.discover"},
		{"a secret for nobody", func(s *config.Server) { s.ClusterDiscover = nil }, "cluster.discover"},
		{"fewer than one node", func(s *config.Server) { s.ClusterSize = 0 }, "cluster.size"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := whole
			c.spoil(&s)
			problems := s.Check()
			switch {
			case c.key == "" && len(problems) > 0:
				t.Errorf("problems: %v", problems)
			case c.key != "" && (len(problems) != 1 || problems[0].Key != c.key):
				t.Errorf("problems: %v, want one about %s", problems, c.key)
			}
		})
	}
}

func TestEtcdSettingsAreCheckedTogether(t *testing.T) {
	whole := config.Default()
	whole.EtcdEndpoints, whole.EtcdCAFile = []string{"https://10.0.0.1:2379", "https://10.0.0.2:2379"}, "/ca.pem"
	whole.EtcdCertFile, whole.EtcdKeyFile, whole.EtcdUser, whole.EtcdPasswordFile = "/cert.pem", "/key.pem", "hub", "/password"
	for _, c := range []struct {
		name  string
		spoil func(*config.Server)
		keys  string // of the problems
	}{
		{"whole", func(*config.Server) {}, ""},
		{"nothing but one", func(s *config.Server) { *s = config.Default(); s.EtcdEndpoints = []string{"http://127.0.0.1:2379"} }, ""},
		{"none", func(s *config.Server) { s.EtcdEndpoints = nil }, "etcd.ca-file etcd.cert-file etcd.key-file etcd.password-file etcd.user"},
		{"no scheme", func(s *config.Server) { s.EtcdEndpoints = []string{"10.0.0.1:2379"} }, "etcd.endpoints"},
		{"two schemes", func(s *config.Server) { s.EtcdEndpoints[1] = "http://10.0.0.2:2379" }, "etcd.endpoints"},
		{"certificates in the clear", func(s *config.Server) { s.EtcdEndpoints = []string{"http://10.0.0.1:2379"} }, "etcd.endpoints"},
		{"certificate without key", func(s *config.Server) { s.EtcdKeyFile = "" }, "etcd.cert-file"},
		{"user without password", func(s *config.Server) { s.EtcdPasswordFile = "" }, "etcd.user"},
		{"all of etcd", func(s *config.Server) { s.EtcdPrefix = "/" }, "etcd.prefix"},
		{"half a name", func(s *config.Server) { s.EtcdPrefix = "/hub" }, "etcd.prefix"},
		{"a cluster port", func(s *config.Server) { s.ClusterListen = ":4001" }, "cluster.listen"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := whole
			s.EtcdEndpoints = slices.Clone(s.EtcdEndpoints)
			c.spoil(&s)
			var keys []string
			for _, p := range s.Check() {
				keys = append(keys, p.Key)
			}
			if got := strings.Join(keys, " "); got != c.keys {
				t.Errorf("problems with %q, want %q", got, c.keys)
			}
		})
	}
}

func TestTemplateIsItselfAGoodFile(t *testing.T) {
	var b strings.Builder
	if err := config.WriteTemplate(&b); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "hexhub.toml")
	uncommented := strings.ReplaceAll(b.String(), "\n#", "\n")
	var lines []string
	for line := range strings.Lines(uncommented) {
		if strings.Contains(line, " = ") && !strings.HasPrefix(line, " ") {
			lines = append(lines, line)
		}
	}
	if err := os.WriteFile(path, []byte(strings.Join(lines, "")), 0o600); err != nil {
		t.Fatal(err)
	}
	f, problems := config.Read(path)
	if len(problems) > 0 {
		t.Fatalf("%v\n%s", problems, strings.Join(lines, ""))
	}
	if s, problems := config.Load(f); len(problems) > 0 || s.Listen != config.Default().Listen {
		t.Fatalf("loaded %+v, %v", s, problems)
	}
	if len(lines) != len(config.Settings()) {
		t.Errorf("template has %d settings, want %d", len(lines), len(config.Settings()))
	}
}

func TestSourceTellsWhatWon(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hexhub.toml")
	if err := os.WriteFile(path, []byte("\nlisten = \":1\"\ndata = \"/d\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("HEXHUB_LISTEN", ":2")
	f, _ := config.Read(path)
	for key, want := range map[string]string{
		"listen": "HEXHUB_LISTEN (overrides " + path + ":2)", "data": path + ":3", "url": "default",
	} {
		x, _ := config.FindSetting(key)
		if got := f.Source(x); got != want {
			t.Errorf("source of %s = %q, want %q", key, got, want)
		}
	}
}

func FuzzFile(f *testing.F) {
	f.Add("listen = \":1\"\n[drain]\ntimeout = \"3s\"")
	f.Add("[[a]]\nb.c = {d = [1]}")
	f.Fuzz(func(t *testing.T, text string) {
		path := filepath.Join(t.TempDir(), "f")
		if os.WriteFile(path, []byte(text), 0o600) != nil {
			t.Skip()
		}
		config.Read(path) // must not panic
	})
}
