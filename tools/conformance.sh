# `./dev conformance`: suites and clients that only PyPI has. What each said is in build/conformance.
source tools/steps.sh

conformance=$PWD/build/conformance
packages=$conformance/packages

# conformance_all [--record]: with --record the figures go into docs/conformance.md.
conformance_all() {
  [[ -z ${1:-} || $1 == --record ]] || { echo "./dev conformance: no argument '$1'" >&2; exit 2; }
  install_packages build || exit 1
  step build build release sluice echo_server || { summarize; return; }
  if ! fetch_packages; then
    echo "skipped autobahn, stomp.py: not to be had from PyPI: $(tail -1 "$conformance/pip.log")"
    skipped=$((skipped + 2))
    summarize
    return
  fi
  step autobahn python_of_pypi tests/conformance/autobahn.py \
    build/release/tests/conformance/echo_server "$conformance/autobahn"
  cat "$steps/autobahn.log"
  [[ -z ${1:-} ]] || step record python3 tests/conformance/record.py "$conformance" docs/conformance.md
  step stomp.py python_of_pypi tests/conformance/stomp_py_test.py
  summarize
}

# The wheels of tests/conformance/requirements.txt, by their hashes, in a folder of their own.
fetch_packages() {
  mkdir -p "$conformance"
  [[ $packages/complete -nt tests/conformance/requirements.txt ]] && return
  rm -rf "$packages"
  python3 -m pip --disable-pip-version-check install -q --no-deps --only-binary :all: --require-hashes --retries 1 \
    --target "$packages" -r tests/conformance/requirements.txt &>"$conformance/pip.log" && touch "$packages/complete"
}

python_of_pypi() { PYTHONPATH=$packages timeout --kill-after=10 900 python3 "$@"; }
