# shellcheck shell=bash
# What the parts of ./dev share: paths, colours, messages, and the list of the project's files.

readonly TOOLS="$ROOT/.tools"
readonly BUILD="$ROOT/build"
readonly LOGS="$BUILD/logs"

if [[ -t 1 && -z "${NO_COLOR:-}" ]]; then
  readonly BOLD=$'\e[1m' DIM=$'\e[2m' RED=$'\e[31m' GREEN=$'\e[32m' RESET=$'\e[0m'
else
  # shellcheck disable=SC2034
  readonly BOLD='' DIM='' RED='' GREEN='' RESET=''
fi

# Progress, on stderr: stdout belongs to what the command was asked for.
say() { printf '%s\n' "${BOLD}dev:${RESET} $*" >&2; }

# die LINE... : an error and what to do next, then exit 1.
die() {
  printf '%s\n' "${RED}dev: $1${RESET}" >&2
  shift
  (($# == 0)) || printf '     %s\n' "$@" >&2
  exit 1
}

# Files of the project, ignored ones left out: project_files '*.cc' '*.h'
project_files() {
  (cd "$ROOT" && git -c safe.directory="$ROOT" ls-files -z --cached --others --exclude-standard --deduplicate -- "$@") |
    while IFS= read -r -d '' file; do
      [[ ! -e "$ROOT/$file" ]] || printf '%s\0' "$file"
    done
}

seconds_since() { awk -v from="$1" -v to="$EPOCHREALTIME" 'BEGIN { printf "%.1f", to - from }'; }
