"""The live view: huge figures in a terminal, plain lines without one."""

from __future__ import annotations

import errno
import os
from dataclasses import replace

from pyfiglet import Figlet
from rich.align import Align
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from beltbox import units
from beltbox.record.live_state import LiveState
from beltbox.record.view import View
from beltcore.host import flags as declared_flags

# Names of the zones, by number, and colours that also differ in brightness.
ZONES = ("hands off", "light", "supported", "heavy")
_COLOURS = ("green", "cyan", "yellow", "red")
# The bar ends at a quarter of body weight: most of the way is where the walker works at.
_BAR_PERMILLE = 250
_PLAIN_EVERY_MS = 5_000
_REFRESH_PER_S = 10
# The figures' lettering, the largest first; and the terminal's lines from which on it is used.
_FONTS = ("ansi_regular", "small")
_FIGURE_LINES = 5
_HIGH_ENOUGH = 18


def view_for(console: Console) -> View:
    """Big figures where there is a terminal to draw on, plain lines elsewhere."""
    return BigView(console) if console.is_terminal else PlainView(console)


class PlainView:
    """A line every five seconds of the box's time."""

    name = "the output"

    def __init__(self, console: Console) -> None:
        self._console = console
        self._shown_ms = -_PLAIN_EVERY_MS

    def show(self, state: LiveState) -> None:
        """Print a line when it is time for one. Raises OSError where the output is closed."""
        row, elapsed_ms = state.row, state.totals.duration_ms
        if row is None or 0 <= elapsed_ms - self._shown_ms < _PLAIN_EVERY_MS:
            return
        self._shown_ms = elapsed_ms
        uncertainty = state.uncertainty
        speed = units.format_speed(row.speed_mm_s, uncertainty.speed(row.speed_mm_s))
        distance_mm = state.totals.distance_mm
        rail = units.format_percent(
            row.reliance_permille, uncertainty.reliance(row.reliance_permille)
        )
        parts = [
            f"{units.format_duration(elapsed_ms / 1000):>7}",
            f"{speed} {units.direction(row.speed_mm_s)}",
            units.format_distance(distance_mm, uncertainty.distance(distance_mm)),
            f"rail {rail} {_zone_word(state)}",
            *_gait(state),
            *_warnings(state),
        ]
        self.notify("  ".join(parts))

    def notify(self, text: str) -> None:
        """Print the line. Raises OSError where the output is closed."""
        _print(self._console, Text(text), soft_wrap=True)

    def __enter__(self) -> PlainView:
        return self

    def __exit__(self, *_exception: object) -> None:
        pass


class BigView:
    """Four figures, a bar for the rail, and what happens in a line below."""

    name = "the terminal"

    def __init__(self, console: Console) -> None:
        self._console = console
        self._state = LiveState()
        self._message = ""
        self._live = Live(
            console=console,
            get_renderable=self.draw,
            refresh_per_second=_REFRESH_PER_S,
            transient=False,
        )

    def show(self, state: LiveState) -> None:
        """Note the state: it is drawn at the next refresh."""
        self._state = replace(state)  # it is drawn in another thread, while `state` changes

    def notify(self, text: str) -> None:
        """Show the line below the figures, and keep it above them. Raises OSError."""
        self._message = text
        _print(self._live.console, Text(text, style="dim"))

    def __enter__(self) -> BigView:
        self._live.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._live.stop()

    def draw(self) -> RenderableType:
        """What fits the terminal as it is now."""
        state = self._state
        row = state.row
        width, height = self._console.size
        lettering = _Lettering(width // 2 - 2, height)
        distance_mm = state.totals.distance_mm
        distance = units.distance(distance_mm, state.uncertainty.distance(distance_mm))
        speed_mm_s = None if row is None else row.speed_mm_s
        permille = None if row is None else row.reliance_permille
        speed = units.speed(speed_mm_s, state.uncertainty.speed(speed_mm_s))
        reliance = units.percent(permille, state.uncertainty.reliance(permille))
        plain = "bright_white" if state.is_heard else "bright_black"
        panels = [
            lettering.panel(
                f"{speed.unit} {units.direction(speed_mm_s)}, {speed.beside}",
                speed.number,
                plain,
                speed.plus_minus,
            ),
            lettering.panel("time", units.format_duration(state.totals.duration_ms / 1000), plain),
            lettering.panel(
                f"distance, {distance.unit}",
                distance.number,
                plain,
                distance.plus_minus,
            ),
            lettering.panel(
                f"% on the rail: {_zone_word(state)}",
                reliance.number,
                _zone_colour(state) if state.is_heard else plain,
                reliance.plus_minus,
            ),
        ]
        grid = Table.grid(expand=True)
        grid.add_column(ratio=1)
        grid.add_column(ratio=1)
        grid.add_row(*panels[:2])
        grid.add_row(*panels[2:])
        lines = _status(state, self._message, width)
        room = max(1, height - 2 * lettering.panel_height - 2)
        return Group(grid, _bar(state, width), *lines[:room])


def _print(console: Console, text: Text, *, soft_wrap: bool = False) -> None:
    """Print it. Raises OSError: Rich itself would end the program when a pipe's reader is gone."""
    try:
        console.print(text, soft_wrap=soft_wrap)
    except SystemExit as end:
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE)) from end


class _Lettering:
    """The largest figures that fit a panel of `width` characters inside its borders."""

    def __init__(self, width: int, height: int) -> None:
        self._width = width
        self._fonts = _FONTS if height >= _HIGH_ENOUGH else ()
        self.panel_height = 2 + (_FIGURE_LINES if self._fonts else 1)

    def panel(self, title: str, figure: str, colour: str, plus_minus: str = "") -> Panel:
        """A figure in its frame, and small in the frame its uncertainty."""
        return Panel(
            Align.center(Text(self._drawn(figure), style=f"bold {colour}"), vertical="middle"),
            title=title,
            subtitle=plus_minus or None,
            padding=0,
            height=self.panel_height,
        )

    def _drawn(self, figure: str) -> str:
        for font in self._fonts:
            text = Figlet(font=font, width=200).renderText(figure.replace(units.UNKNOWN, "-"))
            lines = [line.rstrip() for line in text.splitlines() if line.strip()]
            if max(map(len, lines)) <= self._width:
                return "\n".join(lines)
        return figure


def _bar(state: LiveState, width: int) -> Text:
    """Reliance as a bar, the zones' limits marked in it."""
    inside = max(10, width - 2)
    permille = 0
    if state.row is not None and state.row.reliance_permille is not None:
        permille = max(0, state.row.reliance_permille)
    filled = min(inside, inside * permille // _BAR_PERMILLE)
    bar = Text(" ", no_wrap=True)
    marks = {int(inside * mark / _BAR_PERMILLE) for mark in state.zone_limits_permille}
    for place in range(inside):
        style = _zone_colour(state) if place < filled else "dim"
        if place in marks:
            bar.append("│", style=f"{style} reverse" if place < filled else style)
        else:
            bar.append("█" if place < filled else "·", style=style)
    return bar


def _status(state: LiveState, message: str, width: int) -> list[Text]:
    """Lines of text, the most important first."""
    lines: list[Text] = []
    if not state.connected:
        lines.append(_line("UNPLUGGED: waiting for the box to come back", "bold red"))
    elif state.silent:
        lines.append(_line("SILENT: nothing comes from the box", "bold red"))
    if state.waiting:
        lines.append(_line(f"WAITING: {state.waiting}", "bold yellow"))
    lines += [_line(warning, "bold red") for warning in _warnings(state)]
    gait = ""
    for part in _gait(state):
        longer = f"{gait}, {part}" if gait else part
        if len(longer) < width:  # what would stick out is left out whole
            gait = longer
    if gait:
        lines.append(_line(gait, "default"))
    if message:
        lines.append(_line(message, "default"))
    doing = "recording" if state.is_recording else "not recording"
    lost = state.damaged + state.missing
    if lost:
        doing += f", {lost} of {state.good + lost} sentences lost"
    if state.path:
        lines.append(_line(f"{doing}: {state.box_name} at {state.path}", "dim"))
    return lines


def _line(text: str, style: str) -> Text:
    return Text(f" {text}", style=style, no_wrap=True, overflow="ellipsis")


def _gait(state: LiveState) -> list[str]:
    """What is known of steps and grabs, in words, the most important first."""
    row, uncertainty, totals = state.row, state.uncertainty, state.totals
    parts: list[str] = []
    if row is None:
        return parts
    if totals.steps:
        u = uncertainty.steps(totals.steps, state.zone_uncertainty)
        parts.append(units.format_steps(totals.steps, u))
    spm_x10, sd_ms = row.cadence_spm_x10, row.step_time_sd_ms
    if spm_x10 is not None:
        u = uncertainty.cadence(spm_x10, sd_ms)
        parts.append(units.format_cadence(spm_x10 / 10, None if u is None else u / 10))
    if row.step_length_mm is not None:
        u = uncertainty.step_length(row.step_length_mm, spm_x10, sd_ms)
        parts.append(units.format_step_length(row.step_length_mm, u))
    if totals.grabs:
        parts.append(units.format_grabs(totals.grabs))
    uneven = units.format_unevenness(
        row.step_asymmetry_permille, row.step_asymmetry_u_permille, row.longer_step_side
    )
    return [*parts, uneven] if uneven else parts


def _warnings(state: LiveState) -> list[str]:
    if state.row is None:
        return []
    flags = declared_flags.told(state.row.flags or 0, state.row.box_flags or 0)
    return [words for _name, words in flags]


def _zone_word(state: LiveState) -> str:
    zone = None if state.row is None else state.row.zone
    return units.UNKNOWN if zone is None or zone not in range(4) else ZONES[zone]


def _zone_colour(state: LiveState) -> str:
    zone = None if state.row is None else state.row.zone
    return "white" if zone is None or zone not in range(4) else _COLOURS[zone]
