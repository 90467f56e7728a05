# shellcheck shell=bash
# Installs what is missing and nothing else: Debian packages, pinned runtimes and npm under .tools/, npm packages.

readonly BUILD_PACKAGES=(
  g++ cmake ninja-build ccache pkg-config ca-certificates git python3 libsqlite3-dev libsimdjson-dev libfmt-dev
  libspdlog-dev libyaml-cpp-dev libcli11-dev libexpected-dev libpcre2-dev libvalijson-dev nlohmann-json3-dev
)
readonly TEST_PACKAGES=(libgtest-dev libgmock-dev clang-format shellcheck)
readonly LINT_PACKAGES=(clang clang-tidy)
readonly BENCH_PACKAGES=(iproute2 libboost-dev libconcurrentqueue-dev libsigc++-2.0-dev libtbb-dev)
readonly FUZZ_PACKAGES=(clang libclang-rt-dev llvm)

# need_debian GROUP... : installs the missing packages of the groups build, test, lint, bench, fuzz.
need_debian() {
  [[ -z "${TASKER_DEV_SKIP_SETUP:-}" ]] || return 0
  local wanted=() group
  for group in "$@"; do
    case "$group" in
      build) wanted+=("${BUILD_PACKAGES[@]}") ;;
      test) wanted+=("${TEST_PACKAGES[@]}") ;;
      lint) wanted+=("${LINT_PACKAGES[@]}") ;;
      bench) wanted+=("${BENCH_PACKAGES[@]}") ;;
      fuzz) wanted+=("${FUZZ_PACKAGES[@]}") ;;
    esac
  done
  # npm fetches Node, once; a machine's own npm will do.
  if ! have_node "$BUILD_NODE" && ! command -v npm >/dev/null; then
    wanted+=(nodejs npm)
  fi
  if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    die "this system has no apt, so nothing can be installed here; Tasker is built and tested on Debian 12" \
      "Install what corresponds to: ${wanted[*]}" \
      "then run with TASKER_DEV_SKIP_SETUP=1, which leaves the check out."
  fi
  local missing=()
  mapfile -t missing < <(missing_packages "${wanted[@]}")
  ((${#missing[@]} == 0)) || install_packages "${missing[@]}"
}

missing_packages() {
  local installed package
  # dpkg-query fails as soon as one of the names is unknown; what it prints is right all the same.
  # shellcheck disable=SC2016
  installed=" $(dpkg-query -W -f='${Package} ${db:Status-Status}\n' "$@" 2>/dev/null | sed -n 's/ installed$//p' | tr '\n' ' ')" || true
  for package in "$@"; do
    [[ "$installed" == *" $package "* ]] || printf '%s\n' "$package"
  done
}

install_packages() {
  local command="apt-get install --no-install-recommends $*" root=() log
  if [[ "$(id -u)" != 0 ]]; then
    if ! command -v sudo >/dev/null; then
      die "Debian packages are missing, and installing them needs root or sudo" "As root: $command"
    fi
    # Without a terminal nobody could type a password.
    if ! sudo -n true 2>/dev/null && [[ ! -t 0 ]]; then
      die "Debian packages are missing, and sudo asks for a password here" "First: sudo $command"
    fi
    root=(sudo)
  fi
  say "installing Debian packages: $*"
  mkdir -p "$LOGS"
  log="$LOGS/apt.log"
  # An update that fails for one source may still serve; the installation decides.
  "${root[@]}" apt-get update >"$log" 2>&1 || true
  if ! "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120 install -y --no-install-recommends \
    "$@" >>"$log" 2>&1; then
    grep -E '^(E|W|Err)[: ]' "$log" | sort -u | tail -n 8 >&2 || true
    die "apt-get could not install them (whole log: ${log#"$ROOT"/})" \
      "Is there a network, and is this Debian 12? By hand, as root: apt-get update && $command"
  fi
}

node_platform() {
  case "$(uname -s)-$(uname -m)" in
    Linux-x86_64) echo linux-x64 ;;
    Linux-aarch64) echo linux-arm64 ;;
    *) die "Node for $(uname -s) on $(uname -m) is not among npm's packages; Linux on x86_64 or aarch64 is needed" ;;
  esac
}

# Folder of a pinned Node by its major version: "$(tasker_node 22)/bin/node".
tasker_node() { printf '%s\n' "$TOOLS/node-${NODE_VERSIONS[$1]}"; }

have_node() { [[ -x "$(tasker_node "$1")/bin/node" ]]; }

# fetch_npm_package NAME VERSION TARGET : unpacks one npm package, without its scripts, into a folder that appears whole or not at all.
fetch_npm_package() {
  local name="$1" version="$2" target="$3" staging npm=(npm)
  say "fetching $name $version from npm"
  mkdir -p "$TOOLS"
  staging="$(mktemp -d "$TOOLS/fetch.XXXXXX")"
  echo '{ "private": true }' >"$staging/package.json"
  if [[ -f "$TOOLS/npm-$NPM_VERSION/bin/npm-cli.js" ]]; then
    npm=(pinned_npm)
  fi
  if ! (cd "$staging" && "${npm[@]}" install --ignore-scripts --no-package-lock --no-audit --no-fund --loglevel=error \
    "$name@$version" >"$staging/log" 2>&1); then
    tail -n 8 "$staging/log" >&2
    rm -rf "$staging"
    die "npm could not fetch $name $version" \
      "Is the registry reachable? npm's own settings decide which one: npm config get registry" \
      "By hand: unpack that package as ${target#"$ROOT"/}/"
  fi
  rm -rf "$target"
  mv "$staging/node_modules/$name" "$target"
  rm -rf "$staging"
}

# need_node MAJOR... : fetches the pinned versions that are not there yet; need_debian comes first.
need_node() {
  local major platform
  for major in "$@"; do
    have_node "$major" && continue
    platform="$(node_platform)"
    command -v npm >/dev/null || [[ -d "$TOOLS/npm-$NPM_VERSION" ]] ||
      die "npm is not installed; it is needed once, to fetch Node ${NODE_VERSIONS[$major]}" "Install Debian's packages nodejs and npm."
    fetch_npm_package "node-$platform" "${NODE_VERSIONS[$major]}" "$(tasker_node "$major")"
  done
}

# Puts the pinned Node first on the PATH.
use_node() {
  PATH="$(tasker_node "$1")/bin:$PATH"
  export PATH
}

# The package of Bun for this processor; the one without AVX2 is called baseline.
bun_package() {
  case "$(node_platform)" in
    linux-arm64) echo @oven/bun-linux-aarch64 ;;
    *) if grep -qw avx2 /proc/cpuinfo; then echo @oven/bun-linux-x64; else echo @oven/bun-linux-x64-baseline; fi ;;
  esac
}

# Programs of the pinned Bun and Deno.
tasker_bun() { printf '%s\n' "$TOOLS/bun-$BUN_VERSION/bin/bun"; }
tasker_deno() { printf '%s\n' "$TOOLS/deno-${DENO_VERSIONS[$(node_platform)]}/deno"; }

# need_bun_and_deno: fetches those that are not there yet; need_node comes first.
need_bun_and_deno() {
  local bun deno platform
  bun="$(tasker_bun)"
  deno="$(tasker_deno)"
  platform="$(node_platform)"
  [[ -x "$bun" ]] || fetch_npm_package "$(bun_package)" "$BUN_VERSION" "${bun%/bin/bun}"
  [[ -x "$deno" ]] || fetch_npm_package "@deno/$platform-glibc" "${DENO_VERSIONS[$platform]}" "${deno%/deno}"
}

# Puts the pinned Bun and Deno first on the PATH.
use_bun_and_deno() {
  local bun deno
  bun="$(tasker_bun)"
  deno="$(tasker_deno)"
  PATH="${bun%/bun}:${deno%/deno}:$PATH"
  export PATH
}

pinned_npm() { "$(tasker_node "$BUILD_NODE")/bin/node" "$TOOLS/npm-$NPM_VERSION/bin/npm-cli.js" "$@"; }

# need_npm_packages demo|all : the workspaces' packages; the demo's are a part of all.
need_npm_packages() {
  case "$1" in
    demo) npm_ci . demo --include-workspace-root -w frontends/typescript -w examples/flight-report ;;
    all) npm_ci . all ;;
  esac
}

# npm_ci FOLDER SCOPE ARGUMENT... : npm ci, when the folder's lockfile has changed since the last one or its scope was narrower.
npm_ci() {
  local folder="$ROOT/$1" scope="$2" stamp hash log="$LOGS/npm.log"
  shift 2
  if [[ ! -f "$TOOLS/npm-$NPM_VERSION/bin/npm-cli.js" ]]; then
    fetch_npm_package npm "$NPM_VERSION" "$TOOLS/npm-$NPM_VERSION"
  fi
  stamp="$folder/node_modules/.tasker-installed"
  hash="$(cat "$folder/package-lock.json" "$folder/package.json" | sha256sum | cut -d' ' -f1)"
  if [[ -f "$stamp" ]] && { [[ "$(<"$stamp")" == "$hash all" ]] || [[ "$(<"$stamp")" == "$hash $scope" ]]; }; then
    return 0
  fi
  say "installing npm packages of ${folder#"$ROOT"/} ($scope)"
  mkdir -p "$LOGS"
  if ! (cd "$folder" && pinned_npm ci --no-audit --no-fund --loglevel=error "$@" >"$log" 2>&1); then
    tail -n 12 "$log" >&2
    die "npm ci failed (whole log: ${log#"$ROOT"/})" \
      "Is the registry reachable? npm's own settings decide which one: npm config get registry"
  fi
  printf '%s\n' "$hash $scope" >"$stamp"
}
