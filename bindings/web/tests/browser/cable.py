"""A serial port with a device on it, for one browser: `cable.py COMMAND…` prints the path of a pseudo-terminal, and connects it to the
command's standard input and output. The device is off until the first byte arrives: that byte is lost, and its boot log comes before its
prompt. Pulled out (the command ended, or this program was told to end), the terminal hangs up."""
import os
import select
import signal
import subprocess
import sys
import tty

LOG = (b"ets Jul 29 2019 12:21:46\r\n\r\nrst:0x1 (POWERON_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)\r\n"
       b"I (27) boot: ESP-IDF v5.5 2nd stage bootloader\r\n\x1b[0;32mI (312) main_task: Calling app_main()\x1b[0m\r\n")

signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
host, device = os.openpty()
tty.setraw(device)
print(os.ttyname(device), flush=True)

os.read(host, 1)
os.write(host, LOG)
child = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
try:
    while True:
        ready, _, _ = select.select([host, child.stdout], [], [])
        if child.stdout in ready:
            said = os.read(child.stdout.fileno(), 4096)
            if not said:
                break
            os.write(host, said)
        if host in ready:
            os.write(child.stdin.fileno(), os.read(host, 4096))
finally:
    child.kill()
    child.wait()
