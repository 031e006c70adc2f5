"""Runs a command in a terminal that shows nothing any more (Ctrl-S), interrupts it twice, and prints whether it ended.

python3 stopped-terminal.py COMMAND ARGUMENT...
"""
import os
import pty
import select
import signal
import sys
import time

pid, terminal = pty.fork()
if pid == 0:
    # A log line for a stopped terminal waits as well: that is another matter.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    os.execvp(sys.argv[1], sys.argv[1:])

# It is writing; from now on nobody reads.
select.select([terminal], [], [], 10)
time.sleep(0.5)
for _ in range(2):
    os.kill(pid, signal.SIGINT)
    time.sleep(0.3)
for _ in range(40):
    if os.waitpid(pid, os.WNOHANG)[0]:
        print("ended")
        sys.exit(0)
    time.sleep(0.1)
os.kill(pid, signal.SIGKILL)
print("killed")
