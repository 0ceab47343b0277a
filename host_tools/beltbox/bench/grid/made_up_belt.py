"""A belt made up in floats, with the truth of each step: what gait is measured and tested against.

Unlike the virtual box's treadmill it knows no forces, so ripple, pushes and coasting are exactly
as asked, and an hour takes seconds.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

from beltbox.walk.rows import RawRow

_DT_S = 0.002
_CLOCK = 1 << 30

SHAPES = ("sine", "bumpy", "sharp", "slow fall", "slow rise", "two speeds")


def ripple(shape: str, phase: float) -> float:
    """The speed's deviation at a phase of the step, 1 from peak to peak, lowest about phase 0."""
    phase %= 1.0
    if shape == "sine":
        return -math.cos(2 * math.pi * phase) / 2
    if shape == "bumpy":
        cosine = math.cos(2 * math.pi * phase)
        return -(cosine + 0.35 * (2 * cosine * cosine - 1)) / 2.06
    if shape == "sharp":
        return 0.16 - math.exp(-((min(phase, 1 - phase) / 0.09) ** 2))
    if shape == "slow fall":
        return (phase / 0.25 if phase < 0.25 else (1 - phase) / 0.75) - 0.5
    if shape == "slow rise":
        return (phase / 0.8 if phase < 0.8 else (1 - phase) / 0.2) - 0.5
    if shape == "two speeds":
        return 0.6 if phase < 0.4 else -0.4
    raise ValueError(shape)


class MadeUpBelt:
    """Moves are added one after the other; `rows` is what an encoder sees of them.

    `steps_s` are the times of the steps, `speed_m_s` the belt's last speed.
    """

    def __init__(self, seed: int = 1) -> None:
        self.steps_s: list[float] = []
        self.speed_m_s = 0.0
        self._rng = random.Random(seed)
        self._places_mm = [0.0]
        self._left = False

    @property
    def now_s(self) -> float:
        return (len(self._places_mm) - 1) * _DT_S

    def place_mm(self, t_s: float) -> float:
        """Where the belt truly is, from 0 on; at t_s 0 .. now_s."""
        places = self._places_mm
        at = t_s / _DT_S
        index = min(max(int(at), 0), len(places) - 1)
        after = min(index + 1, len(places) - 1)
        return places[index] + (places[after] - places[index]) * (at - index)

    def stand(self, seconds: float) -> None:
        self.hold(0.0, seconds)

    def hold(self, speed_m_s: float, seconds: float) -> None:
        """An even speed."""
        for _ in range(round(seconds / _DT_S)):
            self._move(speed_m_s)

    def coast(self, slowing_m_s2: float, *, tau_s: float = math.inf, seconds: float = 99.0) -> None:
        """Nobody touches the belt, until it stands."""
        for _ in range(round(seconds / _DT_S)):
            if self.speed_m_s <= 0.001:
                break
            slowing = slowing_m_s2 + self.speed_m_s / tau_s
            self._move(max(0.0, self.speed_m_s - slowing * _DT_S))

    def push(self, change_m_s: float, seconds: float = 0.3) -> None:
        """A hand pushes the belt to a higher speed."""
        for _ in range(round(seconds / _DT_S)):
            self._move(self.speed_m_s + change_m_s * _DT_S / seconds)

    def walk(
        self,
        speed_m_s: float,
        cadence_spm: float,
        seconds: float,
        *,
        shape: str = "bumpy",
        peaks: float = 0.15,
        variability: float = 0.03,
        speed_variability: float = 0.01,
        asymmetry: float = 0.0,
        from_m_s: float = 0.0,
        ramp_s: float = 1.5,
        stop_s: float = 1.0,
        stumbles_s: Sequence[float] = (),
        step_times_s: Sequence[float] = (),
        inertia_s: float = 0.0,
    ) -> None:
        """Walk; a step at each dip, the first at once.

        peaks: of the speed, from peak to peak; stumbles_s: half a second at 0.4 of the speed;
        step_times_s: instead of cadence and seconds; inertia_s: the time constant with which the
        belt follows the feet, as one that has a mass does.
        """
        start_s = self.now_s
        phase = 1.0
        step_s = 60 / cadence_spm
        excursion = 0.0
        count = 0
        while True:
            at_s = self.now_s - start_s
            if at_s >= seconds and not step_times_s:
                break
            base = speed_m_s
            if ramp_s:
                base = from_m_s + (speed_m_s - from_m_s) * min(1.0, at_s / ramp_s)
            if stop_s and not step_times_s:
                base = min(base, speed_m_s * (seconds - at_s) / stop_s)
            if phase >= 1.0:
                if step_times_s and count == len(step_times_s):
                    break
                phase -= 1.0
                self.steps_s.append(self.now_s)
                self._left = not self._left
                excursion = 0.7 * excursion + 0.714 * speed_variability * self._rng.gauss(0, 1)
                if step_times_s:
                    step_s = step_times_s[count]
                else:
                    step_s = 60 / cadence_spm * max(0.5, 1 + variability * self._rng.gauss(0, 1))
                    step_s *= 1 + (asymmetry if self._left else -asymmetry) / 2
                count += 1
            lost = any(since_s <= at_s < since_s + 0.5 for since_s in stumbles_s)
            speed = base * (1 + excursion + peaks * ripple(shape, phase))
            speed = max(0.0, speed) * (0.4 if lost else 1.0)
            if inertia_s:
                speed = self.speed_m_s + (speed - self.speed_m_s) * min(1.0, _DT_S / inertia_s)
            self._move(speed)
            phase += _DT_S / step_s

    def rows(
        self,
        mm_per_count: float = 0.1,
        *,
        row_s: float = 0.0125,
        jitter: float = 0.0,
        direction: int = 1,
        start_us: int = 0,
    ) -> list[RawRow]:
        """What a box without cells reads; jitter: of the time between two rows, below 1."""
        off_mm = self._rng.random() * mm_per_count
        rows: list[RawRow] = []
        t_s = 0.0
        while t_s < self.now_s:
            count = math.floor((self.place_mm(t_s) + off_mm) / mm_per_count)
            rows.append(
                RawRow((start_us + round(t_s * 1e6)) % _CLOCK, direction * count, None, None)
            )
            t_s += row_s * (1 + jitter * self._rng.uniform(-1, 1))
        return rows

    def _move(self, speed_m_s: float) -> None:
        self.speed_m_s = speed_m_s
        self._places_mm.append(self._places_mm[-1] + speed_m_s * _DT_S * 1000)
