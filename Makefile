# Everything a newcomer types. Each target sets up what it needs; nothing is downloaded outside the npm registry.
PREFIX ?= Product/out

all: dist/.built

node_modules/.package-lock.json: package.json package-lock.json
	npm ci --ignore-scripts --no-fund --no-audit
	@touch $@

SOURCES := $(shell find lib native scripts -type f) CMakeLists.txt package.json tsconfig.json tsconfig.types.json

dist/.built: node_modules/.package-lock.json $(SOURCES)
	npx --no-install tsx scripts/build.ts
	@touch $@

install: all
	npx --no-install tsx scripts/install.ts "$(PREFIX)"

run: all
	@node dist/bin/ggma_run.js

test: all
	npx --no-install tsx scripts/test.ts

test-long: all
	npx --no-install tsx scripts/test.ts --long

lint: all
	npx --no-install tsx scripts/lint.ts

bench: all
	npx --no-install tsx scripts/bench.ts

bench-pipeline: all
	npx --no-install tsx scripts/bench/pipeline.ts

clean:
	rm -rf dist build Product

.PHONY: all install run test test-long lint bench bench-pipeline clean
