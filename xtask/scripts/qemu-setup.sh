#!/usr/bin/env bash
# QEMU for Arm and RISC-V, unpacked into a directory of its own: installing the packages could remove other QEMU
# packages from the machine.   qemu-setup.sh DIR   Idempotent; afterwards DIR/root holds the programs.
set -euo pipefail
dir=$1
[ -f "$dir/complete" ] && exit 0
for tool in apt-get dpkg-deb; do command -v $tool >/dev/null || { echo "qemu-setup: needs $tool, or QEMU in PATH" >&2; exit 1; }; done
rm -rf "$dir"; mkdir -p "$dir/debs/partial" "$dir/root"
get() {
  apt-get -y -qq --no-install-recommends -o Debug::NoLocking=1 -o APT::Sandbox::User= -o Dir::Cache::archives="$dir/debs" \
    -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= --download-only install qemu-system-arm qemu-system-misc >&2
}
get || { apt-get update -qq >&2; get; }
for package in "$dir"/debs/*.deb; do dpkg-deb -x "$package" "$dir/root"; done
rm -rf "$dir/debs"
touch "$dir/complete"
