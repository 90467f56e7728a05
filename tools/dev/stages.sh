# shellcheck shell=bash
# The stages of ./dev test, in order. To add one, add a line:
#
#   stage NAME KIND LIMIT_MIN "TITLE" COMMAND...
#
# LIMIT_MIN is there to end what hangs, on a busy machine too.
# KIND `tests` has to report at least one test (GoogleTest through ctest, node:test, unittest, or a line `N passed, N failed`);
# KIND `checks` has nothing to count. COMMAND is a program or a function of tools/dev/; it runs in the root of the
# repository with the pinned Node and the addon and CLI of build/dev.

STAGE_NAMES=()
declare -A STAGE_KIND STAGE_LIMIT_MIN STAGE_TITLE STAGE_COMMAND

stage() {
  STAGE_NAMES+=("$1")
  STAGE_KIND["$1"]="$2"
  STAGE_LIMIT_MIN["$1"]="$3"
  STAGE_TITLE["$1"]="$4"
  STAGE_COMMAND["$1"]="$(printf '%q ' "${@:5}")"
}

# node_suite MAJOR WORKSPACE ARGUMENT... : a workspace's own tests on one of the pinned versions of Node.
node_suite() { node_script "$1" test "${@:2}"; }

# doors_suite MAJOR ARGUMENT... : the contract through the addon and through FFI.
doors_suite() { node_script "$1" test:doors frontends/typescript "${@:2}"; }

# node_script MAJOR SCRIPT WORKSPACE ARGUMENT...
node_script() {
  use_node "$1"
  [[ "$(node --version)" == "v${NODE_VERSIONS[$1]}" ]] || die "node is $(node --version), not ${NODE_VERSIONS[$1]}"
  node "$TOOLS/npm-$NPM_VERSION/bin/npm-cli.js" run "$2" --silent -w "$3" -- "${@:4}"
}

stage tools tests 10 "tools' own tests" python3 -m unittest discover --start-directory tools --pattern '*_test.py'
stage build checks 40 "build: core, CLI, addon, TypeScript" build_all
stage lint checks 10 "formatting, layers, tidiness, types" quick_checks
stage cpp tests 20 "C++ tests" run_ctest dev -LE '^(crash|soak)$'
stage asan tests 40 "C++ tests under ASan and UBSan" run_asan
stage tsan tests 30 "concurrent C++ tests under TSan" run_tsan
# example_suites : the tests of the examples in TypeScript.
example_suites() {
  local example status=0
  for example in examples/flight-report examples/untrusted-handler; do
    node_suite "$BUILD_NODE" "$example" || status=1
  done
  return "$status"
}

for major in "${TEST_NODES[@]}"; do
  stage "node$major" tests 20 "TypeScript tests on Node $major" node_suite "$major" frontends/typescript
  stage "doors-node$major" tests 20 "the contract on Node $major × addon, FFI" doors_suite "$major"
done
unset major
for runtime in bun deno; do
  stage "$runtime" tests 20 "TypeScript tests on ${runtime^}" node_suite "$BUILD_NODE" frontends/typescript "--runtime=$runtime"
  stage "doors-$runtime" tests 20 "the contract on ${runtime^} × addon, FFI" doors_suite "$BUILD_NODE" "--runtime=$runtime"
done
unset runtime
stage example tests 20 "the examples: report, kill and resume; a handler that crashes" example_suites
stage crash tests 20 "worker processes killed at random moments" run_ctest dev -L '^crash$'
stage soak tests 20 "a million steps in one process, and events at ten times what is handled" run_ctest dev -L '^soak$'
stage bench tests 30 "the benchmarks' runner, and every scenario once with tiny sizes" node_suite "$BUILD_NODE" bench
stage packaging tests 15 "the installed tree, used as a stranger would" \
  env TASKER_BUILD_FOLDER=build/dev python3 tests/packaging/packaging_test.py
stage contract tests 5 "the contract's schemas and vectors" node --test 'tests/contract/**/*.test.mjs'
stage docs tests 15 "every code block of the documentation" node --test 'tests/docs/**/*.test.mjs'
