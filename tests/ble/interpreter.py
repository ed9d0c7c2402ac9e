"""A Python for the guest: the one that runs this, with as much of its library as provision.py uses, and the package as its wheel has it."""
import json
import py_compile
import re
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
# How the guest runs it.
PYTHON = ['env', 'LD_LIBRARY_PATH=/opt/python/lib', '/opt/python/bin/python3', '-S', '/opt/python/provision.pyc']
# The guest has these.
SYSTEM = re.compile(r'(ld-linux.*|libc|libm|libdl|librt|libpthread|libgcc_s)\.so')
# Does on the host, with a simulated device, what it will do there, and tells which files that took.
ASK = '''
import json, sys
# Without it asyncio can do everything but TLS, and needs no library of the system.
sys.modules['ssl'] = None
sys.path.insert(0, sys.argv[1])
import provision
assert provision.main('plain', 'sim:zero', 'abcd1234') == 0 and provision.main('async', 'sim:zero', 'abcd1234') == 0
print(json.dumps(sorted({file for module in list(sys.modules.values()) if (file := getattr(module, '__file__', None))})))
'''


def pack(wheel, target):
    """Fills the folder `target`, which will be /opt/python."""
    target = Path(target)
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(target, [name for name in archive.namelist() if name.startswith('espprov/')])
    shutil.copy2(HERE / 'provision.py', target)
    program = Path(sys.executable).resolve()
    asked = subprocess.run([program, '-S', '-s', '-E', '-c', ASK, target], capture_output=True, text=True)
    if asked.returncode != 0:
        raise RuntimeError(f'the package does not run on the host: {asked.stdout}{asked.stderr}')
    library = Path(sysconfig.get_path('stdlib'))
    there = target / sys.platlibdir / library.name
    (there / 'lib-dynload').mkdir(parents=True)
    binaries = [target / 'bin' / 'python3']
    binaries[0].parent.mkdir()
    shutil.copy2(program, binaries[0])
    for file in map(Path, json.loads(asked.stdout.splitlines()[-1])):
        if not file.is_relative_to(library):
            continue
        copy = there / file.relative_to(library)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(file, copy)
        if copy.suffix != '.py':
            binaries.append(copy)
    for binary in binaries:
        for name, path in libraries(binary):
            shutil.copy2(path, target / 'lib' / name)
    # Compiled here rather than under emulation.
    for source in target.rglob('*.py'):
        py_compile.compile(str(source), str(source) + 'c', doraise=True)
        source.unlink()
    for file in [*binaries, *(target / 'lib').glob('*.so*')]:
        subprocess.run(['strip', '--strip-unneeded', file], check=True)


def libraries(binary):
    """Names and places of the libraries it needs and the guest has not."""
    listed = subprocess.run(['ldd', binary], capture_output=True, text=True).stdout
    for name, path in re.findall(r'(\S+) => (/\S+)', listed):
        if not SYSTEM.match(name):
            yield name, path
