"""beltcore: from raw rows to speed, distance and rail reliance, in integers.

The same files run on the box (MicroPython) and on the host (CPython). No I/O, no float, nothing
allocated in `Core.step` or in the sentence writer, every intermediate within 31 bits.
"""
