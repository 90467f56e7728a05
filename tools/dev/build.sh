# shellcheck shell=bash
# CMake and TypeScript builds.

# A compile in one clone serves the next: paths are taken relative to the root of the clone.
export CCACHE_BASEDIR="$ROOT" CCACHE_NOHASHDIR=1

# bench is release with more in it, and shares its folder.
preset_folder() { printf '%s\n' "$BUILD/${1/#bench/release}"; }

# Runs CMake when this preset, as it is written now, has not configured its folder yet.
cmake_configure() {
  local preset="$1" folder stamp hash log="$LOGS/cmake-$1.log"
  folder="$(preset_folder "$preset")"
  stamp="$folder/.configured"
  hash="$(sha256sum "$ROOT/CMakePresets.json" | cut -d' ' -f1)"
  if [[ ! -f "$folder/build.ninja" || ! -f "$stamp" ]] ||
    { [[ "$(<"$stamp")" != "$preset $hash" ]] && [[ "$preset $(<"$stamp")" != "release bench $hash" ]]; }; then
    say "configuring ${folder#"$ROOT"/} ($preset)"
    mkdir -p "$LOGS"
    if ! (cd "$ROOT" && cmake --preset "$preset" -Wno-dev >"$log" 2>&1); then
      tail -n 30 "$log" >&2
      die "CMake could not configure $preset (whole log: ${log#"$ROOT"/})"
    fi
    printf '%s\n' "$preset $hash" >"$stamp"
  fi
}

# cmake_build PRESET TARGET... : no target means all.
cmake_build() {
  cmake_configure "$1"
  cmake --build "$(preset_folder "$1")" ${2:+--target "${@:2}"}
}

# The addon, the C library, the launcher and the CLI of a preset become the ones that everything started from here uses.
use_build() {
  export TASKER_ADDON_PATH="$BUILD/$1/doors/node/tasker.node"
  export TASKER_FFI_LIBRARY_PATH="$BUILD/$1/doors/c/libtasker_worker.so"
  export TASKER_LAUNCHER_PATH="$BUILD/$1/doors/launcher/tasker-launcher"
  export TASKER_CLI_PATH="$BUILD/$1/core/cli/tasker"
}

# build_typescript FOLDER... : workspaces with a build script; those that have not changed since are left alone.
build_typescript() {
  local folder stamp
  for folder in "$@"; do
    typescript_changed "$folder" || continue
    # The stamp has the time before the build, so that an edit during it counts.
    stamp="$(typescript_stamp "$folder")"
    mkdir -p "${stamp%/*}"
    touch "$stamp.new"
    (cd "$ROOT" && pinned_npm run --silent build -w "$folder")
    mv "$stamp.new" "$stamp"
  done
}

typescript_stamp() { printf '%s\n' "$BUILD/typescript/${1//\//-}"; }

# Whether something that the workspace is built from is newer than its last build. A folder's own time tells what was removed.
typescript_changed() {
  local stamp inputs
  stamp="$(typescript_stamp "$1")"
  [[ -f "$stamp" && -d "$ROOT/$1/dist" ]] || return 0
  inputs=("$ROOT/$1"/* "$ROOT/tsconfig.base.json" "$ROOT/node_modules/.tasker-installed")
  [[ "$1" == frontends/typescript ]] || inputs+=("$(typescript_stamp frontends/typescript)")
  [[ -n "$(find "${inputs[@]}" -name node_modules -prune -o -path "$ROOT/$1/dist" -prune -o -path "$ROOT/$1/out" -prune \
    -o -newer "$stamp" -print -quit)" ]]
}

# Workspaces that have something to build; the front end comes first, the others use it.
typescript_workspaces() {
  local manifest
  for manifest in "$ROOT"/frontends/typescript/package.json "$ROOT"/examples/*/package.json "$ROOT"/bench/package.json; do
    if [[ -f "$manifest" ]] && grep -q '"build":' "$manifest"; then
      manifest="${manifest#"$ROOT"/}"
      printf '%s\n' "${manifest%/package.json}"
    fi
  done
}

build_typescript_all() {
  local workspaces
  mapfile -t workspaces < <(typescript_workspaces)
  build_typescript "${workspaces[@]}"
}

build_all() {
  cmake_build dev
  build_typescript_all
}

# run_ctest PRESET CTEST-ARGUMENT... : all output, from which the tests are counted.
run_ctest() {
  local preset="$1" without_aslr=()
  shift
  # The sanitizers of g++ 12 cannot always place their shadow memory where newer kernels randomise addresses.
  if [[ "$preset" != dev ]] && setarch -R true 2>/dev/null; then
    without_aslr=(setarch -R)
  fi
  "${without_aslr[@]}" ctest --test-dir "$BUILD/$preset" --verbose --no-tests=error -j "$(nproc)" "$@"
}

run_asan() {
  export ASAN_OPTIONS="detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1:check_initialization_order=1"
  export UBSAN_OPTIONS="print_stacktrace=1"
  cmake_build asan-ubsan
  run_ctest asan-ubsan "$@"
}

run_tsan() {
  export TSAN_OPTIONS="second_deadlock_stack=1"
  cmake_build tsan concurrent_tests
  run_ctest tsan -L concurrent "$@"
}
