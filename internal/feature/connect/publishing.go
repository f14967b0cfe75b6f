package connect

import "fmt"

// Publishing returns one guide for each client on how to publish a first package, mix first.
func Publishing(r Registry) []Guide {
	if r.Key == "" {
		r.Key = Placeholder
	}
	environment := fmt.Sprintf("export HEX_API_URL=%s/api\nread -rs HEX_API_KEY && export HEX_API_KEY", r.URL)
	return []Guide{
		{Client: "publish-mix", Title: "Elixir with mix", Steps: []Step{
			{Say: "Say what the package is. The description and a licence are required.", Where: "mix.exs", Text: `def project do
  [
    app: :demo,
    version: "0.1.0",
    description: "What it does, in a sentence.",
    package: [licenses: ["Apache-2.0"], links: %{}],
    deps: deps()
  ]
end`},
			{Say: "Give mix the address and your key; paste the key when it waits. Without the address, the package goes to hex.pm.", Text: environment},
			{Say: "Look at what goes in, and publish.", Text: "mix hex.build\nmix hex.publish package"},
		}},
		{Client: "publish-rebar3", Title: "Erlang with rebar3", Steps: []Step{
			{Say: "Say what the package is.", Where: "src/demo.app.src", Text: `{application, demo, [
    {vsn, "0.1.0"},
    {description, "What it does, in a sentence."},
    {licenses, ["Apache-2.0"]},
    {links, []}
]}.`},
			{Say: "Add the plugin, and the repository as the page on connecting says.", Where: "rebar.config", Text: "{project_plugins, [rebar3_hex]}."},
			{Say: "Publish. Paste your key when the first line waits.", Text: fmt.Sprintf("read -rs HEX_API_KEY && export HEX_API_KEY\nrebar3 hex publish -r %s", r.Repository)},
		}},
		{Client: "publish-gleam", Title: "Gleam", Steps: []Step{
			{Say: "Say what the package is.", Where: "gleam.toml", Text: "name = \"demo\"\nversion = \"0.1.0\"\ndescription = \"What it does, in a sentence.\"\nlicences = [\"Apache-2.0\"]"},
			{
				Say:  "Released Gleam publishes to hex.pm only, so pack the package with it and hand it in with hexhub.",
				Text: fmt.Sprintf("gleam export hex-tarball\nHEXHUB_SERVER=%s HEXHUB_API_KEY=%s hexhub publish build/*.tar", r.URL, r.Key),
			},
		}},
	}
}

// Machines returns guides for what builds without a person: pipelines, images and Nix.
func Machines(r Registry) []Guide {
	add := fmt.Sprintf("mix hex.repo add %s %s/repo --fetch-public-key %s", r.Repository, r.URL, r.Fingerprint)
	if r.Repository == "hexpm" {
		add = fmt.Sprintf("mix hex.repo set hexpm --url %s/repo", r.URL)
	}
	return []Guide{
		{Client: "github", Title: "GitHub Actions", Steps: []Step{
			{Say: "Public packages need no key.", Where: ".github/workflows/ci.yml", Text: fmt.Sprintf(`- uses: erlef/setup-beam@v1
  with: {otp-version: "27", elixir-version: "1.18"}
- run: mix local.hex --force && %s
- run: mix deps.get && mix test`, add)},
			{Say: "To publish, make a key that may publish one package, and keep it as the secret HEX_API_KEY.", Where: ".github/workflows/release.yml", Text: fmt.Sprintf(`- run: mix hex.publish package --yes
  env:
    HEX_API_URL: %s/api
    HEX_API_KEY: ${{ secrets.HEX_API_KEY }}`, r.URL)},
		}},
		{Client: "gitlab", Title: "GitLab CI", Steps: []Step{
			{Say: "Keep the key as the masked variable HEX_API_KEY.", Where: ".gitlab-ci.yml", Text: fmt.Sprintf(`default:
  image: elixir:1.18
  before_script:
    - mix local.hex --force && mix local.rebar --force
    - %s

test:
  script: [mix deps.get, mix test]

publish:
  rules: [{if: $CI_COMMIT_TAG}]
  variables: {HEX_API_URL: %s/api}
  script: [mix deps.get, mix hex.publish package --yes]`, add, r.URL)},
		}},
		{Client: "docker", Title: "Docker", Steps: []Step{
			{Say: "Add the repository before the dependencies are fetched, so that both layers are kept.", Where: "Dockerfile", Text: fmt.Sprintf(`FROM elixir:1.18
WORKDIR /app
RUN mix local.hex --force && mix local.rebar --force
RUN %s
COPY mix.exs mix.lock ./
RUN mix deps.get
COPY . .
RUN mix compile`, add)},
		}},
		{Client: "nix", Title: "Nix", Steps: []Step{
			{Say: "Nix fetches the tarball of a release by its hash, which nix-prefetch-url tells.", Where: "hub.nix", Text: fmt.Sprintf(`{ stdenvNoCC, fetchurl }:
{ pkg, version, hash }:
stdenvNoCC.mkDerivation {
  pname = pkg;
  inherit version;
  src = fetchurl {
    url = "%s/repo/tarballs/${pkg}-${version}.tar";
    inherit hash;
  };
  unpackPhase = "tar -xf $src contents.tar.gz";
  dontBuild = true;
  installPhase = "mkdir $out && tar -C $out -xzf contents.tar.gz";
}`, r.URL)},
		}},
	}
}
