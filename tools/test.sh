# `./dev test`: everything that a change must pass. Each step is a function test_<step> below.
source tools/lint.sh

all_steps="checks unit contract transcript bench e2e readme deploy faults asan tsan fuzz"

test_all() {
  local wanted name
  wanted=$(wanted_steps "$@") || exit 2
  install_packages build test && install_promtool && install_nats_server && install_nginx && install_haproxy || exit 1
  install_current_nats_server
  for name in $wanted; do "test_$name"; done
  summarize
}

# The steps that the arguments ask for.
wanted_steps() {
  local wanted="" argument
  for argument in "$@"; do
    [[ $argument == --faults ]] && argument=long_faults
    argument=${argument#--}
    [[ $argument == only ]] && continue
    if [[ " $all_steps long_faults perturbed " != *" $argument "* ]]; then
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
test_deploy() { build_release && suite deploy build/release/tests/deploy; }
test_readme() {
  build_release && step npm install_npm_packages tests/e2e && suite readme build/release/tests/readme
}

test_e2e() {
  build_release && step npm install_npm_packages tests/e2e && node_suite e2e tests/e2e
}

# Servers that die, links that are cut: each fault in seconds, or with the figures in minutes.
test_faults() { build_release && suite faults build/release/tests/faults; }
test_long_faults() {
  build_release && FAULTS=long suite long-faults build/release/tests/faults
}

# What only a busy machine shows: tests/perturbed/slow_calls.cc says how. Four times, since each run
# is another one.
test_perturbed() {
  local round name
  build_release || return
  for round in 1 2 3 4; do
    for name in contract transcript; do
      LD_PRELOAD=$PWD/build/release/tests/perturbed/libslow_calls.so \
        suite "$name-perturbed-$round" "build/release/tests/$name"
    done
  done
}

test_asan() { sanitized_suites asan; }
test_tsan() { sanitized_suites tsan; }

# The unit, contract and transcript tests under a sanitizer; tests/tsan.supp says what
# ThreadSanitizer does not see of gRPC.
sanitized_suites() {
  local preset=$1 folder name
  local folders="unit/core unit/ingest unit/edge unit/gateway unit/app unit/app/demo contract transcript"
  step "build-$preset" build "$preset" $(printf 'tests/%s/all ' $folders) || return
  for folder in $folders; do
    name=${folder#unit/}
    suite "${name//\//-}-$preset" "build/$preset/tests/$folder"
  done
}

test_fuzz() {
  step build-fuzz build fuzz tests/fuzz/all && suite fuzz build/fuzz/tests/fuzz
}

# `./dev fuzz`: each target for a minute; what it finds stays in the build folder's corpus.
fuzz_all() {
  local target name
  install_packages build fuzz || exit 1
  step build-fuzz build fuzz tests/fuzz/all || exit 1
  for target in build/fuzz/tests/fuzz/*_fuzz; do
    name=$(basename "$target")
    step "$name" "$target" -max_total_time=60 -timeout=10 -artifact_prefix=build/fuzz/ \
      "build/fuzz/tests/fuzz/corpus/$name" "tests/fuzz/corpus/$name"
  done
  summarize
}

# Once per run, however many steps need it; later calls only repeat its status.
build_release() {
  [[ -n ${release_built:-} ]] || { step build build release; release_built=$?; }
  return "$release_built"
}
