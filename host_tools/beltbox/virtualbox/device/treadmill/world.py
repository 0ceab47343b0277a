"""The world round the box: belt, person, rails, cells, what the script and the host do to them."""

from ..clock import STEP_US, BoxEnd, BoxReset
from ..interrupts import Interrupts
from .belt import Belt
from .encoder import EncoderShaft
from .hands import Hands
from .hx711 import Hx711
from .rng import Rng

_STEP_S = STEP_US / 1e6
_SIDES = ("left", "right")
_SATURATED_AT = 0x7FFFFF
_STUCK_AT = 0


class World:
    """Everything that goes on whether the box runs or not.

    `config` is the JSON that the supervisor wrote (scenario.py, `device_config`). Actions of the
    script and of the host are dicts with a "do" and its arguments: see the `do_…` methods.
    """

    def __init__(self, config, clock, truth):
        self._clock = clock
        self._truth = truth
        self._timeline = config["timeline"]
        self._next_action = 0
        self._duration_us = config["duration_us"]
        self._script_us = 0
        # Whether the script runs.
        self.started = False
        self._speed = config["speed"]

        start_us = config["clock_start_us"]
        seed = config["seed"]
        self.belt = Belt(config["belt"], config["walker"], Rng(seed, 1))
        self.hands = Hands(config["body_mass_kg"], config["walker"]["sway"])
        belt = config["belt"]
        self.shaft = EncoderShaft(belt["mm_per_count"], belt["direction"])
        self.cells = [
            Hx711(config["cells"][side], Rng(seed, 2 + number), start_us)
            for number, side in enumerate(_SIDES)
        ]
        self.boots = 0
        # Levels that something outside puts on pins, such as a held button.
        self.pin_levels = {}
        self.watchdog_at_us = None
        self.interrupts = Interrupts(clock)
        # The kind of native USB whose host is gone, and until when.
        self._port_gone = None
        self._port_gone_until_us = 0
        self._step_start_us = start_us
        self._step_start_mm = 0.0

    def begin(self, wait_for_host):
        """Let the script run; with `wait_for_host` only after `do_start`."""
        self._clock.set_speed(1.0)
        if not wait_for_host:
            self.do_start()

    def position_mm(self):
        """The belt's position now, interpolated inside the current step."""
        start_mm = self._step_start_mm
        moved_mm = self.belt.position_mm - start_mm
        if moved_mm == 0.0:
            return start_mm
        return start_mm + moved_mm * ((self._clock.now_us - self._step_start_us) / STEP_US)

    def edges(self):
        return self.shaft.edges(self.position_mm())

    def encoder_levels(self):
        return self.shaft.levels(self.position_mm())

    def step(self, t_us):
        """Integrate t_us .. t_us + 1 ms."""
        if self.started:
            self._run_script()
        belt = self.belt
        hands = self.hands
        if self._truth is not None:
            self._truth.sample(t_us, self._clock.boot_us, self)
        self._step_start_us = t_us
        self._step_start_mm = belt.position_mm
        belt.step(_STEP_S)
        if self.interrupts.watched():
            self.interrupts.coming(self._edges_of_a(t_us))
        hands.step(_STEP_S, belt.walking, (belt.phase + belt.side) * 0.5)
        until_us = t_us + STEP_US
        left, right = self.cells
        left.prepare(t_us, until_us, hands.left_n * 1000.0)
        right.prepare(t_us, until_us, hands.right_n * 1000.0)
        if self.watchdog_at_us is not None and t_us >= self.watchdog_at_us:
            self.watchdog_at_us = None
            self._clock.interrupt(BoxReset("watchdog"))

    def _edges_of_a(self, t_us):
        """When A changes its level in the step from t_us on, in which the belt moves evenly."""
        start_mm = self._step_start_mm
        moved_mm = self.belt.position_mm - start_mm
        edges_us = []
        # Finer than any edge comes: 1 m/s and 0.1 mm a count are 10 in a step.
        parts = 64 if moved_mm else 0
        before = self.shaft.levels(start_mm)[0]
        for part in range(1, parts + 1):
            level = self.shaft.levels(start_mm + moved_mm * part / parts)[0]
            if level != before:
                edges_us.append(t_us + STEP_US * part // parts)
                before = level
        return edges_us

    def _run_script(self):
        timeline = self._timeline
        while (
            self._next_action < len(timeline)
            and timeline[self._next_action]["at_us"] <= self._script_us
        ):
            action = timeline[self._next_action]
            self._next_action += 1
            self.do(action)
        if self._script_us >= self._duration_us:
            self._clock.interrupt(BoxEnd("end of the scenario"))
        self._script_us += STEP_US

    def do(self, action):
        """Carry out one action of the script or of the host."""
        name = action["do"]
        for number, side in enumerate(_SIDES):
            if name.endswith("_" + side):
                self._do_cell(name[: -len(side) - 1], number, action)
                return
        getattr(self, "do_" + name)(action)

    def do_start(self, _action=None):
        if not self.started:
            self.started = True
            self._clock.set_speed(self._speed)

    def real_time(self):
        """Whether the pace that was asked for is real time or slower."""
        return 0.0 < self._speed <= 1.0

    def do_pace(self, action):
        self._speed = action["value"]
        if self.started:
            self._clock.set_speed(self._speed)

    def do_walk(self, action):
        self.belt.walk(
            action["speed_m_s"],
            action.get("cadence_spm"),
            action.get("ramp_s", 2.0),
            action.get("strides_s", ()),
        )

    def do_hands(self, action):
        self.hands.hold(
            action["left_permille"], action["right_permille"], action.get("ramp_s", 2.0)
        )

    def do_grab(self, action):
        self.hands.grab(
            action["permille"],
            action.get("left_share", 0.5),
            action.get("rise_s", 0.15),
            action.get("decay_s", 0.4),
        )

    def do_rail_left_n(self, action):
        self._hang(0, action)

    def do_rail_right_n(self, action):
        self._hang(1, action)

    def _hang(self, side, action):
        self.hands.hang(side, action["value"])
        self.cells[side].hang(action["value"], action.get("place", 0.0))

    def do_speed_m_s(self, action):
        if action["value"] is None:
            self.belt.coast()
        else:
            self.belt.hold(action["value"], None)

    def do_move_mm(self, action):
        self.belt.hold(action.get("speed_m_s", 0.3), action["value"])

    def do_coast(self, _action):
        self.belt.coast()

    def do_stumble(self, _action):
        self.belt.stumble()

    def do_hand_push(self, action):
        self.belt.push(action["value"])

    def do_encoder_lost_a(self, _action):
        self.shaft.lose("a", self.belt.position_mm)

    def do_encoder_lost_b(self, _action):
        self.shaft.lose("b", self.belt.position_mm)

    def do_encoder_mended(self, _action):
        self.shaft.lose(None, self.belt.position_mm)

    def do_encoder_slip_mm(self, action):
        self.shaft.slip(action["value"])

    def do_pin(self, action):
        if action["value"] is None:
            self.pin_levels.pop(action["id"], None)
        else:
            self.pin_levels[action["id"]] = action["value"]

    def do_port_gone(self, action):
        self._port_gone = action["value"]
        self._port_gone_until_us = self._clock.now_us + int(action["for_s"] * 1e6)

    def port_gone(self):
        """The kind of USB whose host is gone now, or None."""
        if self._port_gone is not None and self._clock.now_us >= self._port_gone_until_us:
            self._port_gone = None
        return self._port_gone

    def do_reset(self, _action):
        self._clock.interrupt(BoxReset("button"))

    def _do_cell(self, name, number, action):
        cell = self.cells[number]
        now_us = self._clock.horizon_us
        if name == "unplug":
            cell.connect(False, now_us)
        elif name == "plug":
            cell.connect(True, now_us)
        elif name == "stuck":
            cell.stuck_at = _STUCK_AT
        elif name == "saturated":
            cell.stuck_at = _SATURATED_AT
        elif name == "dout_low":
            cell.dout_held = 0
        elif name == "dout_high":
            cell.dout_held = 1
        elif name == "mended":
            cell.stuck_at = None
            cell.dout_held = None
        elif name == "zero_jump":
            cell.jump(action["force_n"])
        elif name == "desync":
            cell.glitch = 1
        elif name == "lost_clock":
            cell.glitch = -1
        else:
            raise ValueError("no such action: " + name)
