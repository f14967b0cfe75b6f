package seal_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"text/template"

	"pgregory.net/rapid"

	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/seal"
)

func keyFile(t testing.TB) string { return filepath.Join(t.TempDir(), "secret.key") }

func open(t testing.TB, path string) *seal.Sealer {
	t.Helper()
	s, err := seal.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestKeyIsMadeOnceAndKept(t *testing.T) {
	path := keyFile(t)
	first, second := open(t, path), open(t, path)
	if !bytes.Equal(first.Master(), second.Master()) {
		t.Error("opened again, the key is another")
	}
	if bytes.Equal(first.Master(), open(t, keyFile(t)).Master()) {
		t.Error("two servers have one key")
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode() != 0o600 || info.Size() != seal.KeySize {
		t.Errorf("the file is %v, %v", info, err)
	}
	if left, _ := os.ReadDir(filepath.Dir(path)); len(left) != 1 {
		t.Errorf("beside the key are %v", left)
	}
}

func TestFileThatIsNoKeyIsRefused(t *testing.T) {
	key := bytes.Repeat([]byte{7}, seal.KeySize)
	for _, c := range []struct {
		name  string
		bytes []byte
		mode  fs.FileMode
		says  string // "" if it is fine
	}{
		{"mode 0600", key, 0o600, ""},
		{"mode 0400", key, 0o400, ""},
		{"the group may read", key, 0o640, "chmod 600"},
		{"others may read", key, 0o604, "chmod 600"},
		{"others may write", key, 0o602, "chmod 600"},
		{"empty", nil, 0o600, "0 bytes"},
		{"short", key[1:], 0o600, "31 bytes"},
		{"long", append(key, '\n'), 0o600, "33 bytes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := keyFile(t)
			if err := errors.Join(os.WriteFile(path, c.bytes, 0o600), os.Chmod(path, c.mode)); err != nil {
				t.Fatal(err)
			}
			_, err := seal.Open(path)
			if c.says == "" {
				if err != nil {
					t.Errorf("refused: %v", err)
				}
				return
			}
			f, ok := errors.AsType[*fault.Error](err)
			if !ok || f.Kind != fault.Invalid || !strings.Contains(f.Message, c.says) || !strings.Contains(f.Message, path) {
				t.Errorf("Open = %v; want a fault about %s that says %q", err, path, c.says)
			}
			if now, _ := os.ReadFile(path); !bytes.Equal(now, c.bytes) {
				t.Error("a refused file was changed")
			}
		})
	}
	if _, err := seal.Open(t.TempDir()); !fault.Is(err, fault.Invalid) {
		t.Errorf("a directory: %v", err)
	}
	if _, err := seal.Open(filepath.Join(t.TempDir(), "absent", "secret.key")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a directory that is absent: %v", err)
	}
}

func TestInstallGivesAnotherNodeTheSameKey(t *testing.T) {
	s, path := open(t, keyFile(t)), keyFile(t)
	if err := seal.Install(path, s.Master()); err != nil {
		t.Fatal(err)
	}
	if got, err := open(t, path).Unseal("row", s.Seal("row", []byte("shared"))); string(got) != "shared" {
		t.Errorf("the other node reads %q, %v", got, err)
	}
	if err := seal.Install(path, make([]byte, seal.KeySize)); !errors.Is(err, fs.ErrExist) {
		t.Errorf("over a key: %v, want it to be left alone", err)
	}
	if !bytes.Equal(open(t, path).Master(), s.Master()) {
		t.Error("Install changed a key")
	}
	if err := seal.Install(keyFile(t), []byte("short")); err == nil {
		t.Error("a short key was installed")
	}
}

func TestManyThatMakeTheKeyGetOne(t *testing.T) {
	for range 20 {
		path := keyFile(t)
		keys := make([][]byte, 16)
		var wg sync.WaitGroup
		for i := range keys {
			wg.Go(func() {
				s, err := seal.Open(path)
				if err != nil {
					t.Error(err)
					return
				}
				keys[i] = s.Master()
			})
		}
		wg.Wait()
		for _, k := range keys {
			if !bytes.Equal(k, keys[0]) {
				t.Fatal("one of those who made the key at once has another")
			}
		}
	}
}

// The test binary run again is another process that starts on the same directory.
func TestTwoProcessesGetOneKey(t *testing.T) {
	if path := os.Getenv("SEAL_TEST_KEY"); path != "" {
		io.Copy(io.Discard, os.Stdin) // until the parent says
		s, err := seal.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Printf("key %x\n", s.Derive("test"))
		return
	}
	path := keyFile(t)
	var out [4]bytes.Buffer
	var cmds [len(out)]*exec.Cmd
	var starts [len(out)]io.Closer
	for i := range cmds {
		cmds[i] = exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestTwoProcessesGetOneKey$")
		cmds[i].Env = append(os.Environ(), "SEAL_TEST_KEY="+path)
		cmds[i].Stdout = &out[i]
		in, err := cmds[i].StdinPipe()
		if err := errors.Join(err, cmds[i].Start()); err != nil {
			t.Fatal(err)
		}
		starts[i] = in
	}
	for _, s := range starts {
		s.Close()
	}
	for i, cmd := range cmds {
		if err := cmd.Wait(); err != nil {
			t.Fatalf("%v: %s", err, &out[i])
		}
	}
	want := fmt.Sprintf("key %x\n", open(t, path).Derive("test"))
	for i := range out {
		if !strings.HasPrefix(out[i].String(), want) {
			t.Errorf("process %d printed %q, want %q", i, &out[i], want)
		}
	}
}

func TestDeriveIsHKDF(t *testing.T) {
	path := keyFile(t)
	if err := seal.Install(path, make([]byte, seal.KeySize)); err != nil {
		t.Fatal(err)
	}
	s := open(t, path)
	// openssl kdf -keylen 32 -kdfopt digest:SHA256 -kdfopt hexkey:00… -kdfopt info:hexhub/derive/cookie HKDF
	const want = "77492f1380acf0509ff28d111f1e16223927fd733fc84ce6aba6d49d4f411f53"
	if got := hex.EncodeToString(s.Derive("cookie")); got != want {
		t.Errorf("Derive = %s, want %s", got, want)
	}
	if bytes.Equal(s.Derive("cookie"), s.Derive("cookies")) {
		t.Error("two labels have one key")
	}
}

func TestOnlyWhatWasSealedUnseals(t *testing.T) {
	s, other := open(t, keyFile(t)), open(t, keyFile(t))
	rapid.Check(t, func(t *rapid.T) {
		plain := rapid.SliceOfN(rapid.Byte(), 0, 100).Draw(t, "plain")
		label := rapid.String().Draw(t, "label")
		sealed := s.Seal(label, plain)
		if got, err := s.Unseal(label, sealed); err != nil || !bytes.Equal(got, plain) {
			t.Fatalf("Unseal(Seal) = %x, %v", got, err)
		}
		if len(sealed) != len(plain)+29 {
			t.Fatalf("%d bytes for %d", len(sealed), len(plain))
		}
		refuse := func(what string, s *seal.Sealer, label string, sealed []byte) {
			if got, err := s.Unseal(label, sealed); !errors.Is(err, seal.ErrUnseal) || got != nil {
				t.Fatalf("%s: %x, %v; want ErrUnseal", what, got, err)
			}
		}
		tampered := bytes.Clone(sealed)
		tampered[rapid.IntRange(0, len(sealed)-1).Draw(t, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		refuse("a flipped bit", s, label, tampered)
		refuse("a cut end", s, label, sealed[:rapid.IntRange(0, len(sealed)-1).Draw(t, "cut")])
		refuse("an added byte", s, label, append(bytes.Clone(sealed), 0))
		refuse("another label", s, label+"x", sealed)
		refuse("another server's key", other, label, sealed)
		if bytes.Equal(sealed, s.Seal(label, plain)) {
			t.Fatal("sealed twice, the bytes are equal")
		}
	})
}

// A derived key may be handed to others, so it must not open what is sealed.
func TestDerivedKeyDoesNotUnseal(t *testing.T) {
	s := open(t, keyFile(t))
	sealed := s.Seal("row", []byte("plain"))
	block, err := aes.NewCipher(s.Derive("row"))
	if err != nil {
		t.Fatal(err)
	}
	gcm, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := gcm.Open(nil, nil, sealed[1:], []byte("\x01row")); err == nil {
		t.Error("the key of label row opens what is sealed under row")
	}
}

func FuzzUnseal(f *testing.F) {
	s := open(f, keyFile(f))
	f.Add([]byte(nil))
	f.Add([]byte{1})
	f.Add(make([]byte, 29))
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := s.Unseal("row", b); !errors.Is(err, seal.ErrUnseal) {
			t.Errorf("%x unsealed: %v", b, err)
		}
	})
}

const canary = "canary-5f3a"

// leaks reports whether out shows the canary in any of the ways in which it might.
func leaks(out string) bool {
	out = strings.ToLower(strings.ReplaceAll(out, " ", ""))
	return strings.Contains(out, canary) ||
		strings.Contains(out, hex.EncodeToString([]byte(canary))) ||
		strings.Contains(out, strings.ReplaceAll(strings.Trim(fmt.Sprintf("%d", []byte(canary)), "[]"), " ", ""))
}

func TestSecretDoesNotShowItself(t *testing.T) {
	s := seal.NewSecret(canary)
	type hidden struct {
		name   string
		secret seal.Secret
		list   []seal.Secret
		byName map[string]*seal.Secret
		any    any
	}
	type shown struct {
		Secret seal.Secret
		ByName map[string]seal.Secret
	}
	in := hidden{"x", s, []seal.Secret{s}, map[string]*seal.Secret{"a": &s}, s}
	out := shown{s, map[string]seal.Secret{"a": s}}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "% x", "%d", "%t", "%p", "%10.3s"} {
		for name, v := range map[string]any{"itself": s, "pointer": &s, "unexported": in, "to unexported": &in, "exported": out} {
			if got := fmt.Sprintf(verb, v); leaks(got) {
				t.Errorf("A20 %s of %s: %s", verb, name, got)
			}
		}
	}
	for _, verb := range []string{"%v", "%#v", "%s", "%q", "%x", "%d", "%t"} {
		if got := fmt.Sprintf(verb, s); got != "[secret]" {
			t.Errorf("%s shows %s", verb, got)
		}
	}
	var logs bytes.Buffer
	for _, h := range []slog.Handler{slog.NewTextHandler(&logs, nil), slog.NewJSONHandler(&logs, nil)} {
		slog.New(h).Info("m", "secret", s, "in", in, "out", out, slog.Group("g", "s", &s), "err", fmt.Errorf("%v", s))
	}
	asJSON, err1 := json.Marshal(out)
	asXML, err2 := xml.Marshal(s)
	err3 := template.Must(template.New("").Parse("{{.}} {{.Secret}} {{printf \"%q\" .Secret}}")).Execute(&logs, out)
	if err := errors.Join(err1, err2, err3); err != nil {
		t.Fatal(err)
	}
	for name, got := range map[string]string{
		"log and template": logs.String(), "JSON": string(asJSON), "XML": string(asXML),
		"GoString": s.GoString(), "String": s.String(), "panic": panicText(in),
	} {
		if leaks(got) {
			t.Errorf("A20 %s: %s", name, got)
		}
		if name != "panic" && !strings.Contains(got, "[secret]") {
			t.Errorf("%s does not show that there is a secret: %s", name, got)
		}
	}
	if s.Reveal() != canary {
		t.Errorf("Reveal = %q", s.Reveal())
	}
}

func panicText(v any) (text string) {
	defer func() { text = fmt.Sprint(recover()) }()
	panic(v)
}

func TestSealerDoesNotShowItsKey(t *testing.T) {
	path := keyFile(t)
	if err := seal.Install(path, []byte(canary+strings.Repeat("-", seal.KeySize-len(canary)))); err != nil {
		t.Fatal(err)
	}
	s := open(t, path)
	for _, v := range []any{s, *s, struct{ s *seal.Sealer }{s}, struct{ s seal.Sealer }{*s}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
			if got := fmt.Sprintf(verb, v); leaks(got) {
				t.Errorf("A20 %s: %s", verb, got)
			}
		}
	}
}

func TestSecretIsReadFromText(t *testing.T) {
	var c struct{ Password seal.Secret }
	if err := json.Unmarshal([]byte(`{"Password":"`+canary+`"}`), &c); err != nil || c.Password.Reveal() != canary {
		t.Errorf("read %q, %v", c.Password.Reveal(), err)
	}
	printed, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(printed, &c); err == nil {
		t.Error("the mask was taken for a secret")
	}
	var none seal.Secret
	if none.Reveal() != "" || none.String() != "" || seal.NewSecret("").String() != "" {
		t.Error("a secret that is not set looks set")
	}
}

func BenchmarkSeal1KiB(b *testing.B) {
	s, plain := open(b, keyFile(b)), make([]byte, 1024)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Unseal("row", s.Seal("row", plain)); err != nil {
			b.Fatal(err)
		}
	}
}
