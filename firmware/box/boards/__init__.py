"""One file a board: which pin does what."""


def find():
    """The pin map of the board that this runs on."""
    from . import esp32_devkit

    return esp32_devkit
