# `./dev conformance`: suites and clients that only PyPI and Maven have, and the peers whose behaviour Sluice's users know.
# What each said is in build/conformance.
source tools/steps.sh

conformance=$PWD/build/conformance
packages=$conformance/packages
peers=tests/conformance/peers
spring=tests/conformance/spring
jars=$conformance/spring/jars

# conformance_all [--record]: with --record the figures go into docs/conformance.md.
conformance_all() {
  [[ -z ${1:-} || $1 == --record ]] || { echo "./dev conformance: no argument '$1'" >&2; exit 2; }
  local record=${1:-}
  install_packages build || exit 1
  mkdir -p "$conformance"
  step build build release sluice echo_server || { summarize; return; }
  if fetch_packages; then
    step autobahn python_of_pypi tests/conformance/autobahn.py \
      build/release/tests/conformance/echo_server "$conformance/autobahn"
    cat "$steps/autobahn.log"
    [[ -z $record ]] || step record-autobahn record autobahn
    step stomp.py python_of_pypi tests/conformance/stomp_py_test.py
  else
    skip "autobahn, stomp.py" 2 "not to be had from PyPI: $(tail -1 "$conformance/pip.log")"
  fi
  run_clients_of_spring
  compare_with_peers
  summarize
}

run_clients_of_spring() {
  local version
  if ! install_packages conformance >"$conformance/jdk.log"; then
    skip Spring 1 "apt has no JDK and Maven here: $(tail -1 "$conformance/jdk.log")"
    return
  fi
  version=$(javac -version 2>&1 | sed -n 's/^javac \([0-9]*\).*/\1/p')
  if ((${version:-0} < 17)); then
    skip Spring 1 "it needs Java 17, and javac here is ${version:-of no known version}"
  elif ! fetch_jars; then
    skip Spring 1 "not to be had from Maven: $(grep -m1 -o '\[ERROR.*' "$conformance/mvn.log" || echo it did not end)"
  elif step Spring test_clients_of_spring; then
    echo "Spring Framework $(version_of spring-websocket), Tomcat $(version_of tomcat-embed-websocket), Java $version:" \
      "$(sed -n 's/^\[ *\([0-9]*\) tests successful.*/\1/p' "$steps/Spring.log") cases, and all held." |
      tee "$conformance/Spring.md"
    [[ -z $record ]] || step record-Spring record Spring
  fi
}

version_of() { sed -n "s/.*  $1-\(.*\)\.jar$/\1/p" "$spring/jars.sha256"; }

test_clients_of_spring() {
  diff "$spring/jars.sha256" <(cd "$jars" && sha256sum -- *.jar) &&  # no other, and none beside them
    javac -Xlint:all,-try -Werror -d "$conformance/spring/classes" -cp "$jars/*" "$spring"/*.java &&
    timeout --kill-after=10 900 java -Dsluice=build/release/sluice -cp "$conformance/spring/classes:$jars/*" \
      org.junit.platform.console.ConsoleLauncher execute --select-class SpringClientTest --fail-if-no-tests \
      --config junit.jupiter.execution.parallel.enabled=true \
      --config junit.jupiter.execution.parallel.config.strategy=fixed \
      --config junit.jupiter.execution.parallel.config.fixed.parallelism=5 \
      --disable-banner --disable-ansi-colors --details=tree
}

# STOMP with RabbitMQ, SockJS with npm's sockjs.
compare_with_peers() {
  if ! command -v npm >/dev/null; then
    skip "RabbitMQ, sockjs" 2 "there is no npm on this machine"
  elif ! step npm install_npm_packages tests/e2e; then
    skip "RabbitMQ, sockjs" 2 "their clients are not to be had from npm"
  else
    if install_rabbitmq; then
      compare RabbitMQ stomp_peers.js $([[ -e $packages/complete ]] && echo "$packages")
    else
      skip RabbitMQ 1 "apt has no rabbitmq-server here: $(tail -1 build/rabbitmq/download.log)"
    fi
    if install_npm_packages "$peers" &>"$conformance/npm.log"; then
      compare sockjs sockjs_peers.js
    else
      skip sockjs 1 "not to be had from npm: $(tail -1 "$conformance/npm.log")"
    fi
  fi
}

# compare PEER SCRIPT [ARG...]
compare() {
  local peer=$1 script=$2
  shift 2
  step "$peer" timeout --kill-after=10 600 node "$peers/$script" "$conformance" "$@"
  tail -1 "$steps/$peer.log"
  [[ -z $record ]] || step "record-$peer" record "$peer"
}

record() { python3 tests/conformance/record.py "$1" "$conformance" docs/conformance.md; }

skip() {
  echo "skipped $1: $3"
  skipped=$((skipped + $2))
}

# The wheels of tests/conformance/requirements.txt, by their hashes, in a folder of their own.
fetch_packages() {
  [[ $packages/complete -nt tests/conformance/requirements.txt ]] && return
  rm -rf "$packages"
  python3 -m pip --disable-pip-version-check install -q --no-deps --only-binary :all: --require-hashes --retries 1 \
    --target "$packages" -r tests/conformance/requirements.txt &>"$conformance/pip.log" && touch "$packages/complete"
}

# What tests/conformance/spring/pom.xml names, and what that needs.
fetch_jars() {
  [[ $jars/complete -nt $spring/pom.xml ]] && return
  rm -rf "$jars"
  timeout 300 mvn -B -q -f "$spring/pom.xml" dependency:copy-dependencies \
    -DoutputDirectory="$jars" &>"$conformance/mvn.log" && touch "$jars/complete"
}

python_of_pypi() { PYTHONPATH=$packages timeout --kill-after=10 900 python3 "$@"; }
