# `./dev test`: everything that a change must pass. Each step is a function test_<step> below.
source tools/lint.sh

all_steps="checks unit contract transcript bench e2e readme asan tsan fuzz"

test_all() {
  local wanted name
  wanted=$(wanted_steps "$@") || exit 2
  install_packages build test && install_promtool || exit 1
  for name in $wanted; do "test_$name"; done
  summarize
}

# The steps that the arguments ask for.
wanted_steps() {
  local wanted="" argument
  for argument in "$@"; do
    argument=${argument#--}
    [[ $argument == only ]] && continue
    if [[ " $all_steps " != *" $argument "* ]]; then
      echo "./dev test: no step '$argument'; there are: $all_steps" >&2
      return 2
    fi
    wanted+=" $argument"
  done
  echo "${wanted:-$all_steps}"
}

test_checks() {
  quick_checks
  build_release || return
  step headers build release all_verify_interface_header_sets
  suite layering build/release/tests/layering
}

test_unit() { build_release && suite unit build/release/tests/unit; }
test_contract() { build_release && suite contract build/release/tests/contract; }
test_transcript() { build_release && suite transcript build/release/tests/transcript; }
test_bench() { build_release && suite bench build/release/tests/bench; }
test_readme() {
  build_release && step npm install_npm_packages tests/e2e && suite readme build/release/tests/readme
}

test_e2e() {
  build_release && step npm install_npm_packages tests/e2e && node_suite e2e tests/e2e
}

test_asan() { sanitized_suites asan; }
test_tsan() { sanitized_suites tsan; }

# The tests of our own threads, containers and parsers, under a sanitizer. Not those of gateway and
# app yet: Debian's gRPC is built without ThreadSanitizer, which cannot see its synchronisation.
sanitized_suites() {
  local preset=$1
  local folder folders="unit/core unit/ingest unit/edge contract transcript"
  step "build-$preset" build "$preset" $(printf 'tests/%s/all ' $folders) || return
  for folder in $folders; do suite "${folder#unit/}-$preset" "build/$preset/tests/$folder"; done
}

test_fuzz() {
  step build-fuzz build fuzz tests/fuzz/all && suite fuzz build/fuzz/tests/fuzz
}

# Once per run, however many steps need it; later calls only repeat its status.
build_release() {
  [[ -n ${release_built:-} ]] || { step build build release; release_built=$?; }
  return "$release_built"
}
