#!/bin/bash
# vm.sh: a small virtual machine with the real Linux Bluetooth stack, for tests/ble/bench.py.
#
# Debian's kernel (the cloud one has no Bluetooth), bluetoothd, dbus-daemon and busybox in an initramfs; QEMU in
# software emulation, so neither root nor KVM is needed. HCI goes over the guest's second serial port to a Unix
# socket on the host, where bench.py has a virtual controller. Nothing is installed on the host: packages are
# unpacked privately into the cache.
#
#   vm.sh build                make or refresh the image in the cache
#   vm.sh run HCI LOG CLOCK FILE...
#                              boot it with FILEs (or folders) in /opt; HCI = path of the controller's socket, LOG = where
#                              bluetoothd's own words go, CLOCK = path of a socket where the guest answers each line
#                              with its uptime; runs /opt/main, with this script's standard input as its own. TMPDIR
#                              is left to be cleared by whoever set it
# env: ESPPROV_BLE_CACHE (default ~/.cache/espprov-ble)
set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
CACHE=${ESPPROV_BLE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/espprov-ble}
BUMBLE=0.0.236
DBUS_FAST=5.2.0
GUEST="bluez dbus-daemon kmod busybox-static libdbus-1-3 libgcc-s1"
MODULES="algif_hash algif_skcipher ecb cmac ecdh_generic uhid hci_uart"
LIB=lib/x86_64-linux-gnu

say() { echo "vm.sh: $*" >&2; }
die() { say "$*"; exit 125; }

# download DIR STATUS PACKAGE...: the packages, and what the dpkg status file lacks of their dependencies.
download() {
  local dir=$1 status=$2; shift 2
  mkdir -p "$dir/partial"
  apt-get -y -qq --no-install-recommends -o Debug::NoLocking=1 -o APT::Sandbox::User= \
    -o Dir::State::status="$status" -o Dir::Cache::archives="$dir" -o Dir::Cache::pkgcache= \
    -o Dir::Cache::srcpkgcache= --download-only install "$@" >"$dir/apt.log" 2>&1 ||
    { sed -E 's#[a-z]+://[^ ]+##g' "$dir/apt.log" >&2; die "apt could not fetch: $*"; }
}

# guest_run ROOT NAME PROGRAM ARG...: a program of the guest, with the guest's own libraries.
guest_run() {
  local root=$1 name=$2 program=$3; shift 3
  "$root/$LIB/ld-linux-x86-64.so.2" --library-path "$root/$LIB:$root/usr/$LIB" --argv0 "$name" "$root/$program" "$@"
}

# What the image depends on: not on guest-init, which every boot brings along.
image_key() {
  { echo "$GUEST $MODULES $BUMBLE $DBUS_FAST"; declare -f build download guest_run; cat "$HERE/pack.py"; } |
    sha256sum | cut -c1-16
}

# The versions there would be in it today; nothing while somebody else is changing the package lists.
candidates() { apt-cache policy bluez linux-image-amd64 2>/dev/null | grep Candidate || true; }

build() {
  mkdir -p "$CACHE"
  # Others may want the same image at the same time.
  exec 9> "$CACHE/lock"; flock 9
  local key versions; key=$(image_key); versions=$(candidates)
  [ "$(cat "$CACHE/image/key" 2>/dev/null)" = "$key" ] &&
    [ "${versions:-$(cat "$CACHE/image/versions")}" = "$(cat "$CACHE/image/versions")" ] && return 0
  say "building the image in $CACHE"
  for tool in apt-get dpkg-deb python3; do command -v $tool >/dev/null || die "needs $tool (a Debian or Ubuntu host)"; done
  cd "$CACHE"
  apt-cache show bluez linux-image-amd64 >/dev/null 2>&1 || apt-get update -qq || die "no package lists"
  : > empty

  # 1. QEMU, and dbus-daemon for the mock: unpacked, because installing could disturb the host.
  if ! command -v qemu-system-x86_64 >/dev/null && [ ! -x host/usr/bin/qemu-system-x86_64 ]; then
    download "$PWD/debs-host" /var/lib/dpkg/status qemu-system-x86
    rm -rf host.new; mkdir host.new
    for deb in debs-host/*.deb; do dpkg-deb -x "$deb" host.new; done
    rm -rf host; mv host.new host
  fi

  # 2. Python for the virtual controllers, pinned: air.py corrects this very version.
  [ -x venv/bin/python ] || python3 -m venv venv
  venv/bin/pip install -q --disable-pip-version-check "bumble==$BUMBLE" "dbus-fast==$DBUS_FAST"

  # 3. Guest: unpack everything, then keep the programs needed, their libraries and configuration.
  rm -rf debs tree root kernel image.new; mkdir -p tree root kernel image.new
  download "$PWD/debs" "$PWD/empty" $GUEST
  for deb in debs/*.deb; do
    case ${deb##*/} in perl*|libperl*|debconf*|adduser*|passwd_*|dpkg_*|tar_*) ;; *) dpkg-deb -x "$deb" tree ;; esac
  done
  local image; image=$(apt-cache depends linux-image-amd64 | awk '/Depends:/{print $2; exit}')
  (cd kernel && apt-get -qq -o APT::Sandbox::User= download "$image" >/dev/null) || die "no kernel package"
  local version=${image#linux-image-}
  dpkg-deb --fsys-tarfile kernel/*.deb | tar -x -C kernel --wildcards "./boot/vmlinuz*" \
    "./lib/modules/$version/modules.*" "./lib/modules/$version/kernel/net/*" \
    "./lib/modules/$version/kernel/drivers/bluetooth/*" "./lib/modules/$version/kernel/drivers/hid/*" \
    "./lib/modules/$version/kernel/crypto/*" "./lib/modules/$version/kernel/lib/*" \
    "./lib/modules/$version/kernel/arch/*"
  python3 "$HERE/pack.py" kernel kernel/boot/vmlinuz-* image.new/vmlinuz
  python3 "$HERE/pack.py" tree "$PWD/tree" "$PWD/root"

  # 4. Kernel modules: those named, and what they need.
  guest_run tree depmod bin/kmod -b "$PWD/kernel" "$version" 2>/dev/null
  for module in $MODULES; do
    guest_run tree modprobe bin/kmod -d "$PWD/kernel" -S "$version" --show-depends "$module"
  done | awk '/^insmod/{print $2}' | sort -u | while read -r module; do
    to=root/lib/modules/$version/kernel/${module#*/kernel/}
    mkdir -p "${to%/*}"; cp "$module" "$to"
  done
  cp kernel/lib/modules/"$version"/modules.{order,builtin,builtin.modinfo} root/lib/modules/"$version"/
  guest_run tree depmod bin/kmod -b "$PWD/root" "$version"
  (cd root && find . -print | ./bin/busybox cpio -o -H newc 2>/dev/null) > image.new/base.cpio
  cp tree/bin/busybox image.new/busybox
  candidates > image.new/versions; echo "$key" > image.new/key
  rm -rf tree kernel debs debs-host root image; mv image.new image
  say "built: $(du -sh . | cut -f1), initramfs $(du -h image/base.cpio | cut -f1)"
}

run() {
  local hci=$1 log=$2 clock=$3 image=$CACHE/image; shift 3
  local work; work=$(mktemp -d)
  mkdir -p "$work/tree/opt"
  cp -r "$@" "$work/tree/opt/"
  cp "$HERE/guest-init" "$work/tree/init"; chmod 755 "$work/tree/init"
  (cd "$work/tree" && find . -print | "$image/busybox" cpio -o -H newc 2>/dev/null) > "$work/opt.cpio"
  # The kernel unpacks archives that follow one another.
  cat "$image/base.cpio" "$work/opt.cpio" > "$work/initrd"
  local qemu=(qemu-system-x86_64) host=$CACHE/host
  if [ -x "$host/usr/bin/qemu-system-x86_64" ]; then
    export LD_LIBRARY_PATH=$host/usr/$LIB:$host/$LIB
    qemu=("$host/usr/bin/qemu-system-x86_64" -L "$host/usr/share/qemu" -L "$host/usr/share/seabios")
  fi
  # The guest's clock counts what the guest has done: 2 ns for each instruction, and the host's time only while the
  # guest has nothing to do. On a busy host all is slower, and nothing is late. What the guest need not do: defend
  # itself against its processor, collect entropy, and lay out each process afresh, for QEMU would translate the
  # program once more for every start. (Without the self-tests of its ciphers pairing never ends.)
  # It gives way to everything else: what it waits for, the air and the devices, needs little time but at once.
  exec setpriv --pdeathsig KILL nice -n 10 "${qemu[@]}" -accel tcg -icount shift=1 -cpu qemu64,+rdrand -m 384 -smp 1 -nodefaults \
    -no-reboot -display none -serial stdio -chardev socket,id=hci,path="$hci" -serial chardev:hci \
    -serial "file:$log" -chardev socket,id=clock,path="$clock" -serial chardev:clock \
    -kernel "$image/vmlinuz" -initrd "$work/initrd" \
    -append "console=ttyS0 panic=-1 quiet loglevel=3 mitigations=off norandmaps"
}

case ${1:-} in
  build) build ;;
  run) shift; run "$@" ;;
  *) sed -n '2,12p' "$0"; exit 2 ;;
esac
