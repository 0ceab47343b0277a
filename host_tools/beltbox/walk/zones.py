"""The zones: how much of body weight the rails carry, from hands off to heavy."""

# The host's checker knows no type of MicroPython's const(), which makes beltcore's numbers.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from beltcore.rails import weight_mn


class Zone(NamedTuple):
    """One of the four; its number is its place in `ZONES`, as in the column `zone`."""

    name: str
    column: str
    """The distance in it: a column of metric rows and a sum of `Totals`."""
    colour: str
    """The key of its colour, for whatever draws it."""


ZONES = (
    Zone("hands off", "hands_off_mm", "zone0"),
    Zone("light", "light_mm", "zone1"),
    Zone("supported", "supported_mm", "zone2"),
    Zone("heavy", "heavy_mm", "zone3"),
)

LIMITS_PERMILLE = (10.0, 50.0, 150.0)
"""Of body weight: where light, supported and heavy begin on rails without noise."""


def zone_limits_permille(settings: Mapping[str, int | str]) -> tuple[float, float, float]:
    """Where light, supported and heavy begin under these settings, in permille of body weight.

    The rails' noise raises the first limit, at most to the second: beltcore/rails.py has the rule.
    A zone is left a tenth below its limit. Settings without a body mass have no noise to compare.
    """
    light, supported, heavy = LIMITS_PERMILLE
    body_mass_g = int(settings.get("body_mass_g", 0))
    if body_mass_g:
        noise_permille = 1000 * int(settings.get("rail_noise_mn", 0)) / weight_mn(body_mass_g)
        light = min(max(light, noise_permille), supported)
    return light, supported, heavy


def zone_ranges(limits_permille: Sequence[float]) -> list[str]:
    """What each zone covers, in percent of body weight: "below 1 %", "1 to 5 %", ..."""
    light, supported, heavy = (f"{round(permille / 10, 1):g}" for permille in limits_permille)
    return [
        f"below {light} %",
        f"{light} to {supported} %" if light != supported else "none",
        f"{supported} to {heavy} %",
        f"{heavy} % and more",
    ]
