"""Hardware that costs next to nothing, so that a count of instructions is the firmware's."""


class Pin:
    IN = 0
    OUT = 1
    PULL_UP = 2

    def __init__(self, *_arguments, **_options):
        pass

    def value(self, *_value):
        return 0


class SPI:
    def __init__(self, *_arguments, **_options):
        self._last = 0

    def write(self, _data):
        pass

    def write_readinto(self, _data, into):
        self._last = (self._last + 37) & 255
        into[5] = self._last
        into[6] = 255


class Encoder:
    def __init__(self, *_arguments, **_options):
        self._value = 0

    def value(self):
        self._value -= 87
        return self._value


PWRON_RESET = 1


def reset_cause():
    return PWRON_RESET


class RTC:
    def memory(self, *_data):
        return b""


class WDT:
    def __init__(self, **_options):
        pass

    def feed(self):
        pass


def unique_id():
    return b"\x30\xae\xa4\xb0\xc0\xde"
