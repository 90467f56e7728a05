# shellcheck shell=bash
# The text of ./dev help.

print_help() {
  cat <<EOF
${BOLD}./dev COMMAND${RESET}

  demo                  run examples/flight-report: a durable workflow on real data
  test [STAGE...]       build and test everything, or the build and the stages named; test --list names them
  bench [NAME...]       measure every scenario, or those named; writes bench/out/results.json
  build                 core, command line, addon (build/dev/) and TypeScript
  lint                  formatting, layers, tidiness, types, clang-tidy
  format                lay out C++ and TypeScript
  asan, tsan [ARG...]   C++ tests under ASan and UBSan, concurrent ones under TSan; ARGs go to ctest
  fuzz [TARGET...] [--seconds N]
                        feed the C ABI with libFuzzer, each target of fuzz/ or those named, for N (60) seconds
  clean [--all]         remove what was built; --all also the tools fetched (.tools/) and node_modules/
  help                  this text

Each command installs what it needs and the machine lacks: Debian packages with apt-get (as root or through sudo),
Node ${NODE_VERSIONS[$BUILD_NODE]} and npm $NPM_VERSION from npm into .tools/ (tests and benchmarks also other versions of Node,
Bun $BUN_VERSION and Deno), npm packages into node_modules/.

${BOLD}Variables that a worker and the command line read${RESET}

  TASKER_STORE                        store file; default tasker.db
  TASKER_DURABILITY                   full (default) or normal: the last commits may be lost with the power
  TASKER_WORKER_ID                    name of the worker; default typescript-worker-<uuid>
  TASKER_NAMESPACE                    namespaces to work for, separated by commas; default all
  TASKER_LOG_LEVEL                    trace, debug, info (default), warn, error
  TASKER_LOG_JSON                     1: log lines are JSON; default 0
  TASKER_MAX_CONCURRENT_HANDLERS      1..100000; default 10
  TASKER_HANDLER_TIMEOUT_MS           1..86400000, where a step names none; default 300000
  TASKER_LEASE_TTL_MS                 100..3600000; default 15000
  TASKER_DRAIN_TIMEOUT_MS             0..3600000; default 30000
  TASKER_RESULT_BYTES_MAX             1024..1073741824; default 16777216
  TASKER_COMPLETION_CHANNEL_CAPACITY  1..1000000; default 65536
  TASKER_EVENT_RETENTION_MS           0..2592000000: how long durable events stay that all have seen; default 3600000

${BOLD}Variables of the front end, of tests and of ./dev${RESET}

  TASKER_RUNTIME          addon or ffi: the way into the core; default: what is faster on the JavaScript runtime
  TASKER_ADDON_PATH       the .node file to load in place of the one that would be found
  TASKER_FFI_LIBRARY_PATH the libtasker_worker.so to load in place of the one that would be found
  TASKER_LAUNCHER_PATH    the tasker-launcher to start child processes with, in the same way
  TASKER_CYCLES           how many children the tests start and kill; default 30
  TASKER_OVERLOAD_SECONDS how long the tests offer channels and buses ten times what is handled; default 1
  TASKER_CLI_PATH         the tasker program that tests and benchmarks start; ./dev sets it to the one it built
  TASKER_SEED             a number that a test with random choices printed: it makes the same ones again
  TASKER_DEV_SKIP_SETUP   1: leave the check of Debian packages out, for systems without apt
  NO_COLOR                no colours; there are none either when the output is not a terminal
EOF
}
