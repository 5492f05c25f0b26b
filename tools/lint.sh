# `./dev lint` and `./dev format`. The checks that take seconds are part of `./dev test` as well.
source tools/steps.sh

buf_version=1.75.0

lint_all() {
  install_packages build lint || exit 1
  quick_checks
  step layering cmake -P tests/layering/layering_test.cmake
  step proto lint_proto
  step clang build clang
  step clang-tidy run-clang-tidy-14 -quiet -p build/clang "$PWD/(core|ingest|gateway|edge|app|tests)/"
  summarize
}

quick_checks() {
  step format clang-format-14 --dry-run --Werror $(sources)
  step sizes check_sizes
  step names check_names
  step links check_links
}

format_in_place() {
  clang-format-14 -i $(sources)
}

sources() {
  git ls-files --cached --others --exclude-standard '*.h' '*.cc'
}

# A source that outgrows a few screens has more than one noun in it.
check_sizes() {
  wc -l $(sources) | awk '$1 > 500 && $2 != "total" { print $2 ": " $1 " lines, the limit is 500"; bad = 1 }
                          END { exit bad }'
}

# No file or folder is a drawer for what has no noun of its own.
check_names() {
  ! git ls-files --cached --others --exclude-standard |
    grep -iE '(^|[/_.-])(utils?|helpers?|managers?|common|misc|base)([/_.-]|$)'
}

# Every relative link of a Markdown file leads to a file of the repository.
check_links() {
  local page target bad=0
  while IFS=: read -r page target; do
    target=${target#*\(} target=${target%%[)#]*}
    [[ -z $target || -e $(dirname "$page")/$target ]] && continue
    echo "$page: the link to $target leads nowhere"
    bad=1
  done < <(git ls-files --cached --others --exclude-standard '*.md' |
    xargs grep -oHE '\]\([^)[:space:]]+\)' | grep -vE '\]\((https?|mailto):')
  return $bad
}

lint_proto() {
  if ! command -v npx >/dev/null; then
    echo "skipped: no Node.js on this machine"
    return
  fi
  npx --yes "@bufbuild/buf@$buf_version" lint proto
}
