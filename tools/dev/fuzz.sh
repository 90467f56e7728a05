# shellcheck shell=bash
# ./dev fuzz: builds the fuzz targets of the C ABI and runs them one after another under libFuzzer.

readonly FUZZ_SECONDS=60
readonly FUZZ_CRASHES="$BUILD/fuzz/crashes"

# Names of all targets: fuzz/<name>_fuzz.cc.
fuzz_targets() {
  local file
  for file in "$ROOT"/fuzz/*_fuzz.cc; do
    file="${file##*/}"
    printf '%s\n' "${file%_fuzz.cc}"
  done
}

# run_fuzz [TARGET...] [--seconds N]
run_fuzz() {
  local seconds="$FUZZ_SECONDS" chosen=() rows=() failed=0 target
  while (($# > 0)); do
    case "$1" in
      --seconds)
        [[ "${2:-}" =~ ^[1-9][0-9]*$ ]] || die "--seconds takes a number from 1" "./dev fuzz [TARGET...] [--seconds N]"
        seconds="$2"
        shift
        ;;
      -*) die "unknown option of fuzz: $1" "./dev fuzz [TARGET...] [--seconds N]" ;;
      *)
        [[ -f "$ROOT/fuzz/$1_fuzz.cc" ]] || die "unknown fuzz target: $1" "One of: $(fuzz_targets | tr '\n' ' ')"
        chosen+=("$1")
        ;;
    esac
    shift
  done
  ((${#chosen[@]} > 0)) || mapfile -t chosen < <(fuzz_targets)

  cmake_build fuzz "${chosen[@]/#/fuzz_}" >&2
  mkdir -p "$FUZZ_CRASHES" "$LOGS"
  FUZZ_FOLDER="$(mktemp -d -p "$([[ -d /dev/shm ]] && echo /dev/shm || echo "${TMPDIR:-/tmp}")" tasker-fuzz.XXXXXX)"
  trap 'rm -rf "$FUZZ_FOLDER"' EXIT
  for target in "${chosen[@]}"; do
    fuzz_one "$target" "$seconds" || failed=$((failed + 1))
    rows+=("$FUZZ_ROW")
  done
  print_fuzz_table "${rows[@]}"
  if ((failed > 0)); then
    printf '\n%s of %s targets failed\n' "$failed" "${#chosen[@]}"
    return 1
  fi
}

FUZZ_ROW='' FUZZ_FOLDER=''

# fuzz_one TARGET SECONDS : one target with its corpus of the repository and what earlier runs found; sets FUZZ_ROW.
fuzz_one() {
  local target="$1" seconds="$2" log="$LOGS/fuzz-$1.log" found="$BUILD/fuzz/found/$1" program="$BUILD/fuzz/fuzz/fuzz_$1"
  local runner=() dictionary=() pid status=0 started="$EPOCHREALTIME" runs coverage result=ok crash
  mkdir -p "$found"
  touch "$FUZZ_FOLDER/started"
  if setarch -R true 2>/dev/null; then
    runner=(setarch -R) # Clang 14's sanitizers want addresses that newer kernels would randomise
  fi
  [[ ! -f "$ROOT/fuzz/dictionaries/$target.dict" ]] || dictionary=("-dict=$ROOT/fuzz/dictionaries/$target.dict")
  runner+=("$program" "-max_total_time=$seconds" -timeout=30 -rss_limit_mb=4096 -max_len=8192 -print_final_stats=1
    "-artifact_prefix=$FUZZ_CRASHES/$target-" "${dictionary[@]}" "$found" "$ROOT/fuzz/corpus/$target")
  TMPDIR="$FUZZ_FOLDER" ASAN_OPTIONS="detect_leaks=1:detect_stack_use_after_return=1:strict_string_checks=1" \
    UBSAN_OPTIONS="print_stacktrace=1" "${runner[@]}" >"$log" 2>&1 </dev/null &
  pid=$!
  # shellcheck disable=SC2064
  trap "kill -TERM $pid 2>/dev/null; exit 130" INT TERM
  while [[ -t 1 ]] && kill -0 "$pid" 2>/dev/null; do
    printf '\r%-16s %3.0f of %s s, %s runs ' "$target" "$(seconds_since "$started")" "$seconds" "$(fuzz_runs "$log")"
    sleep 1
  done
  wait "$pid" || status=$?
  trap - INT TERM
  runs="$(sed -n 's/^stat::number_of_executed_units: *//p' "$log" | tail -n 1)"
  coverage="$(grep -oE ' cov: [0-9]+' "$log" | tail -n 1 | grep -oE '[0-9]+' || true)"
  ((status == 0)) || result=FAILED
  FUZZ_ROW="$target|$result|${runs:-$(fuzz_runs "$log")}|${coverage:-0}|$(seconds_since "$started") s"
  [[ ! -t 1 ]] || printf '\r\e[K'
  if ((status == 0)); then
    printf '%-16s %sok%s, %s runs\n' "$target" "$GREEN" "$RESET" "$runs"
    return 0
  fi
  printf '%-16s %sFAILED%s (whole log: %s)\n' "$target" "$RED" "$RESET" "${log#"$ROOT"/}"
  grep -E '^(==[0-9]+==ERROR|SUMMARY|fuzz: broken rule|.*runtime error)' "$log" | head -n 8 | sed 's/^/    /'
  while IFS= read -r crash; do
    printf '    to run it again: %s %s\n' "${program#"$ROOT"/}" "${crash#"$ROOT"/}"
  done < <(find "$FUZZ_CRASHES" -name "$target-*" -newer "$FUZZ_FOLDER/started")
  return 1
}

# How many runs libFuzzer has told of so far.
fuzz_runs() { grep -oE '^#[0-9]+' "$1" 2>/dev/null | tail -n 1 | tr -d '#' || true; }

print_fuzz_table() {
  local row target result runs coverage time
  printf '\n%s%-16s %-8s %12s %10s  %s%s\n' "$BOLD" target result runs edges time "$RESET"
  for row in "$@"; do
    IFS='|' read -r target result runs coverage time <<<"$row"
    printf '%-16s %-8s %12s %10s  %s\n' "$target" "$result" "$runs" "$coverage" "$time"
  done
}
