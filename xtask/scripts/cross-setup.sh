#!/usr/bin/env bash
# A compiler for targets whose standard library rustup has not installed here: Debian's rustc with the matching
# library source, so that cargo can build core and alloc itself. Idempotent; prints the compiler's path.
# Needs root where the packages are not installed yet. On a developer's machine `rustup target add` does instead.
set -euo pipefail
rustc=/usr/bin/rustc
complete() { [ -x "$rustc" ] && [ -f "$("$rustc" --print sysroot)/lib/rustlib/src/rust/library/Cargo.lock" ]; }
# Steps that run at the same time need it both, and packages are installed by one at a time.
exec 9>"${TMPDIR:-/tmp}/espprov-cross-setup.lock"
flock 9
if ! complete; then
  command -v apt-get >/dev/null || { echo "cross-setup: run \`rustup target add\` (no apt-get here)" >&2; exit 1; }
  export DEBIAN_FRONTEND=noninteractive
  apt-get -o DPkg::Lock::Timeout=300 update -qq >&2
  apt-get -o DPkg::Lock::Timeout=300 install -y -qq --no-install-recommends rustc-web rust-web-src >&2
  complete || { echo "cross-setup: no library source under $("$rustc" --print sysroot)" >&2; exit 1; }
fi
printf '%s\n' "$rustc"
