"""MicroPython runs this file after boot. When it ends, the REPL has the board."""

import micropython

# So that an exception in an interrupt can still say what it was.
micropython.alloc_emergency_exception_buf(100)

# The byte of Ctrl-C may be noise, and come at any moment, while files are loaded, too.
interrupted = False
while True:
    try:
        if interrupted:
            from box import ctrl_c

            ctrl_c.wait()
        else:
            from box import start

            start.run()
        break
    except KeyboardInterrupt:
        interrupted = True
