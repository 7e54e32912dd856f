#!/usr/bin/env bash
# Sets up whatever is missing and does nothing else: Debian packages, npm packages, the native addon, the compiled
# TypeScript. Safe to run again at any time; every step first looks whether it is done.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf 'setup: %s\n' "$*" >&2; }
fail() { printf 'setup: %s\n' "$*" >&2; exit 1; }

node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' \
  || fail "Node 20.19 or later is needed, found $(node --version)"

# 1. Debian packages. On another system, say what is needed and go on: the later steps fail by name if it is missing.
wanted=(fonts-dejavu-core)
# The tests of the live page look at it in a real browser.
command -v chromium >/dev/null || wanted+=(chromium)
command -v g++ >/dev/null && command -v make >/dev/null || wanted+=(build-essential)
node scripts/find-libtorch.js >/dev/null 2>&1 || wanted+=(libtorch-dev)
wanted+=(dataset-fashion-mnist)
if command -v dpkg-query >/dev/null; then
  missing=()
  for package in "${wanted[@]}"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q '^install ok installed' || missing+=("$package")
  done
  if ((${#missing[@]})); then
    as_root=()
    if [ "$(id -u)" -ne 0 ]; then
      command -v sudo >/dev/null || fail "these packages are missing: ${missing[*]}. Install them as root: apt-get install ${missing[*]}"
      as_root=(sudo)
    fi
    say "installing Debian packages: ${missing[*]}"
    "${as_root[@]}" apt-get update -qq
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
  fi
else
  say "no apt here; make sure these are installed: g++, make, libtorch, Fashion-MNIST (see README, Requirements)"
fi

# 2. npm packages: npm keeps a copy of the lock file beside what it installed.
if [ ! -e node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
  say "installing npm packages"
  npm ci --no-audit --no-fund --loglevel=error >&2
  touch node_modules/.package-lock.json
fi

# 3. The native addon: make knows what is up to date.
make -q --no-print-directory -C native 2>/dev/null || { say "building the native addon (a few minutes the first time)"; make -s -j"$(nproc)" -C native >&2; }

# 4. The compiled TypeScript.
if [ ! -e dist/cli/main.js ] || [ -n "$(find src tsconfig.json tsconfig.build.json package-lock.json -newer dist/.built -print -quit 2>/dev/null || echo stale)" ]; then
  say "compiling TypeScript"
  npm run --silent build
  touch dist/.built
fi
