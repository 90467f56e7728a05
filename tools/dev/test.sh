# shellcheck shell=bash
# Runs the stages of ./dev test: each in a process of its own, timed, its output in build/logs/<stage>.log.

run_tests() {
  local chosen=() name
  while (($# > 0)); do
    case "$1" in
      --list)
        for name in "${STAGE_NAMES[@]}"; do printf '%-12s %s\n' "$name" "${STAGE_TITLE[$name]}"; done
        return 0
        ;;
      -*) die "unknown option of test: $1" "./dev test [--list | STAGE...]" ;;
      *)
        [[ -n "${STAGE_KIND[$1]:-}" ]] || die "unknown stage: $1" "One of: ${STAGE_NAMES[*]}"
        chosen+=("$1")
        ;;
    esac
    shift
  done
  if ((${#chosen[@]} == 0)); then
    chosen=("${STAGE_NAMES[@]}")
  elif [[ "${chosen[*]}" != tools && " ${chosen[*]} " != *" build "* ]]; then
    chosen=(build "${chosen[@]}")
  fi

  need_debian build test
  need_node "${TEST_NODES[@]}"
  need_bun_and_deno
  need_npm_packages all
  use_node "$BUILD_NODE"
  use_build dev
  mkdir -p "$LOGS"
  run_stages "${chosen[@]}"
}

# Result of the stage that ran last: ok or FAILED, and its counts.
STAGE_RESULT='' STAGE_PASSED=0 STAGE_FAILED=0 STAGE_SECONDS=0

run_stages() {
  local name passed=0 failed=0 number=0 stopped='' rows=()
  for name in "$@"; do
    number=$((number + 1))
    if [[ -n "$stopped" ]]; then
      rows+=("$name|not run|||$stopped")
      continue
    fi
    run_stage "$name" "$number/$#"
    passed=$((passed + STAGE_PASSED))
    failed=$((failed + STAGE_FAILED))
    rows+=("$name|$STAGE_RESULT|$STAGE_PASSED|$STAGE_FAILED|$STAGE_SECONDS s")
    [[ "$name" != build || "$STAGE_RESULT" == ok ]] || stopped="the build failed"
  done
  print_table "${rows[@]}"
  printf '\n%d passed, %d failed\n' "$passed" "$failed"
  ((failed == 0))
}

run_stage() {
  local name="$1" log="$LOGS/$1.log" title="[$2] ${STAGE_TITLE[$1]}" started="$EPOCHREALTIME" pid status=0 counts
  STAGE_RESULT=ok
  if [[ -t 1 ]]; then
    printf '%s ...' "$title"
  fi
  # With job control the stage has a process group of its own, which is what an interrupt has to end.
  set -m
  timeout -k 10 "${STAGE_LIMIT_MIN[$name]}m" "$ROOT/dev" run-stage "$name" >"$log" 2>&1 </dev/null &
  pid=$!
  set +m
  # shellcheck disable=SC2064
  trap "kill -TERM -- -$pid 2>/dev/null; exit 130" INT TERM
  while [[ -t 1 ]] && kill -0 "$pid" 2>/dev/null; do
    printf '\r%s ... %.0f s' "$title" "$(seconds_since "$started")"
    sleep 1
  done
  wait "$pid" || status=$?
  trap - INT TERM

  STAGE_SECONDS="$(seconds_since "$started")"
  counts="$(python3 "$ROOT/tools/count_tests.py" "$log")"
  read -r STAGE_PASSED STAGE_FAILED <<<"$counts"
  ((status != 124)) || printf '\nstopped: over the limit of %s minutes\n' "${STAGE_LIMIT_MIN[$name]}" >>"$log"
  if [[ "$status" == 0 && "${STAGE_KIND[$name]}" == tests && "$STAGE_PASSED" == 0 ]]; then
    printf '\nno test was run\n' >>"$log"
    status=1
  fi
  if ((status != 0 || STAGE_FAILED > 0)); then
    STAGE_RESULT=FAILED
    # What failed without a count, a check or a crash, is one failure.
    ((STAGE_FAILED > 0)) || STAGE_FAILED=1
  fi
  report_stage "$title" "$log"
}

report_stage() {
  local title="$1" log="$2" count=''
  ((STAGE_PASSED + STAGE_FAILED == 0)) || count=", $STAGE_PASSED passed, $STAGE_FAILED failed"
  [[ ! -t 1 ]] || printf '\r'
  if [[ "$STAGE_RESULT" == ok ]]; then
    printf '%s: %sok%s%s, %s s\n' "$title" "$GREEN" "$RESET" "$count" "$STAGE_SECONDS"
  else
    printf '%s: %sFAILED%s%s, %s s\n' "$title" "$RED" "$RESET" "$count" "$STAGE_SECONDS"
    show_failures "$log" | sed 's/^/    /'
  fi
}

# What a log says of failed tests, and how it ends.
show_failures() {
  local log="$1"
  printf '%s--- failures in %s%s\n' "$DIM" "${log#"$ROOT"/}" "$RESET"
  grep -E --after-context=14 '^ *(not ok|✖ |(FAIL|ERROR): )|\[  FAILED  \]|: Failure$|\*\*\*|ERROR: |WARNING: ThreadSanitizer' "$log" |
    head -n 120 || true
  printf '%s--- its end%s\n' "$DIM" "$RESET"
  tail -n 30 "$log"
  printf '%s---%s\n' "$DIM" "$RESET"
}

print_table() {
  local row name result passed failed note
  printf '\n%s%-12s %-8s %8s %8s  %s%s\n' "$BOLD" stage result passed failed time "$RESET"
  for row in "$@"; do
    IFS='|' read -r name result passed failed note <<<"$row"
    [[ "$result" == 'not run' || "${STAGE_KIND[$name]}" == tests || "$failed" != 0 ]] || passed='' failed=''
    printf '%-12s %-8s %8s %8s  %s\n' "$name" "$result" "$passed" "$failed" "$note"
  done
}

# What a stage's process does; not for the command line.
run_stage_here() {
  use_bun_and_deno
  use_node "$BUILD_NODE"
  use_build dev
  cd "$ROOT"
  eval "${STAGE_COMMAND[$1]}"
}
