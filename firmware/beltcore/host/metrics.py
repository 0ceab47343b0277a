"""The metric row: what hosts and replays read of a Core after each step."""

from ..core import Core

# The columns of a metric row. New ones go to the end.
COLUMNS = (
    "t_ms",
    "belt_mm_s",
    "speed_mm_s",
    "distance_mm",
    "forward_mm",
    "backward_mm",
    "rail_left_mn",
    "rail_right_mn",
    "reliance_permille",
    "zone",
    "hands_off_mm",
    "light_mm",
    "supported_mm",
    "heavy_mm",
    "steps",
    "cadence_spm_x10",
    "step_length_mm",
    "grabs",
    "flags",
    "step_time_sd_ms",
    "step_asymmetry_permille",
    "step_asymmetry_u_permille",
    "longer_step_side",
)


def metric_row(core: Core) -> list[int | None]:
    """The metric row of `COLUMNS` after a step, as a list of int or None.

    For hosts and for replay: it allocates, and its millimetres are Python's own integers.
    """
    forward, backward = core.lengths()
    forward_mm = forward.in_mm()
    backward_mm = backward.in_mm()
    zones_mm = [None, None, None, None]
    if core.rails.left.present or core.rails.right.present:
        zones_mm = [length.in_mm() for length in core.zone_lengths()]
    return [
        core.seconds * 1000 + core.microseconds // 1000,
        core.belt.belt_mm_s,
        core.belt.speed_mm_s,
        forward_mm + backward_mm,
        forward_mm,
        backward_mm,
        core.rails.left.force_mn,
        core.rails.right.force_mn,
        core.rails.reliance_permille,
        core.rails.zone,
        zones_mm[0],
        zones_mm[1],
        zones_mm[2],
        zones_mm[3],
        core.gait.steps,
        core.gait.cadence_spm_x10,
        core.gait.step_length_mm,
        None if core.rails.grabs is None else core.rails.grabs.count,
        core.flags,
        core.gait.evenness.step_time_sd_ms,
        core.gait.evenness.asymmetry_permille,
        core.gait.evenness.asymmetry_u_permille,
        core.gait.evenness.longer_side,
    ]
