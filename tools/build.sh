# build PRESET [TARGET...]: configures once, then builds the targets (default: everything).
build() {
  local preset=$1 quiet=()
  shift
  [[ -t 1 ]] || quiet=(-- --quiet)  # in a log only what went wrong
  [[ -f build/$preset/build.ninja ]] || cmake --preset "$preset" || return
  cmake --build "build/$preset" ${1:+--target "$@"} "${quiet[@]}"
}
