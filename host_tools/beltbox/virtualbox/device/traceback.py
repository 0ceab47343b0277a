"""Tracebacks as the board tells them: without the files of the virtual box."""

import io
import sys

_print_exception = sys.print_exception
_HERE = '  File "' + __file__.rsplit("/", 1)[0] + "/"


def text(error):
    """What `sys.print_exception` says, its lines ending in a newline.

    On the board no file of the virtual box is under the program, nor above it.
    """
    buffer = io.StringIO()
    _print_exception(error, buffer)
    lines = [line for line in buffer.getvalue().split("\n") if not line.startswith(_HERE)]
    if lines[0].startswith("Traceback") and not lines[1].startswith("  File"):
        del lines[0]  # nothing is left to be traced back
    return "\n".join(lines)
