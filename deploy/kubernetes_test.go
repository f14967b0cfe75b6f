package deploy

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"helm.sh/helm/v4/pkg/chart"
	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/engine"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/fake"
)

var update = flag.Bool("update", false, "write kubernetes/ anew")

// account is whom the image runs as.
const account = 65532

// cases are values that people may give the chart.
var cases = map[string]map[string]any{
	"least": {},
	"one":   {"replicas": 1},
	"most": {
		"replicas":       5,
		"clusterSecret":  "between-us",
		"image":          map[string]any{"repository": "registry.example.com/hexhub", "tag": "1.2.3", "pullPolicy": "Always", "pullSecrets": []any{"pull"}},
		"settings":       map[string]any{"registration": "open", "trusted.proxies": "10.0.0.0/8", "blob.copies": 3, "mail.smtp": "smtp.example.com:587", "mail.from": "hub@example.com", "mail.username": "hub", "mail.password-file": "/etc/hexhub/files/smtp"},
		"files":          "hexhub-files",
		"storage":        map[string]any{"size": "100Gi", "className": "local"},
		"service":        map[string]any{"type": "LoadBalancer", "port": 443, "annotations": map[string]any{"a": "b"}},
		"ingress":        map[string]any{"enabled": true, "className": "nginx", "annotations": map[string]any{"c": "d"}, "tlsSecret": "tls"},
		"networkPolicy":  map[string]any{"monitoring": "watch"},
		"spread":         "ScheduleAnyway",
		"stopSeconds":    90,
		"podAnnotations": map[string]any{"e": "f"},
		"nodeSelector":   map[string]any{"disk": "fast"},
		"tolerations":    []any{map[string]any{"key": "registry", "operator": "Exists"}},
	},
	"without a policy": {"networkPolicy": map[string]any{"enabled": false}},
}

// render returns the chart's files by name, of a release called hexhub.
func render(t *testing.T, service string, values map[string]any) (map[string]string, error) {
	t.Helper()
	return renderIn(t, nil, service, values)
}

// renderIn is render where there is a cluster that templates can ask, unless it is nil.
func renderIn(t *testing.T, cluster engine.ClientProvider, service string, values map[string]any) (map[string]string, error) {
	t.Helper()
	loaded, err := loader.LoadDir("helm/hexhub")
	if err != nil {
		t.Fatal(err)
	}
	if err := loaded.Validate(); err != nil {
		t.Fatal(err)
	}
	values = maps.Clone(values)
	if _, ok := values["url"]; !ok {
		values["url"] = "https://hub.example.com"
	}
	all, err := util.ToRenderValues(loaded, values, common.ReleaseOptions{Name: "hexhub", Namespace: "hexhub", IsInstall: true}, nil)
	if err != nil {
		return nil, err
	}
	all["Release"].(map[string]any)["Service"] = service
	ask := func(c chart.Charter, v common.Values) (map[string]string, error) {
		return engine.Engine{Strict: true}.RenderWithContext(t.Context(), c, v)
	}
	if cluster != nil {
		ask = func(c chart.Charter, v common.Values) (map[string]string, error) {
			return engine.RenderWithClientProvider(c, v, cluster)
		}
	}
	files, err := ask(loaded, all)
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for name, text := range files {
		if filepath.Ext(name) == ".yaml" && strings.TrimSpace(text) != "" {
			out[filepath.Base(name)] = strings.TrimSpace(text) + "\n"
		}
	}
	return out, nil
}

// An installation is everything that Kubernetes is told.
type installation struct {
	set      appsv1.StatefulSet
	site     corev1.Service
	nodes    corev1.Service
	account  corev1.ServiceAccount
	secret   *corev1.Secret // nil if somebody else makes it
	budget   policyv1.PodDisruptionBudget
	policies []networkingv1.NetworkPolicy
	ingress  []networkingv1.Ingress
}

var kind = regexp.MustCompile(`(?m)^kind: (\w+)$`)

// install decodes files, each of which holds one object.
func install(t *testing.T, files map[string]string) installation {
	t.Helper()
	var in installation
	seen := map[string]bool{}
	for name, text := range files {
		found := kind.FindAllStringSubmatch(text, -1)
		if len(found) != 1 {
			t.Fatalf("%s holds %d objects, want one", name, len(found))
		}
		seen[name] = true
		switch k := found[0][1]; k {
		case "StatefulSet":
			in.set = decode[appsv1.StatefulSet](t, text)
		case "Service":
			if s := decode[corev1.Service](t, text); s.Spec.ClusterIP == corev1.ClusterIPNone {
				in.nodes = s
			} else {
				in.site = s
			}
		case "ServiceAccount":
			in.account = decode[corev1.ServiceAccount](t, text)
		case "Secret":
			made := decode[corev1.Secret](t, text)
			in.secret = &made
		case "PodDisruptionBudget":
			in.budget = decode[policyv1.PodDisruptionBudget](t, text)
		case "NetworkPolicy":
			in.policies = append(in.policies, decode[networkingv1.NetworkPolicy](t, text))
		case "Ingress":
			in.ingress = append(in.ingress, decode[networkingv1.Ingress](t, text))
		default:
			t.Fatalf("%s: nothing here knows a %s", name, k)
		}
	}
	for _, name := range []string{"statefulset.yaml", "service.yaml", "nodes.yaml", "serviceaccount.yaml", "poddisruptionbudget.yaml"} {
		if !seen[name] {
			t.Fatalf("there is no %s", name)
		}
	}
	return in
}

// pod is the template of the set's pods, and hexhub the one container in it.
func (in installation) pod() corev1.PodSpec      { return in.set.Spec.Template.Spec }
func (in installation) hexhub() corev1.Container { return in.pod().Containers[0] }

// env is what the container's environment says on the first node.
func (in installation) env() map[string]string {
	env := map[string]string{}
	for _, e := range in.hexhub().Env {
		if e.ValueFrom != nil && e.ValueFrom.FieldRef != nil && e.ValueFrom.FieldRef.FieldPath == "metadata.name" {
			e.Value = in.set.Name + "-0"
		}
		for name, value := range env {
			e.Value = strings.ReplaceAll(e.Value, "$("+name+")", value)
		}
		env[e.Name] = e.Value
	}
	return env
}

// installations runs check on the chart with all values, and on the plain manifests.
func installations(t *testing.T, check func(*testing.T, installation)) {
	t.Helper()
	for name, values := range cases {
		t.Run(name, func(t *testing.T) {
			files, err := render(t, "Helm", values)
			if err != nil {
				t.Fatal(err)
			}
			check(t, install(t, files))
		})
	}
	t.Run("plain", func(t *testing.T) { check(t, install(t, manifests(t))) })
}

// manifests reads the plain files.
func manifests(t *testing.T) map[string]string {
	t.Helper()
	names, err := filepath.Glob("kubernetes/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, name := range names {
		files[filepath.Base(name)] = read(t, name)
	}
	return files
}

// There is one truth, the chart; who does without Helm takes what it makes of its defaults.
// The Secret they make themselves, since what is published is none.
func TestManifestsAreWhatTheChartMakes(t *testing.T) {
	files, err := render(t, "kubectl", map[string]any{})
	if err != nil {
		t.Fatal(err)
	}
	delete(files, "secret.yaml")
	if *update {
		for name, text := range files {
			if err := os.WriteFile(filepath.Join("kubernetes", name), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got := manifests(t); !maps.Equal(got, files) {
		t.Errorf("kubernetes/ has %q, and the chart makes other files or texts: go test . -run %s -update",
			slices.Sorted(maps.Keys(got)), t.Name())
	}
}

func TestSettingsOfPodsAreTheProducts(t *testing.T) {
	installations(t, func(t *testing.T, in installation) {
		checkEnvironment(t, in.env())
		checkCommand(t, in.hexhub().Args...)
		if len(in.hexhub().Command) > 0 {
			t.Error("the image's entry point is replaced")
		}
		names := map[string]bool{}
		for _, e := range in.hexhub().Env {
			if names[e.Name] {
				t.Errorf("%s occurs twice", e.Name)
			}
			names[e.Name] = true
		}
		if on := in.pod().EnableServiceLinks; on == nil || *on {
			t.Error("Kubernetes adds variables of Services, which begin with HEXHUB_ as settings do")
		}
	})
}

// What the chart knows by itself nobody else says, and what it does not know it refuses.
func TestChartRefusesWhatItCannotMean(t *testing.T) {
	for name, values := range map[string]map[string]any{
		"a setting of its own": {"settings": map[string]any{"data": "/elsewhere"}},
		"a misspelt value":     {"replica": 3},
		"an even number":       {"replicas": 2},
		"no address":           {"url": ""},
		"an address with path": {"url": "https://hub.example.com/hex"},
		"a setting as a flag":  {"settings": map[string]any{"--registration": "open"}},
		"too short a stop":     {"stopSeconds": 30},
	} {
		if _, err := render(t, "Helm", values); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

func TestSelectorsFindThePodsAndNothingElse(t *testing.T) {
	installations(t, func(t *testing.T, in installation) {
		pods := labels.Set(in.set.Spec.Template.Labels)
		find := func(what string, selector map[string]string) {
			t.Helper()
			if len(selector) < 2 || !labels.SelectorFromSet(selector).Matches(pods) {
				t.Errorf("%s looks for %v, and the pods are %v", what, selector, pods)
			}
		}
		find("the set", in.set.Spec.Selector.MatchLabels)
		find("the site's Service", in.site.Spec.Selector)
		find("the nodes' Service", in.nodes.Spec.Selector)
		find("the budget", in.budget.Spec.Selector.MatchLabels)
		for _, c := range in.pod().TopologySpreadConstraints {
			find("spreading", c.LabelSelector.MatchLabels)
		}
		for _, p := range in.policies {
			find("the policy", p.Spec.PodSelector.MatchLabels)
		}
	})
}

func TestPortsLeadToWhatListensThere(t *testing.T) {
	installations(t, func(t *testing.T, in installation) {
		env, open := in.env(), map[string]int32{}
		for _, p := range in.hexhub().Ports {
			open[p.Name] = p.ContainerPort
		}
		for name, listen := range map[string]string{"http": "HEXHUB_LISTEN", "cluster": "HEXHUB_CLUSTER_LISTEN", "ops": "HEXHUB_OPS_LISTEN"} {
			if env[listen] != fmt.Sprintf(":%d", open[name]) {
				t.Errorf("port %s is %d, and %s=%s", name, open[name], listen, env[listen])
			}
		}
		for _, p := range append(slices.Clone(in.site.Spec.Ports), in.nodes.Spec.Ports...) {
			if _, ok := open[p.TargetPort.StrVal]; !ok {
				t.Errorf("a Service leads to port %v, which pods do not have", p.TargetPort)
			}
		}
		for _, p := range in.site.Spec.Ports {
			if p.TargetPort.StrVal != "http" {
				t.Errorf("the site's Service leads to %v", p.TargetPort)
			}
		}
		// Other nodes are reached at their own ports, not the Service's.
		for _, p := range in.nodes.Spec.Ports {
			if p.Port != open[p.TargetPort.StrVal] {
				t.Errorf("port %s is %d at the Service and %d at pods", p.Name, p.Port, open[p.TargetPort.StrVal])
			}
		}
		want := fmt.Sprintf("%s-0.%s:%d", in.set.Name, in.nodes.Name, open["cluster"])
		if got := env["HEXHUB_CLUSTER_ADVERTISE"]; got != want || in.set.Spec.ServiceName != in.nodes.Name {
			t.Errorf("the first node says it is at %s, and its name is %s", got, want)
		}
		if !in.nodes.Spec.PublishNotReadyAddresses || in.set.Spec.PodManagementPolicy != appsv1.ParallelPodManagement {
			t.Error("nodes wait for each other before they can find each other")
		}
		for _, i := range in.ingress {
			for _, r := range i.Spec.Rules {
				to := r.HTTP.Paths[0].Backend.Service
				if r.Host != "hub.example.com" || to.Name != in.site.Name || to.Port.Name != in.site.Spec.Ports[0].Name {
					t.Errorf("%s leads to %+v", r.Host, to)
				}
			}
		}
	})
}

// A node without data looks for the others at the Service that has all pods, and waits for as many as there are.
func TestNodesFindEachOther(t *testing.T) {
	installations(t, func(t *testing.T, in installation) {
		env := in.env()
		if want := fmt.Sprintf("%s:%d", in.nodes.Name, in.nodes.Spec.Ports[0].Port); env["HEXHUB_CLUSTER_DISCOVER"] != want || in.nodes.Spec.ClusterIP != corev1.ClusterIPNone {
			t.Errorf("others are looked for at %s, want %s, a name that has all their addresses", env["HEXHUB_CLUSTER_DISCOVER"], want)
		}
		if got := fmt.Sprint(*in.set.Spec.Replicas); env["HEXHUB_CLUSTER_SIZE"] != got {
			t.Errorf("%s nodes are waited for, and there are %s", env["HEXHUB_CLUSTER_SIZE"], got)
		}
		if env["HEXHUB_NODE_NAME"] != in.set.Name+"-0" {
			t.Errorf("the first node is called %s, which does not stay with its pod", env["HEXHUB_NODE_NAME"])
		}
		dir, key := filepath.Split(env["HEXHUB_CLUSTER_SECRET_FILE"])
		from := ""
		for _, m := range in.hexhub().VolumeMounts {
			for _, v := range in.pod().Volumes {
				if m.MountPath == filepath.Clean(dir) && m.Name == v.Name && v.Secret != nil {
					from = v.Secret.SecretName
				}
			}
		}
		switch {
		case from == "":
			t.Errorf("no Secret is at %s", dir)
		case in.secret != nil && (in.secret.Name != from || len(in.secret.Data[key]) < 32):
			t.Errorf("the Secret %s has %d bytes under %s, and the pods want 32 of %s", in.secret.Name, len(in.secret.Data[key]), key, from)
		case in.secret == nil && !strings.Contains(read(t, "README.md"), from+" --from-literal "+key+"=") && from != "between-us":
			t.Errorf("nobody makes the Secret %s with the entry %s", from, key)
		}
	})
}

// secrets is a cluster in which there are some.
type secrets []runtime.Object

// GetClientFor implements engine.ClientProvider.
func (s secrets) GetClientFor(string, string) (dynamic.NamespaceableResourceInterface, bool, error) {
	scheme := runtime.NewScheme()
	if err := corev1.AddToScheme(scheme); err != nil {
		return nil, false, err
	}
	return fake.NewSimpleDynamicClient(scheme, s...).Resource(corev1.SchemeGroupVersion.WithResource("secrets")), true, nil
}

// Whoever upgrades keeps the Secret, or nodes that lost their data could not come back.
func TestSecretIsMadeOnce(t *testing.T) {
	made := func(t *testing.T, existing secrets) string {
		t.Helper()
		files, err := renderIn(t, existing, "Helm", map[string]any{})
		if err != nil {
			t.Fatal(err)
		}
		return string(decode[corev1.Secret](t, files["secret.yaml"]).Data["secret"])
	}
	first := made(t, nil)
	if first == made(t, nil) {
		t.Error("two installations have the same secret")
	}
	kept := &corev1.Secret{Data: map[string][]byte{"secret": []byte(first)}}
	kept.Name, kept.Namespace = "hexhub-cluster", "hexhub"
	if got := made(t, secrets{kept}); got != first {
		t.Errorf("an upgrade makes %q of %q", got, first)
	}
	files, err := render(t, "Helm", map[string]any{"clusterSecret": "between-us"})
	if err != nil || files["secret.yaml"] != "" {
		t.Errorf("one is made beside the one that was named: %q, %v", files["secret.yaml"], err)
	}
}

// The paths are asked of a running node, so that they are the product's.
func TestProbesAskWhatANodeAnswers(t *testing.T) {
	paths := map[string]bool{}
	installations(t, func(t *testing.T, in installation) {
		c := in.hexhub()
		for name, p := range map[string]*corev1.Probe{"startup": c.StartupProbe, "liveness": c.LivenessProbe, "readiness": c.ReadinessProbe} {
			if p == nil || p.HTTPGet == nil || p.HTTPGet.Port != intstr.FromString("ops") {
				t.Fatalf("%s: not asked at the port for that", name)
			}
			if want := map[bool]string{true: "/readyz", false: "/healthz"}[name == "readiness"]; p.HTTPGet.Path != want {
				t.Errorf("%s asks %s, want %s: a node that only waits for others must not be killed for it", name, p.HTTPGet.Path, want)
			}
			paths[p.HTTPGet.Path] = true
		}
	})
	routes := read(t, "../internal/surface/ops/ops.go")
	for path := range paths {
		if !strings.Contains(routes, `"GET `+path+`"`) {
			t.Errorf("no node answers %s", path)
		}
	}
}

func TestPodsHaveTimeToStop(t *testing.T) {
	installations(t, func(t *testing.T, in installation) {
		pause := in.hexhub().Lifecycle.PreStop.Sleep
		if pause == nil || pause.Seconds < 2 {
			t.Fatal("the node stops before Services know")
		}
		grace := time.Duration(*in.pod().TerminationGracePeriodSeconds) * time.Second
		if need := time.Duration(pause.Seconds)*time.Second + drain(t); grace <= need {
			t.Errorf("killed after %v, before its requests may finish (%v)", grace, need)
		}
		if n := in.budget.Spec.MaxUnavailable; n == nil || *n != intstr.FromInt32(1) {
			t.Errorf("budget %v: two nodes at once are a majority of three", n)
		}
	})
}

// The strictest of Kubernetes' pod security standards, and nothing to talk to it with.
func TestPodsAreRestricted(t *testing.T) {
	no, yes := false, true
	is := func(b *bool, want bool) bool { return b != nil && *b == want }
	installations(t, func(t *testing.T, in installation) {
		pod, c := in.pod().SecurityContext, in.hexhub().SecurityContext
		if !is(pod.RunAsNonRoot, yes) || *pod.RunAsUser != account || *pod.RunAsGroup != account || *pod.FSGroup != account {
			t.Errorf("the pod runs as %+v, and the image as %d", pod, account)
		}
		if pod.SeccompProfile.Type != corev1.SeccompProfileTypeRuntimeDefault {
			t.Error("any system call may be made")
		}
		if !is(c.AllowPrivilegeEscalation, no) || !is(c.ReadOnlyRootFilesystem, yes) || !slices.Equal(c.Capabilities.Drop, []corev1.Capability{"ALL"}) || len(c.Capabilities.Add) > 0 {
			t.Errorf("the container may do more than it needs: %+v", c)
		}
		if !is(in.pod().AutomountServiceAccountToken, no) || !is(in.account.AutomountServiceAccountToken, no) || in.pod().ServiceAccountName != in.account.Name {
			t.Error("the pod has a token for Kubernetes")
		}
		if p := in.pod(); p.HostNetwork || p.HostPID || p.HostIPC || len(p.Containers) != 1 || len(p.InitContainers) > 0 {
			t.Error("the pod is more than a node by itself")
		}
	})
}

// Kubernetes opens the files of a volume to the pod's group whenever the volume's root does not look as it wants.
// hexhub refuses keys that are open, so that root must stay as it is, and the data lie below.
func TestDataAreInAVolumeAndStayClosed(t *testing.T) {
	installations(t, func(t *testing.T, in installation) {
		volumes, mounts := map[string]bool{}, map[string]string{}
		for _, v := range in.pod().Volumes {
			volumes[v.Name] = true
			if v.HostPath != nil {
				t.Errorf("volume %s is of the machine", v.Name)
			}
		}
		for _, v := range in.set.Spec.VolumeClaimTemplates {
			volumes[v.Name] = true
			if v.Spec.Resources.Requests.Storage().IsZero() {
				t.Errorf("volume %s has no size", v.Name)
			}
		}
		for _, m := range in.hexhub().VolumeMounts {
			mounts[m.MountPath] = m.Name
			if !volumes[m.Name] {
				t.Errorf("%s is mounted, and there is no volume %s", m.MountPath, m.Name)
			}
		}
		if len(mounts) != len(volumes) {
			t.Errorf("mounts %v of volumes %v", mounts, volumes)
		}
		if mounts["/tmp"] == "" {
			t.Error("there is no place for temporary files")
		}
		data := in.env()["HEXHUB_DATA"]
		if name := mounts[filepath.Dir(data)]; len(in.set.Spec.VolumeClaimTemplates) != 1 || name != in.set.Spec.VolumeClaimTemplates[0].Name {
			t.Errorf("data are in %s, which is not below the root of a volume that lasts", data)
		}
		if p := in.pod().SecurityContext.FSGroupChangePolicy; p == nil || *p != corev1.FSGroupChangeOnRootMismatch {
			t.Error("each start opens all files to the group")
		}
	})
}

func TestOnlyNodesReachTheClusterPort(t *testing.T) {
	installations(t, func(t *testing.T, in installation) {
		for _, p := range in.policies {
			if !slices.Equal(p.Spec.PolicyTypes, []networkingv1.PolicyType{networkingv1.PolicyTypeIngress}) {
				t.Errorf("policy of %v; nodes must reach mail servers and buckets", p.Spec.PolicyTypes)
			}
			open := map[string][]networkingv1.NetworkPolicyPeer{}
			for _, rule := range p.Spec.Ingress {
				if len(rule.Ports) != 1 {
					t.Fatalf("a rule for ports %v", rule.Ports)
				}
				open[rule.Ports[0].Port.StrVal] = rule.From
			}
			if from, ok := open["http"]; !ok || len(from) > 0 {
				t.Errorf("the site is open to %v", from)
			}
			from := open["cluster"]
			if len(from) != 1 || from[0].NamespaceSelector != nil || !maps.Equal(from[0].PodSelector.MatchLabels, in.set.Spec.Selector.MatchLabels) {
				t.Errorf("the cluster port is open to %+v", from)
			}
			if from := open["ops"]; len(from) != 2 || len(open) != 3 {
				t.Errorf("health and metrics are open to %+v", from)
			}
			for _, peer := range open["ops"] {
				if peer.NamespaceSelector != nil && len(peer.NamespaceSelector.MatchLabels) == 0 {
					t.Error("health and metrics are open to every namespace")
				}
			}
		}
	})
}
