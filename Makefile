# Every target does its own set-up; nothing is needed but Python >= 3.11 and Node >= 20.
SHELL := /bin/bash
.DEFAULT_GOAL := help

PYTHON ?= python3
PORT ?= 4566
PAGE_PORT ?= 8080
BET_SECONDS ?= 15
VIDEO_TABLES ?= bac-1 bac-5
VIDEO_PORT ?= 8090
N ?= 20
PLAYERS ?= 5
TABLE ?= bac-5
SHOES ?= 1
WORKERS ?= 2
ROUNDS ?= 10000
STAGES ?= dev prod sandbox
EXAMPLES ?= 50

BIN := .venv/bin
# jsii wants the major number of the Node that it runs on.
export JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION := $(shell node --version 2>/dev/null | sed -E "s/v([0-9]+).*/\1/")
export PATH := $(CURDIR)/$(BIN):$(CURDIR)/node_modules/.bin:$(PATH)

.PHONY: help setup run rounds deal verify reconcile rebuild-journal screenshots test test-filmed test-sandbox test-others simulate fuzz-api lint synth format lock browser clean

help: ## say what there is
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 24

setup: $(BIN)/.ready node_modules/.ready ## install the pinned Python and Node tools into this folder

$(BIN)/.ready: requirements.txt layers/baccarat/pyproject.toml media_sfu/pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python %d.%d is too old: 3.11 or newer is needed; name it with make PYTHON=…" % sys.version_info[:2])'
	@echo "installing the Python requirements into .venv …"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --requirement requirements.txt --editable layers/baccarat --editable media_sfu 2> >(grep -v '^WARNING: Location' >&2)
	@touch $@

node_modules/.ready: package.json package-lock.json
	@command -v npm >/dev/null || { echo "Node.js with npm is missing: install version 20 or newer" >&2; exit 1; }
	@echo "installing the Node tools into node_modules …"
	@npm ci --silent --no-audit --no-fund 2> >(grep -v '^npm warn' >&2)
	@touch $@

run: setup ## run the whole platform on this machine: PORT, PAGE_PORT, BET_SECONDS, VIDEO_TABLES, VIDEO_PORT
	@exec $(BIN)/python -m sandbox --port $(PORT) --page-port $(PAGE_PORT) --bet-seconds $(BET_SECONDS) \
	  --video-tables $(VIDEO_TABLES) --video-port $(VIDEO_PORT)

rounds: setup ## headless players on a running sandbox: N, PLAYERS, PORT
	@$(BIN)/python -m sandbox.rounds --rounds $(N) --players $(PLAYERS) --port $(PORT)

deal: setup ## a headless dealer on a running sandbox: TABLE, SHOES, PORT
	@$(BIN)/python -m sandbox.dealer --port $(PORT) --table $(TABLE) --shoes $(SHOES)

verify: setup ## fetch the transcripts of all tables of a running sandbox and verify them offline: PORT
	@$(BIN)/python -m sandbox.transcripts --port $(PORT)

reconcile: setup ## recompute every balance of a running sandbox and stop wallets that differ: PORT
	@$(BIN)/python -m sandbox.books reconcile --port $(PORT)

rebuild-journal: setup ## throw the journal of a running sandbox away and make it anew from the items: PORT
	@$(BIN)/python -m sandbox.books rebuild-journal --port $(PORT)

screenshots: setup browser ## take the pictures of docs/screenshots on a running sandbox: PORT
	@$(BIN)/python -m tests.e2e.screenshots --port $(PORT)

test: setup browser ## all tests, the browser's included
	@node --test --test-reporter=dot tests/web/*.test.mjs
	@$(MAKE) --no-print-directory test-filmed
	@$(MAKE) --no-print-directory --jobs 2 --output-sync=target test-sandbox test-others

# Pictures wait for nobody: these have the machine for themselves.
test-filmed: setup browser
	@$(BIN)/pytest tests/e2e -m filmed

# Rounds in the sandbox take their time and leave much of the processor idle; the others use what is
# left of it, and give way.
test-sandbox: setup browser
	@$(BIN)/pytest tests/e2e -m sandbox

test-others: setup browser
	@nice $(BIN)/pytest -n $(WORKERS) --dist loadgroup -m "not sandbox and not filmed"

simulate: setup ## the money simulator: faults, crash points, planted bugs: ROUNDS, PAIRS, or one SEED
	@$(BIN)/python -m tests.simulation --rounds $(ROUNDS) --workers $(WORKERS) $(if $(PAIRS),--pairs $(PAIRS)) $(if $(SEED),--seed $(SEED))

fuzz-api: setup ## schemathesis asks every route of the HTTP API: EXAMPLES, PORT, PAGE_PORT
	@$(BIN)/python -m tests.fuzz --port $(PORT) --page-port $(PAGE_PORT) --examples $(EXAMPLES)

PACKETS ?= 1000000
.PHONY: accelerator fuzz-sfu
accelerator: setup ## build the SFU's inner loop in C; without it the same runs in Python
	@$(BIN)/python -m media_sfu.forwarding.accelerator

fuzz-sfu: setup ## malformed packets against the SFU while others watch on: PACKETS, SEED
	@$(BIN)/python -m tests.fuzz.sfu --packets $(PACKETS) $(if $(SEED),--seed $(SEED))

lint: $(BIN)/.ready ## formatting, ruff, mypy strict, layering
	@$(BIN)/ruff format --check --quiet . && $(BIN)/ruff check --quiet . && echo "ruff: clean"
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache | tail -n 12

synth: setup ## the templates of every stage, checked by cdk-nag and cfn-lint: STAGES
	@mkdir -p .build/synth; for stage in $(STAGES); do \
	  cdk synth --quiet --context stage=$$stage --output .build/synth/$$stage \
	    > .build/synth/$$stage.log 2>&1 || { cat .build/synth/$$stage.log >&2; exit 1; }; \
	  $(BIN)/cfn-lint .build/synth/$$stage/*.template.json || exit 1; \
	  echo "synth $$stage: cdk-nag and cfn-lint clean"; \
	done

format: setup ## format the Python code
	@$(BIN)/ruff format --quiet . && $(BIN)/ruff check --fix --quiet .

lock: setup ## resolve requirements.in into the pinned requirement files
	@$(BIN)/python -m pip install --quiet uv==0.13.9
	@uv pip compile --quiet --upgrade requirements.in -o requirements.txt --python-version 3.11 --no-header --no-annotate
	@uv pip compile --quiet --upgrade layers/runtime/requirements.in -c requirements.txt -o layers/runtime/requirements.txt --python-version 3.13 --no-header --no-annotate

browser:
	@command -v chromium >/dev/null || command -v google-chrome >/dev/null || { \
	  echo "installing Chromium for the browser tests …"; \
	  as_root=$$([ "$$(id -u)" = 0 ] || echo sudo); \
	  { $$as_root apt-get update -qq && $$as_root apt-get install -y -qq chromium >/dev/null; } \
	  || { echo "install Chromium (Debian's package chromium) for the browser tests" >&2; exit 1; }; }

clean: ## remove everything that was made here
	rm -rf .venv node_modules .build .sandbox cdk.out .mypy_cache .ruff_cache .hypothesis

HANDS ?= 1000000
ENGINE := bench/engine_comparison
.PHONY: compare-engine
compare-engine: setup ## deal random hands with our engine and with the npm package: HANDS
	@cd $(ENGINE) && npm ci --silent --no-audit --no-fund 2> >(grep -v '^npm warn' >&2)
	@$(BIN)/python $(ENGINE)/compare.py --hands $(HANDS)

COMMANDS ?= 2000
KILLED_WORKERS ?= 16
.PHONY: kill-workers write-units bench-ledger
kill-workers: setup ## mixed money commands by processes killed at random, on MiniStack: COMMANDS, KILLED_WORKERS, SEED
	@$(BIN)/python -m bench.kill_workers --commands $(COMMANDS) --workers $(KILLED_WORKERS) $(if $(SEED),--seed $(SEED))

write-units: setup ## write units of the bet lifecycle, beside a naive ledger's
	@$(BIN)/python -m bench.ledger units

bench-ledger: setup ## processor time of the ledger beside bare boto3; how it grows with bets and wallets
	@$(BIN)/python -m bench.ledger processor
	@$(BIN)/python -m bench.ledger growth

PRESSES ?= 20
.PHONY: bench-first-frame
bench-first-frame: setup browser ## from a press on a filmed table of a running sandbox to its first frame: PRESSES, PORT
	@$(BIN)/python -m bench.first_frame --port $(PORT) --presses $(PRESSES)

PICTURES ?= 500
.PHONY: bench-sfu-loss
bench-sfu-loss: setup ## pictures over lines that lose 1, 5 and 10 % and delay, both ways: PICTURES
	@$(BIN)/python -m bench.sfu_loss --pictures $(PICTURES)

SECONDS_A_LINE ?= 10
.PHONY: bench-sfu
bench-sfu: accelerator ## viewers a core, latency and memory beside Janus and aiortc's MediaRelay; takes two cores: SECONDS_A_LINE
	@$(BIN)/python -m bench.sfu --seconds $(SECONDS_A_LINE)
