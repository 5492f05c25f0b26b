# build PRESET [TARGET...]: configures once, then builds the targets (default: everything).

# A second clone finds what the first compiled: paths count from the root of the clone, and a
# precompiled header by its content.
export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=true
export CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime

build() {
  local preset=$1 quiet=()
  shift
  [[ -t 1 ]] || quiet=(-- --quiet)  # in a log only what went wrong
  [[ -f build/$preset/build.ninja ]] || cmake --preset "$preset" || return
  cmake --build "build/$preset" ${1:+--target "$@"} "${quiet[@]}"
}
