# Runs named steps, one line each, and sums up what passed and failed.
# The output of a step is in build/steps/NAME.log; of a failed step it is also shown.

set +e  # a failed step is counted and does not end the run

steps=build/steps
passed=0 failed=0 skipped=0

# step NAME COMMAND...: counts as one. Its status is the command's.
step() {
  if run_step "$@"; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    return 1
  fi
}

# suite NAME FOLDER: the tests that CMake registered in that folder of a build; each counts.
suite() {
  local name=$1 folder=$2 report=$PWD/$steps/$1.xml ok=true
  rm -f "$report"
  run_step "$name" ctest --test-dir "$folder" --no-tests=error --output-on-failure -j2 \
    --output-junit "$report" || ok=false
  local skips
  skips=$(($(junit_count "$report" skipped) + $(junit_count "$report" disabled)))
  count $ok $(($(junit_count "$report" tests) - skips)) "$(junit_count "$report" failures)" $skips
}

junit_count() {
  first_number "$1" "/<testcase/q; s/.*\\b$2=\"\([0-9]*\)\".*/\1/p"
}

# node_suite NAME FOLDER: the tests that Node's runner finds there; each counts.
node_suite() {
  local name=$1 folder=$2 report=$PWD/$steps/$1.tap ok=true
  rm -f "$report"
  run_step "$name" timeout --kill-after=10 900 env -C "$folder" node --test \
    --test-reporter=spec --test-reporter-destination=stdout \
    --test-reporter=tap --test-reporter-destination="$report" || ok=false
  count $ok $(($(tap_count "$report" pass) + $(tap_count "$report" fail))) \
    "$(tap_count "$report" fail)" "$(tap_count "$report" skipped)"
}

tap_count() {
  first_number "$1" "s/^# $2 \([0-9]*\)$/\1/p"
}

# first_number FILE SCRIPT: what the sed script prints; 0 if that is nothing.
first_number() {
  local found=""
  [[ -f $1 ]] && found=$(sed -n "$2" "$1" | head -1)
  echo "${found:-0}"
}

# count OK RUN FAILURES SKIPS: adds a suite to the sums.
count() {
  local ok=$1 run=$2 failures=$3 skips=$4
  passed=$((passed + run - failures))
  skipped=$((skipped + skips))
  ((run > 0)) || ok=false
  if ! $ok && ((failures == 0)); then failures=1; fi  # the runner itself failed, or found nothing
  failed=$((failed + failures))
  $ok
}

run_step() {
  local name=$1 start=$SECONDS verdict=ok
  shift
  mkdir -p "$steps"
  "$@" >"$steps/$name.log" 2>&1 </dev/null || verdict=FAILED
  printf '%-28s %-6s %4d s\n' "$name" "$verdict" $((SECONDS - start))
  [[ $verdict == ok ]] && return
  sed 's/^/    /' "$steps/$name.log"
  return 1
}

# The last line of a run; its status is the run's.
summarize() {
  local line="$passed passed, $failed failed"
  ((skipped == 0)) || line+=", $skipped skipped"
  echo "$line"
  ((failed == 0 && passed > 0))
}
