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

# Debian's promtool comes with a server that starts when it is installed; unpack the one program instead.
install_promtool() {
  command -v promtool >/dev/null && return
  local unpacked
  unpacked=$(mktemp -d)
  echo "Unpacking promtool"
  (cd "$unpacked" && apt-get download -qq prometheus && dpkg-deb -x prometheus_*.deb .)
  mkdir -p build/tools
  mv "$unpacked/usr/bin/promtool" build/tools/
  rm -r "$unpacked"
}

# The clients of tests/e2e, exactly as its lock file has them. Without install scripts: none is
# needed, and the npm of Debian 12 ends early on one.
install_npm_packages() {
  local folder=$1
  [[ $folder/node_modules/.package-lock.json -nt $folder/package-lock.json ]] && return
  (cd "$folder" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
}
