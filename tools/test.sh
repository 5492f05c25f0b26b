# `./dev test`: everything that a change must pass.
source tools/steps.sh

all_steps="layering unit"

test_all() {
  local wanted
  wanted=$(wanted_steps "$@")
  install_packages build
  step build build release
  local name
  for name in $wanted; do "test_$name"; done
  summarize
}

# The names of the steps that the arguments ask for.
wanted_steps() {
  local wanted="" argument
  for argument in "$@"; do
    case $argument in
      --only) ;;
      --asan | --tsan | --fuzz) wanted+=" ${argument#--}" ;;
      *)
        if [[ " $all_steps " != *" $argument "* ]]; then
          echo "./dev test: no step '$argument'; there are: $all_steps" >&2
          return 2
        fi
        wanted+=" $argument"
        ;;
    esac
  done
  echo "${wanted:-$all_steps}"
}

test_layering() { suite layering build/release/tests/layering; }
test_unit() { suite unit build/release/tests/unit; }
