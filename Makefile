# The human's door. Everything real is in tools/ and the CMake presets.
#   make run [UPSTREAM=url] [ARGS="..."]   install what is missing, build, serve, show a few questions
#   make run MODEL=file.gguf               the same, and serve that model
#   make test                              install what is missing, build, run all tests
.PHONY: help run build test check fuzz bench format tidy clean

help:
	@sed -n 's/^#   //p' Makefile
	@echo "also: make build | check (ASan+UBSan, TSan) | fuzz | bench | format | tidy | clean"

run: build
	@UPSTREAM="$(UPSTREAM)" MODEL="$(MODEL)" tools/run $(ARGS)

build:
	@tools/setup run
	@tools/build

test:
	@tools/setup test
	@tools/build tests
	@ctest --test-dir build/release --output-on-failure

check:
	@tools/setup dev
	@tools/sanitize

fuzz:
	@tools/setup dev
	@tools/fuzz

bench:
	@tools/setup dev
	@tools/build bench
	@bench/run

format:
	@git ls-files 'src/*.cc' 'src/*.h' 'tests/*.cc' 'tests/*.h' 'tools/*.cc' 'tools/*.h' 'fuzz/*.cc' | xargs clang-format-19 -i

tidy:
	@python3 tests/tidy/tidy.py

clean:
	rm -rf build
