# build PRESET [TARGET...]: configures once, then builds the targets (default: everything).
build() {
  local preset=$1
  shift
  [[ -f build/$preset/build.ninja ]] || cmake --preset "$preset"
  cmake --build "build/$preset" ${1:+--target "$@"}
}
