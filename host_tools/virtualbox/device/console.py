"""What answers on the port when main.py has ended: the prompt of an idle board.

A raw REPL (what mpremote speaks) would live here. Now only Ctrl-C (a new prompt) and Ctrl-D
(soft reset) are understood, and everything else is swallowed.
"""

import select
import sys

from .clock import clock

_BANNER = "MicroPython v1.28.0 (BeltBox's virtual box); Generic ESP32 module with ESP32\r\n>>> "
_CTRL_D = "\x04"
_LOOK_US = 10_000


def write(text):
    """Put `text` on the port with the line ends of a terminal."""
    sys.stdout.write(text.replace("\r\n", "\n").replace("\n", "\r\n"))


def idle():
    """Wait at the prompt until Ctrl-D; time goes on. Raises BoxReset and BoxEnd."""
    write(_BANNER)
    poller = select.poll()
    poller.register(sys.stdin, select.POLLIN)
    while True:
        try:
            clock.advance(_LOOK_US)
            while poller.poll(0):
                letter = sys.stdin.read(1)
                if not letter:
                    break
                if letter == _CTRL_D:
                    return
        except KeyboardInterrupt:
            write("\n>>> ")
