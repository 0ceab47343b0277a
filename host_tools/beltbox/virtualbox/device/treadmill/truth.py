"""The truth file: what really happened, every 10 ms, whatever the box made of it."""

from ..clock import TICKS_MASK

PERIOD_US = 10_000
HEADER = (
    "t_us,position_mm,speed_mm_s,rail_left_mn,rail_right_mn,reliance_permille,"
    "zone,steps,grabs,boots,ticks_us\n"
)
_ROWS_KEPT = 100


def zone(reliance_permille):
    """0 hands off, 1 light, 2 supported, 3 heavy: the plain limits, without hysteresis."""
    if reliance_permille < 10.0:
        return 0
    if reliance_permille < 50.0:
        return 1
    if reliance_permille < 150.0:
        return 2
    return 3


class Truth:
    """Writes the CSV at `path`. Rows are kept back for a second: a write is dear."""

    def __init__(self, path, start_us):
        self._file = open(path, "w")  # noqa: SIM115  (open as long as the box runs)
        self._file.write(HEADER)
        self._next_us = start_us
        self._rows = []

    def sample(self, t_us, boot_us, world):
        """Take a row if one is due at `t_us`."""
        if t_us < self._next_us:
            return
        self._next_us += PERIOD_US
        belt = world.belt
        hands = world.hands
        reliance_permille = round(hands.reliance_permille(), 1)
        self._rows.append(
            "%d,%.3f,%.3f,%d,%d,%.1f,%d,%d,%d,%d,%d\n"
            % (
                t_us,
                belt.position_mm,
                belt.speed_m_s * 1000.0,
                round(hands.left_n * 1000.0),
                round(hands.right_n * 1000.0),
                reliance_permille,
                zone(reliance_permille),
                belt.steps,
                hands.grabs,
                world.boots,
                (t_us - boot_us) & TICKS_MASK,
            )
        )
        if len(self._rows) >= _ROWS_KEPT:
            self.flush()

    def flush(self):
        self._file.write("".join(self._rows))
        self._rows = []

    def close(self):
        self.flush()
        self._file.close()
