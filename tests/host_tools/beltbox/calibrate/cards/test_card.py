"""The card of a calibration: kept, found again, called old, and in every report."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, insert

from beltbox.calibrate.arithmetic.line_fit import Part
from beltbox.calibrate.cards.card import Card, CardError, CardPoint, card_lines, from_json
from beltbox.calibrate.cards.card_store import CardStore
from beltbox.report.cards import card_rows, cards_behind
from beltbox.report.page import write_report
from beltbox.store.schema import CalibrationRow
from beltbox.store.store import open_store
from beltcore import settings as declared

AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SETTINGS = declared.complete(
    {"rail_left_zero": 84_000, "rail_left_nn_per_count": 230_000, "belt_nm_per_count": 250_000}
)
RAIL = Card(
    part="left",
    made_at=AT,
    serial="30aea4b0c0de",
    box_name="virtual",
    firmware="0.1.0",
    method="weights",
    settings={"rail_left_zero": 84_000, "rail_left_nn_per_count": 230_000, "rail_noise_mn": 40},
    fixed=(Part("zero", 0.1), Part("straightness", 0.2)),
    relative=(Part("weights", 0.005), Part("scatter", 0.001, 5)),
    points=(
        CardPoint(0, "up", 84_000.0, 2.0, 0.01),
        CardPoint(10, "up", 510_376.0, 2.0, -0.02),
        CardPoint(20, "up", 936_752.0, 2.0, 0.01),
    ),
    nonlinearity_share=0.001,
    temperature_c=21.5,
    warnings=("something",),
)
BELT = replace(
    RAIL,
    part="belt",
    method="laps",
    settings={"belt_nm_per_count": 250_000, "belt_direction": 1},
    fixed=(),
    relative=(Part("tape", 0.001),),
    points=(),
    laps=(6000, 6003, 5997),
    warnings=(),
)


@pytest.mark.parametrize("card", [RAIL, BELT])
def test_a_card_survives_json(card):
    assert from_json(json.loads(json.dumps(card.as_json(), allow_nan=False))) == card


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"card": 2}, "version 2, and this BeltBox knows version 1"),
        ({}, "version None"),
        ({"card": 1}, "can't be read"),
        (RAIL.as_json() | {"made_at": "yesterday"}, "can't be read"),
    ],
)
def test_a_card_that_cant_be_read(values, words):
    with pytest.raises(CardError, match=words):
        from_json(values)


def test_the_uncertainty_at_5_percent_of_body_weight():
    # 70 kg: 34.32 N, of which 0.5 % and 0.1 %: 0.175 N; with 0.1 and 0.2 N: u = 0.284 N, k = 2.
    assert RAIL.u_light_n() == pytest.approx(2 * 0.2840, rel=1e-3)
    assert RAIL.u_light_n(140) > RAIL.u_light_n()


@pytest.mark.parametrize(
    ("days", "zero", "words"),
    [
        (0, 84_000, []),
        (90, 84_000, []),
        (91, 84_000, ["91 days old; 90 are allowed"]),
        # 43 478 counts of 230 uN are 10 N.
        (1, 84_000 + 43_400, []),
        (1, 84_000 - 43_600, ["the zero has wandered by -10 N; 10 are allowed"]),
    ],
)
def test_a_card_grows_old(days, zero, words):
    at = AT + timedelta(days=days)
    assert RAIL.old(at, SETTINGS | {"rail_left_zero": zero}) == words
    said = "\n".join(card_lines(RAIL, at, SETTINGS | {"rail_left_zero": zero}))
    assert ("OLD: " in said) == bool(words)
    assert ("holds" in said) == (not words)


def test_a_heavy_calibration_allows_its_zero_2_percent():
    heavy = replace(RAIL, points=(*RAIL.points, CardPoint(100, "up", 0, 1, 0)))
    settings = SETTINGS | {"rail_left_zero": 84_000 + 60_000}  # 13.8 N of 981
    assert RAIL.old(AT, settings) != []
    assert heavy.old(AT, settings) == []


def test_cards_are_found_by_box_time_and_settings(tmp_path: Path):
    path = tmp_path / "store.sqlite"
    later = replace(
        RAIL, made_at=AT + timedelta(days=1), settings=RAIL.settings | {"rail_left_zero": 7}
    )
    other = replace(RAIL, serial="ffff", box_name="another")
    with open_store(path) as store:
        for card in (RAIL, BELT, later, other):
            CardStore(store.database).add(card)
    with open_store(path) as store:
        assert CardStore(store.database).newest() == [other, BELT, later]
        found = CardStore(store.database).in_force
        assert found(SETTINGS, AT + timedelta(days=2), "30aea4b0c0de") == [BELT, later]
        # Before the second was made; before any was; of a box that was set by hand since.
        assert found(SETTINGS, AT + timedelta(hours=1), "30aea4b0c0de") == [BELT, RAIL]
        assert found(SETTINGS, AT - timedelta(hours=1)) == []
        by_hand = SETTINGS | {"rail_left_nn_per_count": 230_001}
        assert found(by_hand, AT + timedelta(days=2), "30aea4b0c0de") == [BELT]
        assert found(SETTINGS, AT + timedelta(days=2), "0000") == []


def test_a_newer_card_in_the_store_is_told(tmp_path: Path):
    path = tmp_path / "store.sqlite"
    open_store(path).close()
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        values = {"made_at": AT, "serial": "", "box_name": "b", "part": "left"}
        connection.execute(insert(CalibrationRow).values(card={"card": 9}, **values))
    engine.dispose()
    with open_store(path) as store, pytest.raises(CardError, match="newer BeltBox"):
        CardStore(store.database).newest()


def test_a_report_says_what_stands_behind_its_numbers(tmp_path: Path):
    path = tmp_path / "store.sqlite"
    started_at = AT + timedelta(days=100)
    with open_store(path) as store:
        CardStore(store.database).add(RAIL)
        writer = store.start_session(
            started_at=started_at, box_name="virtual", board="b", firmware="1", protocol=1
        )
        writer.start_segment(settings=SETTINGS, boot_count=1, reason="start", first_t_us=None)
        writer.close(started_at, "stopped")
        session = store.load(writer.session_id)
        cards = cards_behind(CardStore(store.database), session)
    assert cards == [RAIL]
    belt, left = card_rows(cards, SETTINGS, started_at)
    assert (belt.name, belt.verdict, belt.bad) == ("Belt", "set by hand: not calibrated", True)
    assert (left.made, left.residuals) == ("2026-03-01", "3 points within 0.02 N")
    assert left.uncertainty == "± 0.57 N (0.08 % of body weight) at 5 %"
    assert (left.verdict, left.bad) == ("old: 100 days old; 90 are allowed", True)
    assert [row.bad for row in card_rows([BELT, RAIL], SETTINGS, AT)] == [False, False]
    assert [row.residuals for row in card_rows([BELT], SETTINGS, AT)] == [
        "3 laps within 0.05 %",
        "\N{EN DASH}",
    ]

    belt, _ = card_rows([], SETTINGS | {"belt_u_ppm": 2500}, AT)
    assert (belt.uncertainty, belt.bad) == ("± 0.50 %", True)
    assert belt.verdict.startswith("no card here")

    assert card_rows([], {}, AT) == []  # of a session that only the box kept

    page = tmp_path / "report.html"
    write_report(session, page, cards=cards)
    text = page.read_text()
    assert "<h3>Calibration</h3>" in text
    assert "old: 100 days old; 90 are allowed" in text
    assert "set by hand: not calibrated" in text
