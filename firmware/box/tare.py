"""The tare: what the rails read with nobody near becomes their zero, and their noise is noted."""

from micropython import const

from beltcore.arguments import Refused

_TICKS = const(80)
# After a start or a change of settings a median needs samples before there is a force.
_WAIT_TICKS = const(40)
# A free rail moves by less within a second, whatever the noise of its cell.
_QUIET_MN = const(5_000)
# A hand that rests on a rail sways by less than that. So the means of eighths of the second are
# held against the noise: those of white noise lie within 8 mean steps from sample to sample (within
# 17 in 400 of 400 tries), and a rail that nobody touches keeps them within 0.3 N.
_EIGHTH_TICKS = const(10)
_SWAY_MN = const(300)
_SWAY_STEPS = const(18)
# As a session starts: below it a belt creeps under its own slope.
_MOVING_MM_S = const(20)


def _silent_side(rails):
    """The first side with a cell that gives no force, or an empty text."""
    for rail, name in ((rails.left, "left"), (rails.right, "right")):
        if rail.present and rail.force_mn is None:
            return name
    return ""


def _sways(forces):
    """Whether the force (80 values, mN) changes slowly by more than its noise explains."""
    means = []
    for start in range(0, len(forces) - _EIGHTH_TICKS + 1, _EIGHTH_TICKS):
        means.append(sum(forces[start : start + _EIGHTH_TICKS]) // _EIGHTH_TICKS)
    # A slow cell gives the same force for several ticks: these are no steps.
    steps = count = 0
    for at in range(1, len(forces)):
        step_mn = abs(forces[at] - forces[at - 1])
        if step_mn:
            steps += step_mn
            count += 1
    allowed_mn = max(_SWAY_MN, _SWAY_STEPS * steps // max(1, count))
    return bool(means) and max(means) - min(means) > allowed_mn


class Tare:
    """Gathers a second of ticks; then `done`, and `result` gives settings or raises Refused."""

    def __init__(self):
        self.done = False
        self._ticks = 0
        self._waited = 0
        self._sides = ([], [])
        self._unknown = ""
        self._moved = False

    def step(self, core):
        """Take one tick."""
        rails = core.rails
        belt = core.belt
        if abs(belt.belt_mm_s) >= _MOVING_MM_S or abs(belt.speed_mm_s) >= _MOVING_MM_S:
            self._moved = True
            self.done = True
            return
        if self._ticks == 0:
            silent = _silent_side(rails)
            if silent:
                self._waited += 1
                self._unknown = silent
                self.done = self._waited >= _WAIT_TICKS
                return
            self._unknown = ""
        for side, rail, name in ((0, rails.left, "left"), (1, rails.right, "right")):
            if not rail.present:
                continue
            if rail.force_mn is None:
                self._unknown = name
            else:
                # As the settings' zero gives it, without what was followed since.
                self._sides[side].append(rail.force_mn + rail.zero_mn)
        self._ticks += 1
        self.done = self._ticks >= _TICKS

    def result(self, settings):
        """The settings to change. Raises Refused, which says why there is no zero to be had."""
        if self._moved:
            raise Refused("not_now", "the belt moves: step off, let it rest and try again")
        if self._unknown:
            raise Refused(
                "not_now", "no force from the %s cell: is it wired and calibrated?" % self._unknown
            )
        changes = {}
        noise_mn = 0
        for forces, side in ((self._sides[0], "left"), (self._sides[1], "right")):
            if not forces:
                continue
            spread_mn = max(forces) - min(forces)
            if spread_mn > _QUIET_MN or _sways(forces):
                raise Refused(
                    "not_now",
                    "the %s rail moves by %d mN; let go and try again" % (side, spread_mn),
                )
            mean_mn = sum(forces) // len(forces)
            size = settings["rail_%s_nn_per_count" % side]
            zero = settings["rail_%s_zero" % side] + mean_mn * 1_000_000 // size
            changes["rail_%s_zero" % side] = min(max(zero, -8_388_608), 8_388_607)
            noise_mn += spread_mn
        if not changes:
            raise Refused("not_now", "no cell is set up: set rail_left_nn_per_count first")
        # A hand off the rail stays within the spread of a second; the sum of both sides at worst.
        changes["rail_noise_mn"] = noise_mn
        return changes
