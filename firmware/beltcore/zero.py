"""The zero of the rails, followed while no hand is on them (weighing calls it zero tracking).

A load cell's zero drifts with temperature and creep, by newtons in minutes. While both rails have
been still for 5 s (force_window.py) and their forces are near zero, the zeros follow. How near
grows with the time since the zeros were last known, as drift does. A still level that was too far
away once is taken for a hand or a jump of the zero for as long as it stays. firmware/README.md says
which leans this detects, and which it can't.
"""
# ruff: noqa: PLR1730 (a comparison costs less than a call of min or max)

from .compat import const
from .force_window import ForceWindow

# Quantities and their units:
#   reading, block, window   see force_window.py
#   level       the mean of a still window, by the settings' zero, mN
#   away        how far the level is from the zero as followed so far, mN
#   allowance   how far the zero may have drifted while it couldn't be followed, mN
# `Rail.zero_mn` is the zero as followed so far: what is added to the settings' one.

# What `Rail.lasting` holds, of a left side: a bit of beltcore.host.flags, which the box lacks.
_ZERO_JUMPED = const(64)

_GAP_US = const(500_000)  # rows that are missing for longer start the window anew
_BLOCK_READINGS = const(8)  # both are the same in force_window.py
_WINDOW_BLOCKS = const(12)
_STILL_BLOCKS = const(4)  # the window must have been still for so long, on top of its own 3.6 s

# Drift is slow. A zero is followed by 3 N/min and, faster, by the allowance, which is lost when the
# zero is found again.
_DRIFT_MN = const(15)  # a block
_ALLOWANCE_FIRST_MN = const(1_500)
_ALLOWANCE_MOST_MN = const(8_500)
_NEAR_MN = const(1_500)  # what is further away than this and the allowance isn't drift
_SAME_SHIFT = const(1)  # a level is the same as another that differs by less than half of it
_STEP_SHIFT = const(1)  # a block's step is half of what is left …
_STEP_MOST_MN = const(300)  # … at most: 1 N/s
# As far as a zero is followed: 40 minutes at 2 N/min. Beyond it something else is wrong.
_ZERO_MOST_MN = const(80_000)

# A rail that wasn't still for two windows is held.
_HELD_BLOCKS = const(24)

# A still level that is too far away for 10 s is a zero that jumped, if no hand explains it.
_JUMPED_BLOCKS = const(33)
# No hand lands within two readings, 75 ms. A jump does: their change is between 5/8 (1 - 1/4 - 1/8)
# and 5/4 (1 + 1/4) of it. 16 times the tremor is more than noise does in ten minutes.
_QUARTER_SHIFT = const(2)
_EIGHTH_SHIFT = const(3)
_SUDDEN_TREMORS = const(16)
# A hand sways by more than 1/64 of its force, RMS; and noise alone by 0.74 of its tremor, so it
# could hide the sway of a force below 0.74 * 64 times the tremor.
_SWAY_FORCE_PARTS = const(64)
_SWAY_TREMORS = const(48)
_SWAY_MOST_MN = const(8_000)  # 12 squares of it stay within 31 bits


class ZeroFollower:
    """Both rails: reads the forces, moves `Rail.zero_mn`, sets `Rail.lasting`."""

    def __init__(self, left, right, weight_mn):
        """left, right: Rail. weight_mn: the body weight, 196 133 .. 2 941 995."""
        self._left = _Side(left, weight_mn) if left.present else None
        self._right = _Side(right, weight_mn) if right.present else None
        self._sides = tuple([side for side in (self._left, self._right) if side is not None])
        self._readings = 0  # in this block
        self._blocks = 0  # in the window, up to one less than all
        self._at = 0  # the window's place of this block
        self._window_us = 0  # since place 0
        self._still_blocks = 0  # blocks in a row at whose end both sides were still

    def step(self, dt_us):
        """Take a reading, 31 ms or more after the one before (dt_us, 0 .. 2**30-1)."""
        # Branches instead of loops over the sides: they are quicker, and this is every third tick.
        left = self._left
        right = self._right
        if (
            dt_us > _GAP_US
            or (left is not None and left.rail.force_mn is None)
            or (right is not None and right.rail.force_mn is None)
        ):
            self._start()
            return
        first = self._readings + self._blocks == 0
        if left is not None:
            left.read(first)
        if right is not None:
            right.read(first)
        self._window_us += dt_us
        self._readings += 1
        if self._readings == _BLOCK_READINGS:
            self._readings = 0
            self._end_block()

    def _start(self):
        """Start the window anew."""
        if self._readings + self._blocks == 0:
            return
        self._readings = 0
        self._blocks = 0
        self._at = 0
        self._window_us = 0
        for side in self._sides:
            side.start()

    def _end_block(self):
        """A block has all its readings."""
        sides = self._sides
        at = self._at
        full = self._blocks == _WINDOW_BLOCKS - 1
        still = full
        for side in sides:
            side.end_block(at, full)
            still = still and side.still
        if not full:
            self._blocks += 1
        self._at = at + 1
        if at + 1 == _WINDOW_BLOCKS:
            self._at = 0
            for side in sides:
                side.end_window(self._window_us)
            self._window_us = 0
        if not still:
            self._still_blocks = 0
            return
        if self._still_blocks < _STILL_BLOCKS:
            self._still_blocks += 1
            return
        drifted = True
        for side in sides:
            # Both are asked: each remembers what it rejected.
            if not side.has_drifted():
                drifted = False
        if drifted:
            for side in sides:
                side.follow()


class _Side(ForceWindow):
    """One rail: its window, and what its zero may be."""

    def __init__(self, rail, weight_mn):
        super().__init__(rail, weight_mn)
        self._allowance_mn = _ALLOWANCE_FIRST_MN
        self._rejected_mn = None  # the latest still level that was too far away, and for how long
        self._rejected_blocks = 0
        self._moving_blocks = 0  # blocks in a row at whose end it wasn't still
        # The mean of a window while the rail was held, and of the one after it.
        self._held_mn = None
        self._latest_mn = 0

    def start(self):
        """The window starts anew."""
        super().start()
        self._rejected_blocks = 0

    def end_block(self, at, full):
        """As ForceWindow."""
        super().end_block(at, full)
        if self._allowance_mn < _ALLOWANCE_MOST_MN:
            self._allowance_mn += _DRIFT_MN
        if self.still:
            self._moving_blocks = 0
        elif self._moving_blocks < _HELD_BLOCKS:
            self._moving_blocks += 1

    def end_window(self, window_us):
        """No block of the window was in it when this was called before, window_us ago."""
        if self._moving_blocks == _HELD_BLOCKS:
            # The window of a release isn't still, either: the one before it is what was held.
            self._held_mn = self._latest_mn
            self._latest_mn = self.mean_mn()
        super().end_window(window_us)

    def has_drifted(self):
        """Still for long enough: whether drift may have brought the zero to this level."""
        rail = self.rail
        level_mn = self.level_mn
        away_mn = level_mn - rail.zero_mn
        if away_mn < 0:
            away_mn = -away_mn
        if away_mn <= self._allowance_mn + _NEAR_MN:
            if away_mn <= _NEAR_MN:
                return True
            same_mn = away_mn >> _SAME_SHIFT
            if same_mn < _NEAR_MN:
                same_mn = _NEAR_MN
            rejected_mn = self._rejected_mn
            held_mn = self._held_mn
            if not (rejected_mn is not None and -same_mn < level_mn - rejected_mn < same_mn) and (
                not (held_mn is not None and -same_mn < level_mn - held_mn < same_mn)
            ):
                return True
        self._rejected_mn = level_mn
        if self._rejected_blocks < _JUMPED_BLOCKS:
            self._rejected_blocks += 1
        elif self._is_jump(away_mn):
            rail.lasting |= _ZERO_JUMPED
        return False

    def _is_jump(self, away_mn):
        """Whether a still level so far away, for so long, is no hand."""
        tremor_mn = self.tremor_mn
        # Because it came at once …
        least_mn = away_mn - (away_mn >> _QUARTER_SHIFT) - (away_mn >> _EIGHTH_SHIFT)
        most_mn = away_mn + (away_mn >> _QUARTER_SHIFT)
        if least_mn < self.steepest_mn < most_mn and away_mn >= _SUDDEN_TREMORS * tremor_mn:
            return True
        # … or because it doesn't sway, and the noise couldn't hide that.
        sway_mn = away_mn // _SWAY_FORCE_PARTS
        if sway_mn > _SWAY_MOST_MN:
            sway_mn = _SWAY_MOST_MN
        return (
            away_mn >= _SWAY_TREMORS * tremor_mn
            and self.spread_mn2() <= sway_mn * sway_mn * _WINDOW_BLOCKS
        )

    def follow(self):
        """No hand is on either rail: move the zero towards the level."""
        rail = self.rail
        self._rejected_mn = None
        self._rejected_blocks = 0
        self._held_mn = None
        self.steepest_mn = 0
        rail.lasting &= ~_ZERO_JUMPED
        away_mn = self.level_mn - rail.zero_mn
        allowance_mn = self._allowance_mn  # this block's drift is in it
        most_mn = allowance_mn if allowance_mn < _STEP_MOST_MN else _STEP_MOST_MN
        step_mn = away_mn >> _STEP_SHIFT
        if step_mn > most_mn:
            step_mn = most_mn
        elif step_mn < -most_mn:
            step_mn = -most_mn
        zero_mn = rail.zero_mn + step_mn
        if -_ZERO_MOST_MN <= zero_mn <= _ZERO_MOST_MN:
            rail.zero_mn = zero_mn
            away_mn -= step_mn
        allowance_mn -= step_mn if step_mn > 0 else -step_mn
        if away_mn < 0:
            away_mn = -away_mn
        self._allowance_mn = allowance_mn if allowance_mn < away_mn else away_mn
