"""Runs a command in a terminal and talks to it as a person would.

python3 terminal.py COMMAND [PROMPT ANSWER]...: waits for each PROMPT, then types its ANSWER and the return key.
Prints all that stood on the screen; ends with the command's status.
"""
import os
import pty
import select
import sys
import time

command, words = sys.argv[1], sys.argv[2:]
pid, terminal = pty.fork()
if pid == 0:
    os.execvp("sh", ["sh", "-c", command])

screen = b""
seen = 0
deadline = time.monotonic() + 15


def read():
    """More of the screen; False at its end."""
    global screen
    if time.monotonic() > deadline:
        sys.exit("no end, or no prompt, after: %r" % screen)
    if not select.select([terminal], [], [], 0.2)[0]:
        return True
    try:
        part = os.read(terminal, 4096)
    except OSError:
        return False
    screen += part
    return part != b""


for prompt, answer in zip(words[::2], words[1::2]):
    while prompt.encode() not in screen[seen:]:
        if not read():
            sys.exit("ended before %r: %r" % (prompt, screen))
    seen = len(screen)
    time.sleep(0.1)  # What is typed before the echo is off would be seen.
    os.write(terminal, answer.encode() + b"\r")
while read():
    pass
sys.stdout.buffer.write(screen)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
