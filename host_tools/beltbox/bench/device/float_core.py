"""The rival: the same numbers computed the plain way, in floats, as one would write it first."""

from beltcore.plain import crc16_by_table


class FloatCore:
    """Speed by differences over a list of rows, forces as they come, formatted sentences."""

    def __init__(self, settings):
        self.mm_per_count = settings["belt_nm_per_count"] / 1e6 * settings["belt_direction"]
        self.sides = (
            (settings["rail_left_zero"], settings["rail_left_nn_per_count"] / 1e9),
            (settings["rail_right_zero"], settings["rail_right_nn_per_count"] / 1e9),
        )
        self.weight_n = settings["body_mass_g"] / 1000 * 9.80665
        self.t_us = None
        self.count = 0
        self.time_s = 0.0
        self.position_mm = 0.0
        self.forward_mm = 0.0
        self.backward_mm = 0.0
        self.zone_mm = [0.0, 0.0, 0.0, 0.0]
        self.force_n = [0.0, 0.0]
        self.reliance = 0.0
        self.zone = 0
        self.speed_mm_s = 0.0
        self.belt_mm_s = 0.0
        self.history = []

    def step(self, t_us, count, left, right):
        if self.t_us is None:
            self.t_us = t_us
            self.count = count
        dt_s = ((t_us - self.t_us) & 0x3FFFFFFF) / 1e6
        moved_mm = (count - self.count) * self.mm_per_count
        self.t_us = t_us
        self.count = count
        self.time_s += dt_s
        self.position_mm += moved_mm
        for side, sample in ((0, left), (1, right)):
            if sample is not None:
                zero, n_per_count = self.sides[side]
                self.force_n[side] = (sample - zero) * n_per_count
        self.reliance = max(0.0, sum(self.force_n) / self.weight_n)
        self.zone = sum(self.reliance >= limit for limit in (0.01, 0.05, 0.15))
        if moved_mm > 0:
            self.forward_mm += moved_mm
        else:
            self.backward_mm -= moved_mm
        self.zone_mm[self.zone] += abs(moved_mm)
        if dt_s:
            self.belt_mm_s = moved_mm / dt_s
        self.history.append((self.time_s, self.position_mm))
        while self.time_s - self.history[0][0] > 1.0:
            self.history.pop(0)
        first_s, first_mm = self.history[0]
        if self.time_s > first_s:
            self.speed_mm_s = (self.position_mm - first_mm) / (self.time_s - first_s)

    def raw(self, seq, table, left, right):
        return _closed("RAW,%d,%d,%d,%d,%d" % (seq, self.t_us, self.count, left, right), table)

    def now(self, seq, table):
        return _closed(
            "NOW,%d,%.3f,%.3f,%.3f,%.3f,%.3f,%.4f,%d,%.3f,%.3f"
            % (
                seq,
                self.time_s,
                self.belt_mm_s,
                self.speed_mm_s,
                self.force_n[0],
                self.force_n[1],
                self.reliance,
                self.zone,
                self.forward_mm,
                self.backward_mm,
            ),
            table,
        )


def _closed(body, table):
    data = body.encode()
    return b"$%s*%04X\n" % (data, crc16_by_table(data, 0, len(data), table))
