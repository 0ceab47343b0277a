"""MicroPython runs this file after boot. When it ends, the REPL has the board."""

import micropython

# So that an exception in an interrupt can still say what it was.
micropython.alloc_emergency_exception_buf(100)

from box import start  # noqa: E402

start.run()
