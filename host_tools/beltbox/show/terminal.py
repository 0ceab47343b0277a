"""The live view: huge figures in a terminal, plain lines without one."""

from __future__ import annotations

from dataclasses import replace

from pyfiglet import Figlet
from rich.align import Align
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from beltbox import units
from beltbox.record.live_state import Now
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

    def __init__(self, console: Console) -> None:
        self._console = console
        self._shown_ms = -_PLAIN_EVERY_MS

    def show(self, now: Now) -> None:
        """Print a line when it is time for one."""
        elapsed_ms = now.totals.duration_ms
        if now.row is None or 0 <= elapsed_ms - self._shown_ms < _PLAIN_EVERY_MS:
            return
        self._shown_ms = elapsed_ms
        row = now.row
        sure = now.sure
        speed = units.format_speed(row.speed_mm_s, sure.speed(row.speed_mm_s))
        way_mm = now.totals.distance_mm
        rail = units.format_percent(row.reliance_permille, sure.reliance(row.reliance_permille))
        parts = [
            f"{units.format_duration(elapsed_ms / 1000):>7}",
            f"{speed} {units.direction(row.speed_mm_s)}",
            units.format_distance(way_mm, sure.distance(way_mm)),
            f"rail {rail} {_zone_word(now)}",
            *_gait(now),
            *_warnings(now),
        ]
        self._print("  ".join(parts))

    def tell(self, text: str) -> None:
        """Print it."""
        self._print(text)

    def _print(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def __enter__(self) -> PlainView:
        return self

    def __exit__(self, *_exception: object) -> None:
        pass


class BigView:
    """Four figures, a bar for the rail, and what happens in a line below."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._now = Now()
        self._message = ""
        self._live = Live(
            console=console,
            get_renderable=self.draw,
            refresh_per_second=_REFRESH_PER_S,
            transient=False,
        )

    def show(self, now: Now) -> None:
        """Take note: drawn at the next refresh."""
        self._now = replace(now)  # it is drawn in another thread, while `now` goes on

    def tell(self, text: str) -> None:
        """Show it below the figures, and keep it above them for later."""
        self._message = text
        self._live.console.print(Text(text, style="dim"))

    def __enter__(self) -> BigView:
        self._live.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._live.stop()

    def draw(self) -> RenderableType:
        """What fits the terminal as it is now."""
        now = self._now
        row = now.row
        width, height = self._console.size
        lettering = _Lettering(width // 2 - 2, height)
        way_mm = now.totals.distance_mm
        distance = units.distance(way_mm, now.sure.distance(way_mm))
        speed_mm_s = None if row is None else row.speed_mm_s
        permille = None if row is None else row.reliance_permille
        speed = units.speed(speed_mm_s, now.sure.speed(speed_mm_s))
        reliance = units.percent(permille, now.sure.reliance(permille))
        going = now.connected and not now.silent
        plain = "bright_white" if going else "bright_black"
        panels = [
            lettering.panel(
                f"{speed.unit} {units.direction(speed_mm_s)}, {speed.beside}",
                speed.number,
                plain,
                speed.plus_minus,
            ),
            lettering.panel("time", units.format_duration(now.totals.duration_ms / 1000), plain),
            lettering.panel(
                f"distance, {distance.unit}",
                distance.number,
                plain,
                distance.plus_minus,
            ),
            lettering.panel(
                f"% on the rail: {_zone_word(now)}",
                reliance.number,
                _zone_colour(now) if going else plain,
                reliance.plus_minus,
            ),
        ]
        grid = Table.grid(expand=True)
        grid.add_column(ratio=1)
        grid.add_column(ratio=1)
        grid.add_row(*panels[:2])
        grid.add_row(*panels[2:])
        lines = _status(now, self._message, width)
        room = max(1, height - 2 * lettering.panel_height - 2)
        return Group(grid, _bar(now, width), *lines[:room])


class _Lettering:
    """The largest figures that fit a panel of `width` characters inside its borders."""

    def __init__(self, width: int, height: int) -> None:
        self._width = width
        self._fonts = _FONTS if height >= _HIGH_ENOUGH else ()
        self.panel_height = 2 + (_FIGURE_LINES if self._fonts else 1)

    def panel(self, title: str, figure: str, colour: str, sure: str = "") -> Panel:
        """A figure in its frame, and small in the frame how sure it is."""
        return Panel(
            Align.center(Text(self._drawn(figure), style=f"bold {colour}"), vertical="middle"),
            title=title,
            subtitle=sure or None,
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


def _bar(now: Now, width: int) -> Text:
    """Reliance as a bar, the zones' limits marked in it."""
    inside = max(10, width - 2)
    permille = 0
    if now.row is not None and now.row.reliance_permille is not None:
        permille = max(0, now.row.reliance_permille)
    filled = min(inside, inside * permille // _BAR_PERMILLE)
    bar = Text(" ", no_wrap=True)
    marks = {int(inside * mark // _BAR_PERMILLE) for mark in now.sure.limits_permille}
    for place in range(inside):
        style = _zone_colour(now) if place < filled else "dim"
        if place in marks:
            bar.append("│", style=f"{style} reverse" if place < filled else style)
        else:
            bar.append("█" if place < filled else "·", style=style)
    return bar


def _status(now: Now, message: str, width: int) -> list[Text]:
    """Lines of text, the most important first."""
    lines: list[Text] = []
    if not now.connected:
        lines.append(_line("UNPLUGGED: waiting for the box to come back", "bold red"))
    elif now.silent:
        lines.append(_line("SILENT: nothing comes from the box", "bold red"))
    lines += [_line(warning, "bold red") for warning in _warnings(now)]
    gait = ""
    for part in _gait(now):
        longer = f"{gait}, {part}" if gait else part
        if len(longer) < width:  # what would stick out is left out whole
            gait = longer
    if gait:
        lines.append(_line(gait, "default"))
    if message:
        lines.append(_line(message, "default"))
    state = "recording" if now.session_id is not None else "not recording"
    lost = now.damaged + now.missing
    if lost:
        state += f", {lost} of {now.good + lost} sentences lost"
    if now.path:
        lines.append(_line(f"{state}: {now.box_name} at {now.path}", "dim"))
    return lines


def _line(text: str, style: str) -> Text:
    return Text(f" {text}", style=style, no_wrap=True, overflow="ellipsis")


def _gait(now: Now) -> list[str]:
    """What is known of steps and grabs, in words, the most important first."""
    row, sure, totals = now.row, now.sure, now.totals
    parts: list[str] = []
    if row is None:
        return parts
    if totals.steps:
        parts.append(units.format_steps(totals.steps, sure.steps(totals.steps, now.doubt)))
    spm_x10, sd_ms = row.cadence_spm_x10, row.step_time_sd_ms
    if spm_x10 is not None:
        u = sure.cadence(spm_x10, sd_ms)
        parts.append(units.format_cadence(spm_x10 / 10, None if u is None else u / 10))
    if row.step_length_mm is not None:
        u = sure.step_length(row.step_length_mm, spm_x10, sd_ms)
        parts.append(units.format_step_length(row.step_length_mm, u))
    if totals.grabs:
        parts.append(units.format_grabs(totals.grabs))
    uneven = units.format_unevenness(
        row.step_asymmetry_permille, row.step_asymmetry_u_permille, row.longer_step_side
    )
    return [*parts, uneven] if uneven else parts


def _warnings(now: Now) -> list[str]:
    if now.row is None:
        return []
    told = declared_flags.told(now.row.flags or 0, now.row.box_flags or 0)
    return [words for _name, words in told]


def _zone_word(now: Now) -> str:
    zone = None if now.row is None else now.row.zone
    return units.UNKNOWN if zone is None or zone not in range(4) else ZONES[zone]


def _zone_colour(now: Now) -> str:
    zone = None if now.row is None else now.row.zone
    return "white" if zone is None or zone not in range(4) else _COLOURS[zone]
