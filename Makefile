# ptyprep: prepare ptychography scans. `make help` lists the targets.

# The fast codecs (libdeflate, ISA-L) are used where their headers are; else pure Go ones. Not every
# distribution ships pkg-config files of both: what there is tells the compiler where to look. Libraries
# outside of the system's folders (conda, modules, a home folder) are looked for there at run time, too.
PKG_FLAGS = $(shell for p in hdf5 libdeflate libisal; do pkg-config $(1) $$p; done 2>/dev/null)
LIB_INCLUDES := $(filter-out -I/usr/include/hdf5/serial,$(sort $(call PKG_FLAGS,--cflags-only-I)))
LIB_FOLDERS := $(filter-out -L/usr/lib/%,$(sort $(call PKG_FLAGS,--libs-only-L)))
HAVE_C_CODECS := $(shell printf '\043include <libdeflate.h>\n\043include <isa-l.h>\n' | $(or $(CC),cc) $(LIB_INCLUDES) -E - >/dev/null 2>&1 && echo yes)
ifneq ($(strip $(LIB_INCLUDES) $(LIB_FOLDERS)),)
export CGO_CFLAGS := $(or $(CGO_CFLAGS),-g -O2) $(LIB_INCLUDES)
export CGO_LDFLAGS := $(or $(CGO_LDFLAGS),-g -O2) $(LIB_FOLDERS) $(LIB_FOLDERS:-L%=-Wl,-rpath,%)
endif
TAGS ?= $(if $(HAVE_C_CODECS),,purego)
GOFLAGS_TAGS = $(if $(TAGS),-tags $(TAGS))
BIN = bin/ptyprep
DEMO = bin/p25_nearfield.ptyd

.DEFAULT_GOAL := help
.PHONY: help deps build demo test race check docs bench clean

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 16

deps: ## install what the build needs (NO_INSTALL=1: only say it)
	@sh .ci/deps

build: deps ## build bin/ptyprep
	@$(MAKE) --no-print-directory binary

binary:
	@echo "codecs: $(if $(filter purego,$(TAGS)),pure Go,libdeflate and ISA-L)"
	go build $(GOFLAGS_TAGS) -o $(BIN) ./cmd/ptyprep

demo: build ## convert a measured near-field scan and report on it
	$(BIN) convert testdata/p25_nearfield/recipe.yaml --output $(DEMO) --overwrite
	$(BIN) inspect $(DEMO) --picture bin/p25_nearfield.png --overwrite

test: deps ## run all tests
	go test $(GOFLAGS_TAGS) ./...

race: deps ## run all tests with the race detector
	go test -race $(GOFLAGS_TAGS) ./...

check: deps ## what a change must pass: format, vet, lint, race, both builds, generated files
	@test -z "$$(gofmt -l cmd internal)" || { gofmt -l cmd internal; echo "run gofmt -w on these"; exit 1; }
	go vet ./... && go vet -tags purego ./...
	go mod tidy -diff
	go run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0 run ./...
	go test -race ./...
	go test -tags purego ./...

docs: deps ## write the generated pages in docs/recipes anew
	go run $(GOFLAGS_TAGS) ./cmd/ptyprep recipes docs docs/recipes

bench: build ## time the four standard conversions and more, with 1 and 2 workers
	go run $(GOFLAGS_TAGS) ./cmd/ptyprep/internal/bench -binary $(BIN)

clean: ## remove what was built
	rm -rf bin
