# shellcheck shell=bash
# The checks of ./dev lint; all but clang-tidy are also a stage of ./dev test. Every check runs, whatever the others say.

CHECKS_FAILED=0

# check TITLE COMMAND... : prints ok, or the command's output when it fails.
check() {
  local title="$1" output status=0 started="$EPOCHREALTIME"
  shift
  output="$(cd "$ROOT" && "$@" 2>&1)" || status=$?
  if ((status == 0)); then
    printf '%-28s %sok%s  %s s\n' "$title" "$GREEN" "$RESET" "$(seconds_since "$started")"
  else
    CHECKS_FAILED=$((CHECKS_FAILED + 1))
    printf '%-28s %sFAILED%s\n%s\n' "$title" "$RED" "$RESET" "$output"
  fi
}

cpp_files() { project_files '*.cc' '*.h' '*.c' '*.hpp'; }
# The parts of ./dev are checked through it, as they see each other's variables.
shell_files() { project_files '*.sh' dev .ci/run ':!tools/dev/*.sh'; }

check_clang_format() { cpp_files | xargs -0 -r clang-format --dry-run --Werror; }
check_shell() { shell_files | xargs -0 shellcheck --external-sources --check-sourced --source-path=SCRIPTDIR; }

check_types() {
  local config status=0
  for config in {frontends/typescript,examples/*,bench,tests/*}/tsconfig.json; do
    [[ ! -f "$config" ]] || node_modules/.bin/tsc --noEmit -p "$config" || status=1
  done
  return "$status"
}

run_quick_checks() {
  check 'layers' python3 tools/check_layers.py
  check 'exports of the C ABI' python3 tools/check_exports.py
  check 'tidy' python3 tools/tidy.py
  check 'clang-format' check_clang_format
  check 'shellcheck' check_shell
  check 'prettier' node_modules/.bin/prettier --check --log-level warn .
  check 'TypeScript types' check_types
  check 'eslint' node_modules/.bin/eslint --max-warnings 0 .
}

quick_checks() {
  run_quick_checks
  ((CHECKS_FAILED == 0))
}

# clang-tidy with the chosen checks, and Clang's own analyses (-Wthread-safety, -Wglobal-constructors), on every source.
check_clang_tidy() {
  local log="$LOGS/clang-tidy.log"
  mkdir -p "$LOGS"
  run-clang-tidy -quiet -p "$BUILD/clang-analysis" -j "$(nproc)" >"$log" 2>&1 && return 0
  sed -E 's/\x1b\[[0-9;]*m//g' "$log" | grep -vE '^(clang-tidy[-0-9]* |[0-9]+ warnings? |Error while processing )'
  return 1
}

lint_all() {
  build_typescript_all
  cmake_configure clang-analysis
  run_quick_checks
  check 'clang-tidy' check_clang_tidy
  ((CHECKS_FAILED == 0)) || die "$CHECKS_FAILED checks failed" "./dev format sets right what is layout alone."
}

format_all() {
  cpp_files | xargs -0 -r clang-format -i
  (cd "$ROOT" && node_modules/.bin/prettier --write --log-level warn .)
}
