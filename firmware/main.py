"""The start of the box: MicroPython runs this file after boot."""

import micropython

from box import boards
from box.app import App

# So that an exception in an interrupt can still say what it was.
micropython.alloc_emergency_exception_buf(100)

App(boards.find()).run()
