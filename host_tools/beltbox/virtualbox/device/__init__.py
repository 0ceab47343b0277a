"""What runs under MicroPython: the world below the box's drivers. See ../README.md."""
