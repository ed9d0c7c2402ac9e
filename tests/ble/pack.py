"""Two steps of vm.sh that a shell is no good at.

pack.py kernel VMLINUZ OUT   unpack the kernel here rather than under emulation (3 s of every boot)
pack.py tree FROM TO         copy the guest's programs with their libraries and configuration
"""
import lzma
import os
import shutil
import subprocess
import sys

LIB = 'lib/x86_64-linux-gnu'
PROGRAMS = ['bin/busybox', 'bin/kmod', 'usr/bin/dbus-daemon', 'usr/bin/dbus-send', 'usr/bin/bluetoothctl',
            'usr/bin/btmon', 'usr/bin/btattach', 'usr/libexec/bluetooth/bluetoothd']
# What the program under test links.
LIBRARIES = ['libgcc_s.so.1', 'libm.so.6', 'libpthread.so.0', 'libdl.so.2', 'librt.so.1', 'libc.so.6']
FILES = {
    'etc/passwd': 'root:x:0:0:root:/root:/bin/sh\nmessagebus:x:101:101::/:/bin/false\n',
    'etc/group': 'root:x:0:\nmessagebus:x:101:\nbluetooth:x:102:\nlp:x:7:\n',
    'etc/machine-id': '0123456789abcdef0123456789abcdef\n',
}


def kernel(source, target):
    data = open(source, 'rb').read()
    start = data.find(b'\xfd7zXZ\0')
    try:
        image = lzma.LZMADecompressor().decompress(data[start:]) if start > 0 else b''
    except lzma.LZMAError:
        image = b''
    # An ELF kernel is entered directly (PVH); any other form boots as it is.
    open(target, 'wb').write(image if image[:4] == b'\x7fELF' else data)


def copy(source, target):
    os.makedirs(os.path.dirname(target), exist_ok=True)
    shutil.copy2(source, target)


def tree(source, target):
    places = [f'{source}/{LIB}', f'{source}/usr/{LIB}']
    loader = f'{source}/{LIB}/ld-linux-x86-64.so.2'
    for program in PROGRAMS:
        copy(f'{source}/{program}', f'{target}/{program}')
        listed = subprocess.run([loader, '--library-path', ':'.join(places), '--list', f'{source}/{program}'],
                                capture_output=True, text=True).stdout
        for line in listed.splitlines():
            if '=>' in line:
                path = line.split('=>')[1].split('(')[0].strip()
                assert path.startswith(source), f'{program} would use the library of the host: {line}'
                copy(path, f'{target}/{LIB}/{line.split()[0]}')
    for name in LIBRARIES:
        for place in places:
            if os.path.exists(f'{place}/{name}'):
                copy(f'{place}/{name}', f'{target}/{LIB}/{name}')
                break
    copy(loader, f'{target}/lib64/ld-linux-x86-64.so.2')
    for directory in ('etc/dbus-1', 'etc/bluetooth', 'usr/share/dbus-1'):
        if os.path.isdir(f'{source}/{directory}'):
            shutil.copytree(f'{source}/{directory}', f'{target}/{directory}', symlinks=True)
    for directory in 'proc sys dev tmp run root opt sbin usr/sbin var/lib/bluetooth'.split():
        os.makedirs(f'{target}/{directory}', exist_ok=True)
    os.symlink('/run', f'{target}/var/run')
    applets = subprocess.run([f'{source}/bin/busybox', '--list'], capture_output=True, text=True).stdout
    for applet in applets.split():
        if not any(os.path.lexists(f'{target}/{place}/{applet}') for place in ('bin', 'usr/bin')):
            os.symlink('busybox', f'{target}/bin/{applet}')
    for path, text in FILES.items():
        with open(f'{target}/{path}', 'w') as file:
            file.write(text)


{'kernel': kernel, 'tree': tree}[sys.argv[1]](*sys.argv[2:])
