"""MicroPython and the firmware onto a board."""
