"""One file a board: which pin does what. What each declares is explained in esp32_devkit.py."""

import sys


def find():
    """The pin map of the board that this runs on. Raises ValueError for a chip without one."""
    # MicroPython's own words, such as "Generic ESP32S3 module with ESP32S3".
    chip = sys.implementation._machine.split(" ")[-1]  # pyright: ignore[reportAttributeAccessIssue]
    if chip == "ESP32S3":
        from . import esp32_s3 as board
    elif chip == "ESP32C6":
        from . import esp32_c6 as board
    elif chip == "ESP32C3":
        from . import esp32_c3 as board
    elif chip.startswith("ESP32") and chip != "ESP32":
        raise ValueError("there is no pin map for the %s" % chip)
    else:
        from . import esp32_devkit as board
    return board
