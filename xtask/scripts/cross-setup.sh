#!/usr/bin/env bash
# A compiler for targets whose standard library rustup has not installed here: Debian's rustc with the matching
# library source, so that cargo can build core and alloc itself. Idempotent; prints the compiler's path.
# Needs root where the packages are not installed yet. On a developer's machine `rustup target add` does instead.
set -euo pipefail
rustc=/usr/bin/rustc
complete() { [ -x "$rustc" ] && [ -f "$("$rustc" --print sysroot)/lib/rustlib/src/rust/library/Cargo.lock" ]; }
if ! complete; then
  command -v apt-get >/dev/null || { echo "cross-setup: run \`rustup target add\` (no apt-get here)" >&2; exit 1; }
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq >&2
  apt-get install -y -qq --no-install-recommends rustc-web rust-web-src >&2
  complete || { echo "cross-setup: no library source under $("$rustc" --print sysroot)" >&2; exit 1; }
fi
printf '%s\n' "$rustc"
