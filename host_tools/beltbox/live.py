"""The live view: huge figures in a terminal, plain lines without one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from pyfiglet import Figlet
from rich.align import Align
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from beltbox import units
from beltbox.record import Now
from beltcore import flags as declared_flags

# Names of the zones, by number, and colours that also differ in brightness.
ZONES = ("hands off", "light", "supported", "heavy")
_COLOURS = ("green", "cyan", "yellow", "red")
# The bar ends at a quarter of body weight: most of the way is where the walker works at.
_BAR_PERMILLE = 250
_MARKS_PERMILLE = (10, 50, 150)
_PLAIN_EVERY_MS = 5_000
_REFRESH_PER_S = 8


class View(Protocol):
    """Shows a recording as it goes on."""

    def show(self, now: Now) -> None:
        """Something new was measured."""
        ...

    def tell(self, text: str) -> None:
        """A line for a person."""
        ...

    def __enter__(self) -> View: ...

    def __exit__(self, *_exception: object) -> None: ...


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
        parts = [
            f"{units.format_duration(elapsed_ms / 1000):>7}",
            f"{units.format_speed(now.row.speed_mm_s)} {units.direction(now.row.speed_mm_s)}",
            units.format_distance(now.totals.distance_mm),
            f"rail {units.format_percent(now.row.reliance_permille)} {_zone_word(now)}",
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
            get_renderable=self._draw,
            refresh_per_second=_REFRESH_PER_S,
            transient=False,
        )

    def show(self, now: Now) -> None:
        """Take note: drawn at the next refresh."""
        self._now = now

    def tell(self, text: str) -> None:
        """Show it below the figures, and keep it above them for later."""
        self._message = text
        self._live.console.print(Text(text, style="dim"))

    def __enter__(self) -> BigView:
        self._live.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._live.stop()

    def _draw(self) -> RenderableType:
        now = self._now
        row = now.row
        width, height = self._console.size
        big = _figure_maker(width, height)
        distance, distance_unit = units.distance_parts(now.totals.distance_mm)
        speed_mm_s = None if row is None else row.speed_mm_s
        permille = None if row is None else row.reliance_permille
        grid = Table.grid(expand=True)
        grid.add_column(ratio=1)
        grid.add_column(ratio=1)
        grid.add_row(
            _panel(
                f"speed, m/s {units.direction(speed_mm_s)} "
                f"({units.format_speed_mph(speed_mm_s)} mph)",
                big(units.format_speed_m_s(speed_mm_s)),
                "bright_white",
            ),
            _panel(
                "time", big(units.format_duration(now.totals.duration_ms / 1000)), "bright_white"
            ),
        )
        grid.add_row(
            _panel(f"distance, {distance_unit}", big(distance), "bright_white"),
            _panel(
                f"rail, % of body weight: {_zone_word(now)}",
                big(units.UNKNOWN if permille is None else f"{permille / 10:.1f}"),
                _zone_colour(now),
            ),
        )
        return Group(grid, _bar(now, width), _status(now, self._message))


def _figure_maker(width: int, height: int) -> Callable[[str], str]:
    """The largest lettering that fits four figures into the terminal."""
    font = "ansi_regular" if height >= 24 and width >= 90 else "small" if height >= 18 else ""
    if not font:
        return lambda text: text
    figlet = Figlet(font=font, width=200)

    def make(text: str) -> str:
        drawn = figlet.renderText(text.replace(units.UNKNOWN, "-"))
        return "\n".join(line.rstrip() for line in drawn.splitlines() if line.strip())

    return make


def _panel(title: str, figure: str, colour: str) -> Panel:
    return Panel(Align.center(Text(figure, style=f"bold {colour}")), title=title, padding=(0, 1))


def _bar(now: Now, width: int) -> Text:
    """Reliance as a bar, the zones' limits marked in it."""
    inside = max(10, width - 2)
    permille = 0
    if now.row is not None and now.row.reliance_permille is not None:
        permille = now.row.reliance_permille
    filled = min(inside, inside * permille // _BAR_PERMILLE)
    bar = Text(" ")
    marks = {inside * mark // _BAR_PERMILLE for mark in _MARKS_PERMILLE}
    for place in range(inside):
        if place < filled:
            bar.append("█", style=_zone_colour(now))
        else:
            bar.append("│" if place in marks else "·", style="dim")
    return bar


def _status(now: Now, message: str) -> Text:
    state = "recording" if now.session_id is not None else "not recording"
    if not now.connected:
        state = "UNPLUGGED"
    text = Text(f" {now.box_name} at {now.path}, {state}", style="dim")
    lost = now.damaged + now.missing
    if lost:
        text.append(f", {lost} of {now.good + lost} sentences lost")
    for warning in _warnings(now):
        text.append(f"\n {warning}", style="bold red")
    if message:
        text.append(f"\n {message}", style="default")
    return text


def _warnings(now: Now) -> list[str]:
    if now.row is None:
        return []
    found = declared_flags.words(declared_flags.CORE, now.row.flags or 0)
    return [*found, *declared_flags.words(declared_flags.BOX, now.row.box_flags or 0)]


def _zone_word(now: Now) -> str:
    zone = None if now.row is None else now.row.zone
    return "unknown" if zone is None or zone not in range(4) else ZONES[zone]


def _zone_colour(now: Now) -> str:
    zone = None if now.row is None else now.row.zone
    return "white" if zone is None or zone not in range(4) else _COLOURS[zone]
