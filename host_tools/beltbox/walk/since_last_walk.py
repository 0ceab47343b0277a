"""Whether a walk differs from the walk before by more than people's walks do from day to day.

The smallest real changes (MDC95) between two sessions on a non-motorised treadmill: cadence 13.5 %,
step length 27 %, speed 29 %. None is known for the reliance on the rails: no arrow is drawn there;
nor for the asymmetry of the steps, of which 154 % are needed.
"""

from __future__ import annotations

from beltbox.walk.totals import Totals

_SPEED = 0.29
_CADENCE = 0.135
_STEP_LENGTH = 0.27
_UP, _DOWN = "\N{UPWARDS ARROW}", "\N{DOWNWARDS ARROW}"


def speed_arrow(now: Totals, before: Totals | None) -> str:
    """An arrow up or down, or "" while the change may be chance. So are the others."""
    old = None if before is None else before.mean_speed_mm_s
    return _arrow(now.mean_speed_mm_s, old, _SPEED)


def cadence_arrow(now: Totals, before: Totals | None) -> str:
    """See speed_arrow."""
    return _arrow(now.cadence_spm, None if before is None else before.cadence_spm, _CADENCE)


def step_length_arrow(now: Totals, before: Totals | None) -> str:
    """See speed_arrow."""
    old = None if before is None else before.step_length_mm
    return _arrow(now.step_length_mm, old, _STEP_LENGTH)


def _arrow(now: float | None, before: float | None, smallest: float) -> str:
    if now is None or not before or abs(now - before) <= smallest * before:
        return ""
    return _UP if now > before else _DOWN
