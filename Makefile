# `make help` lists the targets. Nothing but `make web` needs the network beyond Go modules.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help

# Tests without servers must not find any: every variable of ours is taken out of their environment.
HERMETIC := env $(foreach v,$(filter TOCSIN_%,$(.VARIABLES)),-u $(v))

# What runs concurrently: the race detector looks at these. (Package protocol only decides, and walks through all that may happen; the
# command line asks an engine, which package scenario runs.)
CONCURRENT = $$(go list ./alerting/... ./channels/... ./cmd/... | grep -Ev "/channels/protocol$$|/cmd/tocsin$$")

# What takes longest begins first, so that nothing waits for it in the end.
LONGEST := ./cmd/tocsin/scenario ./cmd/tocsin

LINTER := go tool -modfile=.tools/go.mod golangci-lint

.PHONY: help build web run test test-real race conformance fuzz alarms chaos soak bench bench-cap bench-pages lint clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-11s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

build: ## build bin/tocsin and bin/gatewaysim
	@mkdir -p bin
	go build -o bin/ ./cmd/tocsin ./cmd/gatewaysim

web: ## check and bundle the TypeScript of the pages into alerting/console/pages/static (needs npm; only after a change of it)
	@alerting/console/pages/web/build

run: build ## see it work: a flood warning for an invented town, against a gateway simulator (ARGS="--once")
	bin/tocsin demo $(ARGS)

test: ## vet and all tests, without any server (with CAP_CORPUS set, real alerts too)
	go vet ./... ./.ci/tally ./.ci/servers ./.ci/stand
	$(HERMETIC) go run ./.ci/tally -- $(LONGEST) ./... ./.ci/tally

test-real: ## all tests against the servers that TOCSIN_TEST_* name; a skipped test is a failure
	@.ci/real

e2e: build ## people at the pages in a headless Chromium: stories, axe, pictures of every page (ARGS="flood"; wants node, npm and chromium)
	@cd alerting/console/e2e && npm ci --no-audit --no-fund --loglevel=error && node run.mjs $(ARGS)

race: ## tests of what runs concurrently, under the race detector
	$(HERMETIC) go run ./.ci/tally -- -race -short ./cmd/tocsin/scenario $(CONCURRENT)

conformance: ## both doors of package cap against the verdicts recorded for real alerts (CAP_CORPUS names them; wants xmllint)
	@[ -n "$${CAP_CORPUS:-}" ] || { echo "CAP_CORPUS is not set: name the folder of real alerts" >&2; exit 1; }
	@command -v xmllint >/dev/null || { echo "xmllint is missing: install libxml2-utils" >&2; exit 1; }
	@CAP_CORPUS=$$(cd "$$CAP_CORPUS" && pwd) go test -count=1 -v -run '^TestConformance$$' ./cap

fuzz: ## every fuzz target of packages cap, approval and areatext, each for 10 seconds (ARGS=10m)
	@.ci/fuzz $(ARGS)

chaos: ## faults against the servers that TOCSIN_TEST_* name (ARGS="--json", "--only worker-kill9", "--quick", "--seed 7")
	@mkdir -p bin
	@go test -c -o bin/proving ./cmd/tocsin/process
	@bin/proving -proving -test.v -test.run '^TestChaos$$' $(ARGS)

soak: ## half load, a fault each minute: losses, duplicates, memory, goroutines (ARGS="--minutes 120", "--json", "--seed 7", "--size 5000")
	@mkdir -p bin
	@go test -c -o bin/proving ./cmd/tocsin/process
	@bin/proving -proving -test.v -test.run '^TestSoak$$' -size 10000 $(ARGS)

bench: ## the numbers, against the servers that TOCSIN_TEST_* name (ARGS="--json", "--only sms,mail", "--size 5000")
	@mkdir -p bin
	@go test -c -o bin/proving ./cmd/tocsin/process
	@bin/proving -proving -test.v -test.run '^TestNumbers$$' $(ARGS)

bench-cap: ## how fast alerts are read and checked, beside encoding/xml, and which bars are missed (ARGS=--json; with CAP_CORPUS set, real ones too)
	@mkdir -p bin
	@go test -c -o bin/figures ./cap
	@bin/figures -figures $(ARGS)

bench-pages: ## how long the desk's pages take with 10,000 alerts and a million people, and the slowest SQL (ARGS="-archived 500 -townsmen 10000" for less)
	go test ./cmd/tocsin/scenario -run '^$$' -bench '^BenchmarkPages$$' -benchtime 1x -timeout 2h -v -args -archived 10000 -townsmen 1000000 $(ARGS)

alarms: ## let each alarm of deploy/prometheus fire, in Debian's prometheus (installs it)
	@.ci/prometheus

lint: ## formatting, vet, and golangci-lint where it can be fetched
	@unformatted=$$(gofmt -l .); [ -z "$$unformatted" ] || { printf 'not formatted:\n%s\n' "$$unformatted"; exit 1; }
	go vet ./... ./.ci/tally ./.ci/servers ./.ci/stand
	@if $(LINTER) version >/dev/null 2>&1; then $(LINTER) run ./...; else echo "golangci-lint cannot be built here; left out"; fi

clean: ## remove what was built and what the embedded stores keep in .data
	rm -rf bin .data
