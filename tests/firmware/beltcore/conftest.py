"""Stand-ins for the tests of more than one file."""

from __future__ import annotations

import math

import pytest

from beltcore.dips import Dips
from beltcore.rhythm import FOUND, NOTHING

PLACES = 2**29
FINE_NM = 100_000


class CountedDips:
    """Stands for a Gait: notes what it is given."""

    def __init__(self):
        self.trusted = False
        self.slowing = False
        self.losing = False
        self.last_x256 = 0
        self.begun = []
        self.dips_x256 = []
        self.asked = []
        self.finished = []
        self.distrusted = 0

    def begin(self, dip_x256, place_um, lag, steps):
        self.begun.append((dip_x256, place_um, lag, steps))
        self.last_x256 = dip_x256

    def step(self, dip_x256, lag, sign, sample):
        self.dips_x256.append(dip_x256)
        self.last_x256 = dip_x256

    def slows_down(self, lag, sign, sample):
        return self.slowing

    def lost(self, since_x256, set_off, lag, sign, sample):
        self.asked.append((since_x256, set_off, lag, sign, sample))
        return self.losing

    def finish(self, sample, lag):
        self.finished.append((sample, lag))

    def distrust(self):
        self.distrusted += 1
        self.trusted = False


class GivenRhythm:
    """Stands for a Rhythm that answers what a test wants; notes what it is given."""

    def __init__(self):
        self.lag = 15
        self.floor = 0
        self.depth = 60
        self.row_us = 12_500
        self.answer = NOTHING
        self.starts = []
        self.takes = []
        self.searches = []

    def start(self, since):
        self.starts.append(since)

    def take(self, sample, sign, walked):
        self.takes.append((sample, sign, walked))

    def search(self, sample, sign, walking):
        self.searches.append((sample, sign, walking))
        return self.answer


class SampledBelt:
    """Gives Dips a place each 40 ms, in um from the start, as far as `move` says."""

    def __init__(self, nm=FINE_NM, sign=1):
        self.dips = Dips(nm, False)
        self.dips.gait = self.gait = CountedDips()
        self.dips._rhythm = self.rhythm = GivenRhythm()
        self.sign = sign
        self.samples_um = []
        self._um = 0.0
        self._start_um = PLACES - 300_000 if sign > 0 else 300_000

    def place_um(self, _t_us):
        return (self._start_um + self.sign * math.floor(self._um)) % PLACES

    def move(self, samples, um):
        """Go on at `um` a sample: a number, or a function of the sample's number."""
        for _ in range(samples):
            if self.samples_um:
                self._um += um(len(self.samples_um) + 1) if callable(um) else um
            self.samples_um.append(self._um)
            assert self.dips.take(self, None, 0, 0, 12_500) == 40_000
        return self

    def walk(self, answer=FOUND):
        """Stand, set off and walk evenly until sample 96, when the rhythm has that answer."""
        self.move(20, 0).move(75, 20_000)
        self.rhythm.answer = answer
        self.move(1, 20_000)
        self.rhythm.answer = NOTHING
        return self


@pytest.fixture
def sampled():
    """sampled(nm_per_count, sign): a belt whose samples go straight to Dips, see SampledBelt."""
    return SampledBelt
