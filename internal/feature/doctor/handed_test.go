package doctor_test

import (
	"os"
	"testing"

	"hexhub/internal/feature/doctor"
)

// Kubernetes mounts secrets as root's files, open to the pod's group alone.
func TestSecretsThatAContainerIsHandedAreWell(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give files away")
	}
	p := newPatient(t)
	p.serve()
	p.Server.Private = []string{p.leave("password", 0)}
	for mode, want := range map[os.FileMode]doctor.Level{0o440: doctor.OK, 0o444: doctor.Fail, 0o460: doctor.Fail} {
		p.check(os.Chmod(p.Server.Private[0], mode))
		p.check(os.Chown(p.Server.Private[0], 12345, 12345))
		if found := doctor.Run(t.Context(), p.Deps, []string{"private-files"}); found[0].Level != want {
			t.Errorf("mode %o: %+v, want %s", mode, found[0], want)
		}
	}
}
