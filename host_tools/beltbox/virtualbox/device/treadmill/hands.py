"""The hands on the rails: what presses each rail, in newtons."""

import math

_GRAVITY_M_S2 = 9.80665
_STANDING_SWAY_HZ = 0.25
_TREMOR_HZ = 8.3
_TREMOR = 0.03
_TURN = 6.283185307179586


class Hands:
    """`step` moves by 1 ms; `left_n`, `right_n`, `grabs` are the truth."""

    def __init__(self, body_mass_kg, sway):
        self.weight_n = body_mass_kg * _GRAVITY_M_S2
        self.left_n = 0.0
        self.right_n = 0.0
        self.grabs = 0
        self._sway = sway
        self._sway_turns = 0.0
        self._tremor_turns = 0.0
        self._held = [0.0, 0.0]
        self._from = [0.0, 0.0]
        self._to = [0.0, 0.0]
        self._ramp_s = 0.0
        self._ramp_done_s = 0.0
        self._hung = [0.0, 0.0]
        self._grab_n = 0.0
        self._grab_s = -1.0
        self._grab_rise_s = 0.15
        self._grab_decay_s = 0.4
        self._grab_left = 0.5

    def hold(self, left_permille, right_permille, ramp_s):
        """Go to these parts of the body weight within `ramp_s`."""
        self._from = list(self._held)
        self._to = [self.weight_n * part / 1000.0 for part in (left_permille, right_permille)]
        self._ramp_s = ramp_s
        self._ramp_done_s = 0.0

    def grab(self, permille, left_share, rise_s, decay_s):
        """Catch the rails: so much of the body weight more within `rise_s`, then let go."""
        self.grabs += 1
        self._grab_n = self.weight_n * permille / 1000.0
        self._grab_left = left_share
        self._grab_rise_s = rise_s
        self._grab_decay_s = decay_s
        self._grab_s = 0.0

    def hang(self, side, force_n):
        """A weight on the left (0) or right (1) rail, beside what the hands do."""
        self._hung[side] = force_n

    def step(self, dt_s, walking, stride_turns):
        """`stride_turns`: 0 .. 1 within the stride, for the sway."""
        if self._ramp_done_s <= self._ramp_s:
            self._ramp(dt_s)
        left_n, right_n = self._held
        if left_n or right_n:
            if walking:
                self._sway_turns = stride_turns
            else:
                self._sway_turns += _STANDING_SWAY_HZ * dt_s
            self._tremor_turns += _TREMOR_HZ * dt_s
            sway = self._sway * math.sin(_TURN * self._sway_turns)
            tremor = _TREMOR * math.sin(_TURN * self._tremor_turns)
            left_n *= 1.0 + sway + tremor
            right_n *= 1.0 - sway + tremor
        if self._grab_s >= 0.0:
            grab_n = self._grab(dt_s)
            left_n += grab_n * self._grab_left
            right_n += grab_n * (1.0 - self._grab_left)
        self.left_n = left_n + self._hung[0]
        self.right_n = right_n + self._hung[1]

    def reliance_permille(self):
        """The part of the body weight that the rails carry now."""
        return 1000.0 * (self.left_n + self.right_n) / self.weight_n

    def _ramp(self, dt_s):
        self._ramp_done_s += dt_s
        part = 1.0
        if self._ramp_done_s < self._ramp_s:
            part = self._ramp_done_s / self._ramp_s
        for side in (0, 1):
            start_n = self._from[side]
            self._held[side] = start_n + (self._to[side] - start_n) * part

    def _grab(self, dt_s):
        self._grab_s += dt_s
        after_s = self._grab_s - self._grab_rise_s
        if after_s < 0.0:
            part = self._grab_s / self._grab_rise_s
            return self._grab_n * part * part * (3.0 - 2.0 * part)
        if after_s > 6.0 * self._grab_decay_s:
            self._grab_s = -1.0
            return 0.0
        return self._grab_n * math.exp(-after_s / self._grab_decay_s)
