"""The belt of a treadmill without a motor, and the person (or the hand) that moves it.

Positions are signed: negative is what a backward walker does to the belt.
"""

import math

_WALK = 0  # a person keeps a goal speed, step by step
_COAST = 1  # nobody touches the belt
_HELD = 2  # a hand moves it exactly so

# How hard a walker corrects the belt's speed, in N for each m/s. With 60 kg the belt follows
# within 20 ms, so the mean stays at the goal while inertia still rounds the ripple.
_GRIP_N_S_M = 3000.0
_STANDING_M_S = 0.05
_SLOWEST_SPM = 30.0
_HAND_M_S2 = 4.0
_PUSH_S = 0.3
_STUMBLE_S = 0.5
# Peak to peak of the pattern in `_ripple`.
_PATTERN_PP = 2.06


class Belt:
    """`step` moves everything by `dt_s`; `position_mm`, `speed_m_s` and `steps` are the truth."""

    def __init__(self, belt, walker, rng):
        self._mass_kg = belt["inertia_kg"]
        self._friction_n = belt["friction_n"] * (1.0 + belt["resistance"])
        self._drag_n_s_m = belt["drag_n_s_m"]
        self._strength_n = walker["strength_n"]
        self._ripple = walker["ripple"] / _PATTERN_PP
        self._speed_variability = walker["speed_variability"]
        self._time_variability = walker["step_time_variability"]
        self._asymmetry = walker["asymmetry"]
        self._rng = rng

        self.position_mm = 0.0
        self.speed_m_s = 0.0
        self.steps = 0
        self.walking = False
        self.phase = 0.0
        self.side = 0

        self._mode = _WALK
        self._goal_m_s = 0.0
        self._target_m_s = 0.0
        self._ramp_m_s2 = 0.0
        self._cadence_spm = None
        self._strides_s = []
        self._stride = 0
        self._step_s = 0.6
        self._excursion = 0.0
        self._stumble_s = 0.0
        self._push_n = 0.0
        self._push_left_s = 0.0
        self._stop_at_mm = None

    def walk(self, speed_m_s, cadence_spm, ramp_s, strides_s):
        """Go to `speed_m_s` within `ramp_s`; step times from the cadence or from the strides."""
        if self._mode != _WALK:
            self._mode = _WALK
            self._target_m_s = self.speed_m_s
        self._goal_m_s = speed_m_s
        self._ramp_m_s2 = abs(speed_m_s - self._target_m_s) / max(ramp_s, 0.001)
        self._cadence_spm = cadence_spm
        self._strides_s = strides_s
        self._stride = 0

    def coast(self):
        """Step off: friction alone acts on the belt."""
        self._mode = _COAST
        self.walking = False

    def stumble(self):
        """Lose the rhythm for one step."""
        self._stumble_s = _STUMBLE_S

    def push(self, change_m_s):
        """One push by hand that changes the speed by about `change_m_s`, then coast."""
        self.coast()
        self._push_n = self._mass_kg * change_m_s / _PUSH_S
        self._push_n += self._friction_n if change_m_s > 0 else -self._friction_n
        self._push_left_s = _PUSH_S

    def hold(self, speed_m_s, distance_mm):
        """A hand moves the belt at `speed_m_s`, for `distance_mm` exactly, or until told."""
        self.coast()
        self._mode = _HELD
        self._goal_m_s = speed_m_s
        self._stop_at_mm = None
        if distance_mm is not None:
            self._stop_at_mm = self.position_mm + distance_mm
            self._goal_m_s = abs(speed_m_s) if distance_mm > 0 else -abs(speed_m_s)

    def step(self, dt_s):
        """Integrate `dt_s` seconds."""
        before_m_s = self.speed_m_s
        if self._mode == _HELD:
            self._step_held(dt_s)
            return
        force_n = 0.0
        if self._mode == _WALK:
            force_n = self._walker_force_n(dt_s)
        elif self._push_left_s > 0.0:
            self._push_left_s -= dt_s
            force_n = self._push_n
        speed_m_s = before_m_s
        if speed_m_s > 0.0 or (speed_m_s == 0.0 and force_n > 0.0):
            resisting_n = self._friction_n
        elif speed_m_s < 0.0 or force_n < 0.0:
            resisting_n = -self._friction_n
        else:
            return
        if speed_m_s == 0.0 and abs(force_n) <= self._friction_n:
            return
        resisting_n += self._drag_n_s_m * speed_m_s
        speed_m_s += (force_n - resisting_n) / self._mass_kg * dt_s
        if speed_m_s * before_m_s < 0.0:
            speed_m_s = 0.0  # friction stops a belt, it never turns it round
        self.speed_m_s = speed_m_s
        self.position_mm += (before_m_s + speed_m_s) * 500.0 * dt_s

    def _walker_force_n(self, dt_s):
        target_m_s = self._target_m_s
        if target_m_s != self._goal_m_s:
            change_m_s = self._ramp_m_s2 * dt_s
            if abs(self._goal_m_s - target_m_s) <= change_m_s:
                target_m_s = self._goal_m_s
            elif self._goal_m_s > target_m_s:
                target_m_s += change_m_s
            else:
                target_m_s -= change_m_s
            self._target_m_s = target_m_s
        speed_m_s = self.speed_m_s
        if -_STANDING_M_S < target_m_s < _STANDING_M_S:
            self.walking = False
            # Standing on the belt: the feet brake it, friction does the rest.
            return self._limited_n(-_GRIP_N_S_M * speed_m_s)
        if not self.walking:
            self.walking = True
            self.phase = 1.0  # the first foot strike is now
        self.phase += dt_s / self._step_s
        if self.phase >= 1.0:
            self._next_step()
        cosine = math.cos(6.283185307179586 * self.phase)
        # Slowest at the foot strike, with zero mean over a step.
        pattern = -(cosine + 0.35 * (2.0 * cosine * cosine - 1.0))
        wanted_m_s = target_m_s * (1.0 + self._excursion + self._ripple * pattern)
        if self._stumble_s > 0.0:
            self._stumble_s -= dt_s
            wanted_m_s *= 0.4
        friction_n = self._friction_n if target_m_s > 0.0 else -self._friction_n
        friction_n += self._drag_n_s_m * speed_m_s
        return self._limited_n(friction_n + _GRIP_N_S_M * (wanted_m_s - speed_m_s))

    def _limited_n(self, force_n):
        return max(-self._strength_n, min(self._strength_n, force_n))

    def _next_step(self):
        self.phase -= int(self.phase)
        self.steps += 1
        self.side ^= 1
        self._excursion = 0.7 * self._excursion
        self._excursion += 0.714 * self._speed_variability * self._rng.gauss()
        if self._stride < 2 * len(self._strides_s):
            step_s = self._strides_s[self._stride // 2] / 2.0
            self._stride += 1
        else:
            step_s = 60.0 / self._cadence()
            step_s *= max(0.5, 1.0 + self._time_variability * self._rng.gauss())
        if self._stumble_s > 0.0:
            step_s *= 0.6
        half = self._asymmetry / 2.0
        self._step_s = step_s * (1.0 + half if self.side else 1.0 - half)

    def _cadence(self):
        if self._cadence_spm is not None:
            return self._cadence_spm
        # Short steps when slow, longer ones when fast: 0.34 m at 1 mph, 0.65 m at 3 mph. Who
        # sets off steps nearly as they mean to walk.
        speed_m_s = max(abs(self._target_m_s), 0.7 * abs(self._goal_m_s))
        return max(_SLOWEST_SPM, 60.0 * speed_m_s / (0.18 + 0.35 * speed_m_s))

    def _step_held(self, dt_s):
        speed_m_s = self.speed_m_s
        change_m_s = _HAND_M_S2 * dt_s
        if abs(self._goal_m_s - speed_m_s) <= change_m_s:
            speed_m_s = self._goal_m_s
        elif self._goal_m_s > speed_m_s:
            speed_m_s += change_m_s
        else:
            speed_m_s -= change_m_s
        position_mm = self.position_mm + speed_m_s * 1000.0 * dt_s
        if self._stop_at_mm is not None:
            left_mm = self._stop_at_mm - position_mm
            if left_mm * self._goal_m_s <= 0.0:
                position_mm = self._stop_at_mm
                speed_m_s = self._goal_m_s = 0.0
                self._stop_at_mm = None
        self.speed_m_s = speed_m_s
        self.position_mm = position_mm
