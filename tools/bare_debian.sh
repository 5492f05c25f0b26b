#!/usr/bin/env bash
# Proves that `./dev run` and `./dev test` need nothing but a minimal Debian 12: makes one in a folder (as root; needs the
# package debootstrap), clones the committed HEAD of this repository into it and runs the verb there. The tree stays for
# the next call, with what was installed; `new` starts afresh. It uses the mirror and apt settings of this machine.
#
#   sudo tools/bare_debian.sh [new] run|test [ARG...]        the folder: BARE_DEBIAN, by default /var/tmp/bare-debian
set -euo pipefail
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
tree=${BARE_DEBIAN:-/var/tmp/bare-debian}

main() {
  if [[ ${1:-} == new ]]; then
    rm -rf --one-file-system "$tree"
    shift
  fi
  [[ ${1:-} == run || ${1:-} == test ]] || { sed -n '2,6s/^# \?//p' "${BASH_SOURCE[0]}" >&2; exit 2; }
  [[ -x $tree/bin/bash ]] || make_tree
  mount -t proc proc "$tree/proc"
  mount -t tmpfs tmpfs "$tree/dev/shm"  # Chromium's
  cp /etc/ssl/certs/ca-certificates.crt "$tree/root/trusted.crt"
  rm -rf "$tree/root/sluice"
  git clone --quiet "$repository" "$tree/root/sluice"
  "try_$1" "${@:2}"
}

make_tree() {
  debootstrap --variant=minbase bookworm "$tree" "${DEBIAN_MIRROR:-http://deb.debian.org/debian}"
  rm -f "$tree/etc/apt/sources.list"
  printf '127.0.0.1 localhost\n::1 localhost\n' > "$tree/etc/hosts"  # an installer's, which debootstrap is not
  cp -r /etc/apt/{sources.list.d,apt.conf.d,preferences.d} "$tree/etc/apt/"
  [[ ! -f /etc/apt/sources.list ]] || cp /etc/apt/sources.list "$tree/etc/apt/"
}

try_test() {
  in_tree ./dev test "$@"
}

# Until the page answers; then the server gets SIGTERM and must end with 0.
try_run() {
  local address=http://127.0.0.1:8080/ server
  in_tree ./dev run "$@" &
  server=$!
  until curl -fsS -o /dev/null "$address" 2>/dev/null; do
    kill -0 "$server" 2>/dev/null || { echo "./dev run ended before it served" >&2; return 1; }
    sleep 1
  done
  echo "$address answers"
  kill "$server"
  wait "$server"
}

# A clean environment: nothing of this machine's but its proxy and whom it trusts.
in_tree() {
  local path=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
  exec chroot "$tree" env -i HOME=/root PATH="$path" NODE_EXTRA_CA_CERTS=/root/trusted.crt \
    ${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} \
    bash -c 'cd /root/sluice && exec "$@"' - "$@"
}

# In namespaces of its own, so that mounts and processes go when it ends, however it ends.
if [[ ${1:-} == --inside ]]; then
  shift
  main "$@"
else
  exec unshare --mount --pid --fork --kill-child "${BASH_SOURCE[0]}" --inside "$@"
fi
