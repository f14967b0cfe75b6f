# What people do here, one line each. `make help` lists it.

GO      ?= go
TOOL    := $(GO) tool -modfile=tools/go.mod
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
FUZZ    ?= 10s
CHAOS   ?= 10m
BROWSER := hexhub/e2e/browser
NODE    := hexhub/internal/node

.DEFAULT_GOAL := help

run:       ## run a registry on embedded defaults, data in ./data
	$(GO) run ./cmd/hexhub serve

demo:      ## the same, with the components of pages at /dev/ui
	$(GO) run -tags demo ./cmd/hexhub serve

# Under the race detector the tests of internal/node ask every route in the name of a few callers, and of all without it.
# It comes first, for it computes while others wait. The first line has vetted all tests by more than go test would.
test: packages ## vet, then run all tests, with the race detector where they are not the browser's
	$(GO) vet ./...
	$(GO) test -vet=off -race -timeout 12m $(NODE) $(filter-out $(BROWSER) $(NODE),$(shell $(GO) list ./...))
	$(GO) test -vet=off -timeout 12m $(NODE)
	$(GO) test -vet=off -timeout 30m $(BROWSER)
	cd deploy && $(GO) vet ./... && $(GO) test -count=1 ./...

packages:  ## install the Debian packages the tests use, if any is missing
	@.ci/packages

lint:      ## all linters, formatting included
	$(TOOL) golangci-lint run ./...
	cd deploy && $(GO) tool -modfile=../tools/go.mod golangci-lint run ./...
	@.ci/deadcode $(TOOL) deadcode

fmt:       ## format all Go files
	$(TOOL) gofumpt -w bench cmd deploy e2e hex internal tools

gen:       ## regenerate everything generated; needs Node 20 and npm
	$(GO) generate ./...

e2e:       ## measure pages with Lighthouse, on a machine that does nothing else; needs Node 20 and npm
	cd e2e && npm ci --no-audit --no-fund
	$(GO) test -v -count=1 -timeout 60m $(BROWSER) -run TestLighthouse -lighthouse $(CURDIR)/e2e

chaos:     ## let everything go wrong for CHAOS (10m) while clients work, and judge
	$(GO) test -v -count=1 -timeout 0 ./e2e/chaos -chaos $(CHAOS)

bench:     ## run all benchmarks once, with allocations
	$(GO) test -run '^$$' -bench . -benchmem ./...

bench-cluster: ## measure real nodes, one and three; prints Markdown (ROWS, ROUNDS, SECONDS, PAGES, PARTS=live)
	$(GO) run ./bench/cluster

bench-mnesia: ## measure the store beside Erlang's Mnesia; prints Markdown (ARGS='-rows 50000 -seconds 5 -rounds 5')
	$(GO) run ./bench/engines $(ARGS)

fuzz:      ## run each fuzz target for FUZZ (10s)
	@.ci/fuzz $(FUZZ)

build:     ## build bin/hexhub for this machine
	CGO_ENABLED=0 $(GO) build -o bin/hexhub ./cmd/hexhub

dist:      ## build dist/hexhub, stripped and reproducible
	CGO_ENABLED=0 $(GO) build -trimpath -buildvcs=false -ldflags='-s -w -buildid= -X main.version=$(VERSION)' -o dist/hexhub ./cmd/hexhub

vuln:      ## look our dependencies up in the Go vulnerability database
	$(TOOL) govulncheck ./...

clean:     ## remove what was built; data stays
	rm -rf bin dist

help:      ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-14s %s\n", $$1, $$2 }' Makefile

.PHONY: run test packages lint fmt gen e2e chaos bench bench-cluster bench-mnesia fuzz build dist vuln clean help
