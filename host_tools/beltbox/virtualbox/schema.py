"""From TOML tables to checked dataclasses: one declaration for default, type and range."""

from __future__ import annotations

import math
from dataclasses import MISSING, field, fields
from pathlib import Path
from typing import Any, TypeVar

from .errors import ScenarioError

MPH_M_S = 0.44704

T = TypeVar("T")


def number(default: float | None, low: float, high: float, *, optional: bool = False) -> Any:
    """A number from `low` to `high`. Without a default it must be given, unless optional."""
    return _field(default, optional, {"kind": "number", "low": low, "high": high})


def whole(default: int, low: int, high: int) -> Any:
    """A whole number from `low` to `high`."""
    return _field(default, False, {"kind": "whole", "low": low, "high": high})


def one_of(default: Any, choices: tuple[Any, ...]) -> Any:
    """One of `choices`. With the default None it must be given."""
    return _field(default, False, {"kind": "choice", "choices": choices})


def text(*, optional: bool = False) -> Any:
    """Any text."""
    return _field(None, optional, {"kind": "text"})


def build(kind: type[T], table: Any, where: str, prefix: str, others: tuple[str, ...] = ()) -> T:
    """An instance of the dataclass `kind` from a TOML table.

    `where` is the file, `prefix` the table's name in it, `others` further keys that exist.
    Raises ScenarioError for an unknown or missing key or a value that isn't allowed.
    """
    if not isinstance(table, dict):
        raise ScenarioError(f"{where}: {prefix} = {table!r} is not allowed: a table.")
    known = {item.name: item for item in fields(kind)}  # type: ignore[arg-type]
    dot = "." if prefix and not prefix.endswith(" ") else ""
    values: dict[str, Any] = {}
    for key, value in table.items():  # pyright: ignore[reportUnknownVariableType]
        name = f"{prefix}{dot}{key}"
        if key not in known:
            keys = ", ".join((*known, *others))
            raise ScenarioError(f"{where}: {name} is not known. Allowed: {keys}.")
        problem = _problem(value, known[key].metadata)  # pyright: ignore[reportUnknownArgumentType]
        if problem:
            raise ScenarioError(f"{where}: {name} = {value!r} is not allowed: {problem}.")
        values[key] = value
    for key, item in known.items():
        if key not in values and item.default is MISSING and item.default_factory is MISSING:
            raise ScenarioError(f"{where}: {prefix}{dot}{key} is missing.")
    return kind(**values)


def read_strides(path: Path) -> list[float]:
    """Stride times in s: the last column of a text file, two steps each. Raises ScenarioError."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ScenarioError(f"{path}: can't be read as stride times: {error}.") from error
    strides: list[float] = []
    for line_number, line in enumerate(lines, start=1):
        if not line.strip() or line.startswith("#"):
            continue
        text = line.split()[-1]
        try:
            stride_s = float(text)
        except ValueError:
            stride_s = math.nan
        if not 0.2 <= stride_s <= 60:
            raise ScenarioError(
                f"{path}, line {line_number}: {text!r} is not a stride time from 0.2 to 60 s."
            )
        strides.append(stride_s)
    return strides


def _field(default: Any, optional: bool, metadata: dict[str, Any]) -> Any:
    required = default is None and not optional
    return field(default=MISSING if required else default, kw_only=True, metadata=metadata)


def _problem(value: Any, rule: Any) -> str:
    """Why `value` isn't allowed, as a description of what is; empty when it is."""
    kind = rule.get("kind")
    if kind == "choice":
        choices = rule["choices"]
        # True == 1 in Python; not here.
        if any(value == choice and type(value) is type(choice) for choice in choices):
            return ""
        return "one of " + ", ".join(_shown(choice) for choice in choices)
    if kind == "text":
        return "" if isinstance(value, str) else "a text"
    if kind in ("number", "whole"):
        types = (int, float) if kind == "number" else (int,)
        noun = "a number" if kind == "number" else "a whole number"
        good = isinstance(value, types) and not isinstance(value, bool)
        if good and rule["low"] <= value <= rule["high"]:
            return ""
        return f"{noun} from {rule['low']} to {rule['high']}"
    return "" if isinstance(value, dict) else "a table"


def _shown(choice: Any) -> str:
    if isinstance(choice, bool):
        return "true" if choice else "false"
    return str(choice)
