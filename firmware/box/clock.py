"""The date: the box has no clock that outlasts the power, so the host gives the time.

MicroPython's clock goes on through every reset, from an epoch that means nothing until a host has
told the difference. Differences are kept by the number of the power-up: /clock.json. So sessions
are dated for good once a host was there before the power went; others have no date.
"""

import json
from time import time

from . import whole_file

PATH = "/clock.json"
# As many power-ups as are remembered, the newest.
_MOST = 50
_SAME_S = 2


class Clock:
    """The differences between the true time and the box's, by power-up."""

    def __init__(self, power):
        """power: the number of this power-up."""
        self._power = str(power)
        self._apart_s = _load()

    def set(self, epoch_s):
        """The host says that it is epoch_s, seconds since 1970 UTC. Raises OSError."""
        apart_s = epoch_s - time()
        before_s = self._apart_s.get(self._power)
        if before_s is not None and abs(before_s - apart_s) <= _SAME_S:
            return  # spare the flash
        self._apart_s[self._power] = apart_s
        for power in sorted(self._apart_s, key=int)[:-_MOST]:
            del self._apart_s[power]
        whole_file.write(PATH, json.dumps(self._apart_s))

    def date(self, power, clock_s):
        """Seconds since 1970 at clock_s of that power-up, or None when no host told."""
        apart_s = self._apart_s.get(str(power))
        return None if apart_s is None else clock_s + apart_s


def _load():
    try:
        text = whole_file.read(PATH)
        kept = json.loads(text) if text is not None else {}
        return {str(int(power)): int(apart_s) for power, apart_s in kept.items()}
    except (ValueError, TypeError, AttributeError, OSError):
        return {}  # dates are lost, nothing else
