"""Scenarios: what a person does on the treadmill, and how the box is wired. TOML files.

Every key is checked against the dataclasses below; README.md explains the format.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from beltcore import settings as box_settings

from .errors import ScenarioError, VirtualBoxError
from .schema import MPH_M_S, build, number, one_of, read_strides, text, whole

_FOLDER = Path(__file__).parent / "scenarios"

_SIDED_KINDS = (
    "unplug",
    "plug",
    "stuck",
    "saturated",
    "dout_low",
    "dout_high",
    "mended",
    "desync",
    "lost_clock",
    "zero_jump",
)
_PLAIN_KINDS = (
    "reset",
    "stumble",
    "coast",
    "hand_push",
    "encoder_lost_a",
    "encoder_lost_b",
    "encoder_mended",
)
EVENT_KINDS = (
    *_PLAIN_KINDS,
    *(f"{kind}_{side}" for kind in _SIDED_KINDS for side in ("left", "right")),
)


@dataclass(frozen=True)
class Belt:
    """The belt and the encoder on it. `resistance` is the knob: 0 loose, 4 five times as hard."""

    mm_per_count: float = number(0.1, 0.001, 1000)
    direction: int = one_of(1, (1, -1))
    inertia_kg: float = number(60, 5, 500)
    friction_n: float = number(25, 1, 500)
    drag_n_s_m: float = number(10, 0, 500)
    resistance: float = number(0, 0, 4)


@dataclass(frozen=True)
class Walker:
    """The person's gait. Variabilities are standard deviations as parts of the mean.

    `ripple`: how far the belt's speed goes up and down in a step, peak to peak.
    `asymmetry`: how much longer the left step lasts than the right, as a part of the mean.
    `sway`: how much the hands' force swings with the stride.
    """

    ripple: float = number(0.15, 0, 0.6)
    step_time_variability: float = number(0.03, 0, 0.2)
    speed_variability: float = number(0.015, 0, 0.2)
    asymmetry: float = number(0, -0.5, 0.5)
    sway: float = number(0.15, 0, 0.5)
    strength_n: float = number(400, 20, 2000)


@dataclass(frozen=True)
class Cell:
    """One load cell with its HX711. `rate` is conversions a second.

    What the cell itself does wrong, in percent of 500 N: how far it bows, the play between loading
    and unloading; in percent of the force: what creeps in within minutes, and what the place of a
    weight changes at either end of the rail.
    """

    present: bool = one_of(True, (True, False))
    zero_counts: int = whole(0, -8_388_608, 8_388_607)
    nn_per_count: int = whole(230_000, -60_000_000, 60_000_000)
    noise_counts: float = number(40, 0, 1_000_000)
    drift_n_per_min: float = number(0, -100, 100)
    spike_probability: float = number(0, 0, 1)
    spike_n: float = number(100, 0, 2000)
    rate: int = one_of(80, (80, 10))
    nonlinearity_percent: float = number(0, -20, 20)
    hysteresis_percent: float = number(0, 0, 20)
    creep_percent: float = number(0, -20, 20)
    position_percent: float = number(0, -50, 50)


@dataclass(frozen=True)
class Walk:
    """From `at_s` go to this speed within `ramp_s`; 0 stands still. One of mph and m_s."""

    at_s: float = number(None, 0, 1e6)
    mph: float | None = number(None, 0, 10, optional=True)
    m_s: float | None = number(None, 0, 5, optional=True)
    direction: str = one_of("backward", ("backward", "forward"))
    cadence_spm: float | None = number(None, 20, 300, optional=True)
    ramp_s: float = number(2, 0, 600)
    stride_file: str | None = text(optional=True)

    @property
    def speed_m_s(self) -> float:
        """Signed: negative is backward."""
        speed = self.m_s if self.m_s is not None else (self.mph or 0.0) * MPH_M_S
        return -speed if self.direction == "backward" else speed


@dataclass(frozen=True)
class Hands:
    """From `at_s` hold on with these parts of the body weight, reached within `ramp_s`."""

    at_s: float = number(None, 0, 1e6)
    left_percent: float = number(0, 0, 100)
    right_percent: float = number(0, 0, 100)
    ramp_s: float = number(2, 0, 600)


@dataclass(frozen=True)
class Grab:
    """At `at_s` catch the rails with so much more of the body weight, then let go again."""

    at_s: float = number(None, 0, 1e6)
    percent: float = number(None, 1, 150)
    left_share: float = number(0.5, 0, 1)
    rise_s: float = number(0.15, 0.02, 5)
    decay_s: float = number(0.4, 0.05, 10)


@dataclass(frozen=True)
class Event:
    """At `at_s` something happens: one of EVENT_KINDS.

    `value`: m/s, of a hand_push only; `force_n`: of a zero_jump only.
    """

    at_s: float = number(None, 0, 1e6)
    kind: str = one_of(None, EVENT_KINDS)
    value: float = number(0, -5, 5)
    force_n: float = number(0, -500, 500)


Timed = TypeVar("Timed", Walk, Hands, Grab, Event)


@dataclass(frozen=True)
class Scenario:
    """One scenario, checked. `settings` are the box's at first boot, complete."""

    name: str
    title: str
    seed: int
    duration_s: float
    body_mass_kg: float
    clock_start_us: int
    tick_cost_us: int
    belt: Belt
    walker: Walker
    left: Cell
    right: Cell
    settings: dict[str, Any]
    walks: tuple[Walk, ...]
    hands: tuple[Hands, ...]
    grabs: tuple[Grab, ...]
    events: tuple[Event, ...]
    folder: Path
    serial_number: str | None = None
    """12 hexadecimal digits; None: each virtual box has one of its own."""

    def timeline(self) -> list[dict[str, Any]]:
        """All that happens as actions of the device's World, in order of time."""
        actions: list[dict[str, Any]] = []
        for walk in self.walks:
            action: dict[str, Any] = {
                "do": "walk",
                "speed_m_s": walk.speed_m_s,
                "cadence_spm": walk.cadence_spm,
                "ramp_s": walk.ramp_s,
            }
            if walk.stride_file is not None:
                action["strides_s"] = read_strides(self.folder / walk.stride_file)
            actions.append(_at(walk.at_s, action))
        for hands in self.hands:
            action = {
                "do": "hands",
                "left_permille": hands.left_percent * 10,
                "right_permille": hands.right_percent * 10,
                "ramp_s": hands.ramp_s,
            }
            actions.append(_at(hands.at_s, action))
        for grab in self.grabs:
            action = asdict(grab) | {"do": "grab", "permille": grab.percent * 10}
            actions.append(_at(grab.at_s, action))
        for event in self.events:
            actions.append(
                _at(event.at_s, {"do": event.kind, "value": event.value, "force_n": event.force_n})
            )
        return sorted(actions, key=lambda action: action["at_us"])

    def device_config(self) -> dict[str, Any]:
        """What the device needs to know, ready for JSON."""
        return {
            "duration_us": round(self.duration_s * 1e6),
            "body_mass_kg": self.body_mass_kg,
            "clock_start_us": self.clock_start_us,
            "tick_cost_us": self.tick_cost_us,
            "belt": asdict(self.belt),
            "walker": asdict(self.walker),
            "cells": {"left": asdict(self.left), "right": asdict(self.right)},
            "settings": self.settings,
            "timeline": self.timeline(),
        }


@dataclass(frozen=True)
class _Head:
    """The keys at the top of the file."""

    title: str = text()
    seed: int = whole(1, 0, 2**32 - 1)
    duration_s: float = number(None, 0.1, 1e6)
    body_mass_kg: float = number(70, 20, 300)
    clock_start_us: int = whole(0, 0, 2**40)
    tick_cost_us: int = whole(0, 0, 100_000)
    serial_number: str | None = text(optional=True)


@dataclass(frozen=True)
class _Box:
    settings: dict[str, Any] = field(default_factory=lambda: {})


# What a cell reads with nothing on it differs from cell to cell: not zero, so that it shows.
_ZEROS = {"left": 84_210, "right": -31_570}


def builtin_names() -> list[str]:
    """The names of the scenarios that come with the package."""
    return sorted(path.stem for path in _FOLDER.glob("*.toml"))


def load(scenario: str | Path) -> Scenario:
    """The scenario of that name, or in that file.

    Raises ScenarioError naming the file, the key, the value and what is allowed.
    """
    path = Path(scenario)
    if path.suffix != ".toml" and not path.exists():
        path = _FOLDER / f"{scenario}.toml"
        if not path.exists():
            names = ", ".join(builtin_names())
            raise ScenarioError(
                f"There is no scenario {str(scenario)!r}. Give a .toml file or one of: {names}."
            )
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ScenarioError(f"{path}: can't be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ScenarioError(f"{path}: isn't UTF-8 text.") from error
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError(f"{path}: isn't TOML: {error}.") from error
    return parse(table, path)


def parse(table: dict[str, Any], path: Path) -> Scenario:
    """The scenario in a parsed TOML `table`; `path` is named in errors. Raises ScenarioError."""
    parts = ("belt", "walker", "cells", "box", "walk", "hands", "grab", "event")
    where = str(path)
    head = build(_Head, {k: v for k, v in table.items() if k not in parts}, where, "", parts)
    belt = build(Belt, table.get("belt", {}), where, "belt")
    cells = _cells(table.get("cells", {}), where)
    scenario = Scenario(
        name=path.stem,
        title=head.title,
        seed=head.seed,
        duration_s=head.duration_s,
        body_mass_kg=head.body_mass_kg,
        clock_start_us=head.clock_start_us,
        tick_cost_us=head.tick_cost_us,
        belt=belt,
        walker=build(Walker, table.get("walker", {}), where, "walker"),
        left=cells["left"],
        right=cells["right"],
        settings=_settings(head, belt, cells, table.get("box", {}), where),
        walks=_listed(Walk, table, "walk", head.duration_s, where),
        hands=_listed(Hands, table, "hands", head.duration_s, where),
        grabs=_listed(Grab, table, "grab", head.duration_s, where),
        events=_listed(Event, table, "event", head.duration_s, where),
        folder=path.parent,
        serial_number=_serial_number(head.serial_number, where),
    )
    for number_, walk in enumerate(scenario.walks, start=1):
        if (walk.mph is None) == (walk.m_s is None):
            raise ScenarioError(
                f"{where}: [[walk]] number {number_} needs exactly one of mph and m_s."
            )
        if walk.stride_file is not None:
            read_strides(path.parent / walk.stride_file)
    return scenario


def _serial_number(given: str | None, where: str) -> str | None:
    if given is None:
        return None
    try:
        return checked_serial(given)
    except VirtualBoxError as error:
        raise ScenarioError(f"{where}: {error}") from error


def checked_serial(serial_number: str) -> str:
    """The number as the box tells it. Raises VirtualBoxError for what can't be a chip's."""
    if not re.fullmatch("[0-9A-Fa-f]{12}", serial_number):
        raise VirtualBoxError(
            f"serial_number = {serial_number!r} is not allowed: 12 hexadecimal digits."
        )
    return serial_number.lower()


def _cells(table: dict[str, Any], where: str) -> dict[str, Cell]:
    if not isinstance(table, dict) or not set(table) <= set(_ZEROS):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ScenarioError(f"{where}: cells = {table!r} is not allowed: left, right.")
    cells: dict[str, Cell] = {}
    for side, zero in _ZEROS.items():
        cell = build(Cell, table.get(side, {}), where, f"cells.{side}")
        if "zero_counts" not in table.get(side, {}):
            cell = replace(cell, zero_counts=zero)
        cells[side] = cell
    return cells


def _settings(
    head: _Head, belt: Belt, cells: dict[str, Cell], box: Any, where: str
) -> dict[str, Any]:
    """The settings of a box that was calibrated perfectly, with the scenario's own on top."""
    values: dict[str, Any] = {
        "box_name": "virtual",
        "belt_nm_per_count": round(belt.mm_per_count * 1e6),
        "belt_direction": belt.direction,
        "body_mass_g": round(head.body_mass_kg * 1000),
    }
    for side, cell in cells.items():
        values[f"rail_{side}_zero"] = cell.zero_counts
        values[f"rail_{side}_nn_per_count"] = cell.nn_per_count if cell.present else 0
    values |= build(_Box, box, where, "box").settings
    try:
        return dict(box_settings.complete(values))  # pyright: ignore[reportUnknownMemberType]
    except box_settings.SettingsError as error:
        raise ScenarioError(f"{where}: box.settings: {error}.") from error


def _listed(
    kind: type[Timed], table: dict[str, Any], key: str, duration_s: float, where: str
) -> tuple[Timed, ...]:
    rows = table.get(key, [])
    if not isinstance(rows, list):
        raise ScenarioError(f"{where}: {key} must be written as [[{key}]].")
    built: list[Timed] = []
    for row in rows:  # pyright: ignore[reportUnknownVariableType]
        name = f"[[{key}]] number {len(built) + 1}: "
        item = build(kind, row, where, name)
        if item.at_s > duration_s:
            raise ScenarioError(
                f"{where}: {name}at_s = {item.at_s:g} is not allowed: "
                f"the scenario ends at duration_s = {duration_s:g}."
            )
        built.append(item)
    return tuple(built)


def _at(at_s: float, action: dict[str, Any]) -> dict[str, Any]:
    return {**action, "at_us": round(at_s * 1e6)}
