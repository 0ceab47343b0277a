"""The report in a real browser: drawn, quiet, offline, and fitting any screen."""

import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from beltbox.bench.store_size import made_up_walk
from beltbox.report.page import write_report
from beltbox.store.store import open_store

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright isn't installed")

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
CHROMIUM = next((found for name in NAMES if (found := shutil.which(name))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
LONG_NAME = "Maximiliane-Alexandrina" * 6

# How many pixels of a chart have the colour that a CSS variable names.
PIXELS = """([id, name]) => {
  const copy = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  copy.fillStyle = getComputedStyle(document.documentElement).getPropertyValue(`--${name}`);
  copy.fillRect(0, 0, 1, 1);
  const [red, green, blue] = copy.getImageData(0, 0, 1, 1).data;
  const canvas = document.querySelector(`#${id} canvas`);
  const { width, height } = canvas;
  Object.assign(copy.canvas, { width, height });
  copy.drawImage(canvas, 0, 0);
  const { data } = copy.getImageData(0, 0, width, height);
  let count = 0;
  for (let i = 0; i < data.length; i += 4)
    count += data[i + 3] === 255 &&
      data[i] === red && data[i + 1] === green && data[i + 2] === blue;
  return count;
}"""
# Of each chart, the colours that must be seen in it.
DRAWN = [
    ("speed", "back"),
    ("speed", "belt"),
    ("rails", "left"),
    ("rails", "right"),
    ("reliance", "text"),
    *[(chart, f"zone{zone}") for chart in ("zones", "metres") for zone in range(4)],
]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A walk of more than an hour, through all zones, by someone with a long name."""
    folder = tmp_path_factory.mktemp("report")
    with open_store(folder / "walks.sqlite") as store:
        writer = store.start_session(
            started_at=NOON,
            box_name=LONG_NAME,
            board="b",
            firmware="f",
            protocol=1,
            person=LONG_NAME,
            title="<b>Ana</b>",
        )
        writer.start_segment(settings={}, boot_count=1, reason="start", first_t_us=0)
        for _, metric in made_up_walk(620, sway_n=3):
            if metric:
                writer.add_metric(metric._replace(t_ms=6 * metric.t_ms))
        writer.add_event("damaged", LONG_NAME)
        writer.close(NOON, "done")
        write_report(store.load(writer.session_id), folder / "report.html")
    return folder / "report.html"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def complaints() -> list[str]:
    return []


@pytest.fixture
def page(browser: Any, report: Path, complaints: list[str]) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 1400, "height": 900}, color_scheme="light")
    opened = context.new_page()

    def on_console(message: Any) -> None:
        complaints.append(message.text)

    def on_error(error: Any) -> None:
        complaints.append(str(error))

    def on_request(request: Any) -> None:
        complaints.append(request.url)

    opened.on("console", on_console)
    opened.on("pageerror", on_error)
    opened.on("request", on_request)
    opened.goto(report.as_uri())
    # The only request is for the report itself.
    assert complaints.pop(0) == report.as_uri()
    yield opened
    context.close()


def wait_for_pixels(page: Any, chart: str, colour: str) -> None:
    page.wait_for_function(f"(args) => ({PIXELS})(args) > 40", arg=[chart, colour], timeout=10_000)


def test_all_charts_are_drawn_without_a_complaint_or_a_request(page: Any, complaints: list[str]):
    for chart, colour in DRAWN:
        wait_for_pixels(page, chart, colour)
    assert complaints == []
    assert page.title() == "<b>Ana</b>"


def test_the_charts_follow_the_colour_scheme(page: Any):
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.emulate_media(color_scheme="dark")
    for chart, colour in DRAWN:
        wait_for_pixels(page, chart, colour)
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != light


@pytest.mark.parametrize("width", [360, 700, 1400])
def test_nothing_is_wider_than_the_screen_or_lies_over_another(page: Any, width: int):
    page.set_viewport_size({"width": width, "height": 800})
    page.wait_for_function(
        "() => [...document.querySelectorAll('.chart canvas')].every("
        "canvas => canvas.clientWidth <= canvas.closest('.chart').clientWidth)"
    )
    assert page.evaluate("document.documentElement.scrollWidth") == width
    boxes: list[dict[str, float]] = [
        value.bounding_box() for value in page.query_selector_all(".value")
    ]
    widths = page.evaluate("[...document.querySelectorAll('.value')].map(v => v.scrollWidth)")
    assert len(boxes) == 6
    for box, text_width in zip(boxes, widths, strict=True):
        assert text_width <= box["width"] + 1
        assert box["x"] + box["width"] <= width
    for before, after in pairwise(boxes):
        in_one_row = abs(before["y"] - after["y"]) < 1
        assert not in_one_row or before["x"] + before["width"] <= after["x"]


def test_a_chart_tells_its_values_where_one_points(page: Any):
    page.hover("#speed .u-over")
    legend = page.inner_text("#speed .u-legend")
    assert re.search(r"Time\s*31:0\d", legend)
    assert re.search(r"Backward, m/s\s*0\.5\d", legend)


def test_without_javascript_all_numbers_are_there(browser: Any, report: Path):
    context = browser.new_context(java_script_enabled=False)
    opened = context.new_page()
    opened.goto(report.as_uri())
    assert opened.is_visible("noscript p")
    assert opened.inner_text(".figure:first-child .value") == "1:02:00"
    opened.click("text=The walk in numbers")
    assert opened.is_visible("text=1:00:00 – 1:02:00")
    context.close()


def test_it_prints_on_a4_in_light_colours(page: Any, report: Path):
    page.emulate_media(color_scheme="dark")
    page.evaluate("addEventListener('beforeprint', () => { window.printed = true; })")
    pdf: bytes = page.pdf(prefer_css_page_size=True)
    assert page.evaluate("window.printed")
    # A4 in points.
    assert b"/MediaBox [0 0 594.95996 841.91998]" in pdf
    assert pdf.count(b"/Type /Page\n") <= 4
    assert not page.evaluate("document.documentElement.classList.contains('printing')")


def test_breaks_are_drawn_and_the_page_still_fits(browser: Any, tmp_path: Path):
    """On a phone, with a break, metres without a zone, and a name that they add to the tables."""
    path = tmp_path / "broken.html"
    with open_store(tmp_path / "walks.sqlite") as store:
        writer = store.start_session(
            started_at=datetime(2026, 3, 1, 12, tzinfo=UTC),
            box_name="Lab",
            board="esp32",
            firmware="0.1.0",
            protocol=1,
        )
        for number, break_ms in enumerate((0, 90_000), 1):
            writer.start_segment(settings={}, boot_count=1, reason="reset", first_t_us=0)
            if number > 1:
                writer.set_break(break_ms)
            for _, metric in made_up_walk(60):
                if metric and metric.heavy_mm is not None:
                    writer.add_metric(metric._replace(heavy_mm=metric.heavy_mm // 2))
        writer.close(datetime(2026, 3, 1, 12, 5, tzinfo=UTC), "stopped")
        write_report(store.load(writer.session_id), path)
    context = browser.new_context(viewport={"width": 390, "height": 800})
    opened = context.new_page()
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.goto(path.as_uri())
    opened.wait_for_selector("#metres canvas")
    assert errors == []
    assert opened.evaluate("document.documentElement.scrollWidth") == 390
    assert opened.inner_text("table.breaks tbody") == "1:00\t1:30\tNothing was measured"
    assert "Zone unknown" in opened.inner_text("#metres .u-legend")
    # In the break the canvas has one colour from its ground up, outside it a line on the page.
    colours = opened.evaluate(
        """() => {
          const canvas = document.querySelector("#speed canvas");
          const at = (share) => {
            const x = Math.round(canvas.width * share);
            const pixel = canvas.getContext("2d").getImageData(x, canvas.height >> 2, 1, 1).data;
            return [...pixel].join();
          };
          return [at(0.42), at(0.58), getComputedStyle(document.documentElement)
            .getPropertyValue("--break").trim()];
        }"""
    )
    red, green, blue = (int(colours[2][place : place + 2], 16) for place in (1, 3, 5))
    assert colours[:2] == [f"{red},{green},{blue},255"] * 2
    context.close()
