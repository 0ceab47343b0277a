"""Every intermediate within 31 bits: beltcore run with integers that check themselves.

A copy of the package is loaded through its syntax tree: each integer in the source becomes an
`Int31`, and the arrays hold nothing else, so that no operation escapes.
"""

from __future__ import annotations

import ast
import importlib
import importlib.abc
import importlib.util
import random
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as profile
from hypothesis import strategies as st

from beltbox.bench.grid.made_up_belt import MadeUpBelt

SOURCE = Path(__file__).parents[3] / "firmware" / "beltcore"
PACKAGE = "beltcore_checked"
CLOCK = 2**30
LOWEST = -(2**30)
HIGHEST = 2**30 - 1


class Left31Bits(Exception):
    """An operation whose result a small integer of a 32-bit MicroPython can't hold."""


class Int31(int):
    """An int whose operations give Int31, or raise Left31Bits."""

    def __new__(cls, value=0):
        if not LOWEST <= value <= HIGHEST:
            raise Left31Bits(value)
        return super().__new__(cls, value)

    def _refuse(self, *_others):
        raise Left31Bits("a float")

    __truediv__ = __rtruediv__ = __float__ = __pow__ = __rpow__ = __divmod__ = _refuse

    def __hash__(self):
        return int.__hash__(self)


def _checked(name):
    plain = getattr(int, name)

    def operation(*operands):
        for operand in operands[1:]:
            if isinstance(operand, float):
                raise Left31Bits("a float")
        result = plain(*operands)
        return result if result is NotImplemented else Int31(result)

    return operation


for _name in ("add", "sub", "mul", "floordiv", "mod", "lshift", "rshift", "and", "or", "xor"):
    setattr(Int31, f"__{_name}__", _checked(f"__{_name}__"))
    setattr(Int31, f"__r{_name}__", _checked(f"__r{_name}__"))
for _name in ("neg", "pos", "abs", "invert"):
    setattr(Int31, f"__{_name}__", _checked(f"__{_name}__"))


class Array31(list):
    """array("i", …) or array("h", …) of Int31."""

    def __init__(self, typecode, values):
        self._most = {"i": HIGHEST, "h": 2**15 - 1}[typecode]
        super().__init__(Int31(value) for value in values)

    def __setitem__(self, index, value):
        if not -self._most - 1 <= value <= self._most:
            raise Left31Bits(value)
        super().__setitem__(index, Int31(value))


class _Wrap(ast.NodeTransformer):
    """Each integer constant, and each byte read, becomes Int31(…); `array` becomes Array31."""

    def visit_Constant(self, node):
        if type(node.value) is not int:
            return node
        call = ast.Call(ast.Name("Int31", ast.Load()), [node], [])
        return ast.copy_location(call, node)

    def visit_ImportFrom(self, node):
        if node.module == "array":
            return ast.copy_location(ast.parse("array = Array31").body[0], node)
        return node


class _Loader(importlib.abc.SourceLoader):
    def __init__(self, path, edit):
        self._path = path
        self._edit = edit

    def get_filename(self, fullname):
        return str(self._path)

    def get_data(self, path):
        return self._path.read_bytes()

    def path_stats(self, path):
        raise OSError  # never cached

    def source_to_code(self, data, path, **_options):
        tree = _Wrap().visit(ast.parse(self._edit(data.decode())))
        return compile(ast.fix_missing_locations(tree), path, "exec")

    def exec_module(self, module):
        module.Int31 = Int31
        module.Array31 = Array31
        super().exec_module(module)


class _Finder(importlib.abc.MetaPathFinder):
    def __init__(self, edit):
        self._edit = edit

    def find_spec(self, fullname, path=None, target=None):
        head, _, name = fullname.partition(".")
        if head != PACKAGE:
            return None
        file = SOURCE / f"{name or '__init__'}.py"
        if not file.exists():
            return None
        return importlib.util.spec_from_file_location(
            fullname,
            file,
            loader=_Loader(file, self._edit),
            submodule_search_locations=None if name else [str(SOURCE)],
        )


def load(edit=lambda source: source):
    """The checked copy's modules by name; `edit` may change the source first."""
    finder = _Finder(edit)
    sys.meta_path.insert(0, finder)
    try:
        names = (
            "core",
            "writer",
            "settings",
            "plain",
            "crc",
            "belt",
            "length",
            "rails",
            "zero",
            "gait",
        )
        return {name: importlib.import_module(f"{PACKAGE}.{name}") for name in names}
    finally:
        sys.meta_path.remove(finder)
        for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
            del sys.modules[name]


CHECKED = load()


def wrapped(value):
    return value if value is None else Int31(value)


def measure(checked, given_settings, rows, read_every=7):
    """Run rows (dt_us, counts, left, right) through step, the lengths and the writer."""
    complete = checked["settings"].complete(given_settings)
    complete = {key: wrapped(v) if isinstance(v, int) else v for key, v in complete.items()}
    core = checked["core"].Core(complete)
    writer = checked["writer"].Writer()
    t_us, count = rows[0][0], rows[0][1]
    for number, (dt_us, counts, left, right) in enumerate(rows):
        t_us = (t_us + dt_us) % CLOCK
        count = (count + counts + 2**30) % 2**31 - 2**30
        core.step(Int31(t_us), Int31(count), wrapped(left), wrapped(right))
        writer.raw(Int31(t_us), Int31(count), wrapped(left), wrapped(right))
        writer.now(core, Int31(63))
        if number % read_every == 0:
            writer.distance(core)
            writer.zones(core)
    return core


def extreme(low, high):
    return st.sampled_from([low, low + 1, high - 1, high]) | st.integers(low, high)


some_settings = st.fixed_dictionaries(
    {
        "belt_nm_per_count": extreme(1, 10**9)
        | st.sampled_from([999_999, 10**6, 2_000_000, 2_000_001, 999_000_999]),
        "belt_direction": st.sampled_from([1, -1]),
        "rail_left_zero": extreme(-(2**23), 2**23 - 1),
        "rail_left_nn_per_count": extreme(-60_000_000, 60_000_000) | st.just(0),
        "rail_right_zero": extreme(-(2**23), 2**23 - 1),
        "rail_right_nn_per_count": extreme(-60_000_000, 60_000_000) | st.just(0),
        "rail_noise_mn": extreme(0, 50_000),
        "body_mass_g": extreme(20_000, 300_000),
    }
)
samples = st.none() | extreme(-(2**23), 2**23 - 1)
some_rows = st.lists(
    st.tuples(
        st.sampled_from([0, 1, 2000, 12_500, 50_000, 999_999, 10**6, 2**29 - 1, 2**29, 2**30 - 1])
        | st.integers(0, 60_000),
        st.sampled_from([0, 1, -1, 1000, -1001, 2**29, -(2**29), 2**30 - 1]) | extreme(-3000, 3000),
        samples,
        samples,
    ),
    min_size=1,
    max_size=40,
)


@profile(max_examples=150)
@given(some_settings, some_rows)
def test_no_intermediate_leaves_31_bits(given_settings, rows):
    measure(CHECKED, given_settings, rows)


@pytest.mark.parametrize("nm", [1, 100_000, 467_557, 12_000_000, 10**9])
@pytest.mark.parametrize("dt_us", [2_000, 7_900, 12_500, 50_000, 999_000])
def test_long_walks_at_all_speeds(nm, dt_us):
    """Long enough for the ring and the track to wrap, up to the fastest belt that isn't a jump."""
    chance = random.Random(nm + dt_us)
    fastest = max(1, 50_000 * max(dt_us, 20_000) // nm)
    pace = 0
    rows = [(CLOCK - 10**6, 2**30 - 50, 0, 0)]
    for row in range(700):
        if row % 90 == 0:
            pace = chance.choice([0, 1, fastest, -fastest, fastest // 3, -1])
        counts = chance.choice([pace, pace // 2, 0]) if row % 5 == 0 else pace
        sample = chance.randrange(-(2**23), 2**23)
        rows.append((dt_us, counts, sample, None if row % 3 else -sample - 1))
    measure(
        CHECKED,
        {
            "belt_nm_per_count": nm,
            "rail_left_nn_per_count": 60_000_000,
            "rail_right_nn_per_count": -60_000_000,
            "body_mass_g": 20_000,
        },
        rows,
    )


def test_years_of_the_fastest_counts():
    """Sums that wrap at 2**30 metres, clocks of years."""
    rows = [(2**29 - 1, 2**29 - 1, None, None)] * 300
    core = measure(CHECKED, {"belt_nm_per_count": 10**9}, rows)
    core.seconds = Int31(HIGHEST - 1000)
    writer = CHECKED["writer"].Writer()
    writer.now(core, Int31(0))
    writer.distance(core)
    writer.zones(core)


@pytest.mark.parametrize("sample", [0, 20_000, 60_000, 200_000])
def test_counts_of_a_zone_that_wait_to_be_settled(sample):
    """The most that can wait: both ways add up in a zone, in each of the four."""
    given_settings = {"rail_left_nn_per_count": 10**6, "belt_direction": -1}
    most = [(12_500, counts, sample, None) for counts in (-(2**29), -(2**28), 2**28)]
    rows = [(12_500, 0, sample, None)] * 5 + most * 3
    core = measure(CHECKED, given_settings, rows, read_every=10**6)
    walked = 3 * 2**30 * 100_000
    held = [(int(one.m) * 1000 + int(one.mm)) * 10**6 + int(one.nm) for one in core.zone_lengths()]
    assert sorted(held) == [0, 0, 0, walked]


@given(extreme(LOWEST, HIGHEST), st.integers(0, 20))
def test_numbers_of_31_bits_are_written(value, at):
    buffer = bytearray(40)
    end = CHECKED["plain"].put_number(buffer, Int31(at), Int31(value))
    assert buffer[at:end] == str(value).encode()


@given(st.binary(max_size=120))
def test_the_crc_stays_small(data):
    CHECKED["plain"].crc16_by_table(data, Int31(0), Int31(len(data)), CHECKED["crc"]._TABLE)


ROWS = [
    *[(12_500, 40, 100_000, 0)] * 100,
    *[(12_500, 2**29 - 1, 100_000, 0)] * 5,
    *[(450_000, 40, -(2**23) + 1, 2**23 - 2)] * 20,
]
EXTREME = {
    "belt_nm_per_count": 999_999,
    "rail_left_nn_per_count": 10**6,
    "rail_right_nn_per_count": 59_999_999,
}


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        # A shift that is too long, a product before its division, a float, a big constant.
        ("<< 9) // span_us", "<< 12) // span_us"),
        ("sum_mn * 100 if", "sum_mn * 100_000 if"),
        ("low * self._nm_1", "low * self._nm_1 * 2"),
        ("microseconds // 1_000_000", "microseconds / 1_000_000"),
        ("_SUM_LIMIT_MN = const(0x3FFFFFFF)", "_SUM_LIMIT_MN = const(0x3FFFFFFF) + 1"),
        ("(-force if negative else force)", "(-force * 4 if negative else force * 4)"),
        ("_FORCE_MOST_MN = const(80_000_000)", "_FORCE_MOST_MN = const(200_000_000)"),
    ],
)
def test_a_planted_overflow_is_caught(right, wrong):
    planted = []

    def edit(source):
        planted.append(source.count(right))
        return source.replace(right, wrong)

    with pytest.raises(Left31Bits):
        measure(load(edit), EXTREME, ROWS)
    assert sum(planted) == 1


@pytest.mark.parametrize("size", [1000, 100_000, 12_000_000, 1_000_000_000])
@pytest.mark.parametrize("mm_per_count", [0.1, 12])
def test_walks(size, mm_per_count, held):
    """Rhythms of every scale: the counts of a walk, at sizes that make a stroll or a race of it.

    Hands sway by a few newtons, and by thousands.
    """
    belt = MadeUpBelt(2)
    belt.walk(1.2, 120, 12, peaks=0.2, asymmetry=0.1)
    belt.walk(0.5, 60, 12, peaks=0.3, from_m_s=1.2, stop_s=0)
    belt.stand(1)
    belt.walk(0.4, 140, 36, peaks=0.2)
    modules = load()
    rows = held(belt.rows(mm_per_count, row_s=0.02), belt.steps_s)
    real = size == round(mm_per_count * 1e6)
    cell = Int31(230_000 if real else 59_999_999)
    given_settings = {
        "belt_nm_per_count": Int31(size),
        "rail_left_nn_per_count": cell,
        "rail_right_nn_per_count": -cell,
    }
    core = modules["core"].Core(modules["settings"].complete(given_settings))
    for row in rows:
        t_us = (row.t_us + 2**30 - 10**7) % 2**30
        core.step(Int31(t_us), *(Int31(value) for value in row[1:]))
    if real:
        assert core.gait.steps > 80


@pytest.mark.parametrize("sample", [256 * 3300, 2**21 - 300])
def test_a_walk_after_hours_of_standing(sample):
    """9.4 hours; and a day less 12 s, so that the samples' number starts over in mid-walk."""
    belt = MadeUpBelt(2)
    belt.stand(1)
    belt.walk(0.9, 105, 25, peaks=0.2)
    belt.stand(1)
    core = CHECKED["core"].Core(CHECKED["settings"].complete({}))
    core.gait._k = Int31(sample)
    for row in belt.rows(row_s=0.02):
        core.step(Int31(row.t_us), Int31(row.count), None, None)
    assert abs(core.gait.steps - len(belt.steps_s)) <= 4


# As many rows of each kind as fill the windows, which are seconds, several times.
@pytest.mark.parametrize(("dt_us", "each"), [(12_500, 700), (31_000, 400), (499_000, 160)])
@pytest.mark.parametrize("size", [60_000_000, -59_999_999, 230_000, 1])
def test_a_zero_that_is_followed_and_forces_at_their_most(dt_us, each, size):
    """Quiet, drifting, trembling and loud for whole windows, at both ends of the range."""
    highest = 2**23 - 2
    per_n = max(1, 10**9 // abs(size))
    rows = []
    for left, right in (
        (lambda _row: 0, lambda _row: 0),
        (lambda row: row * per_n // 40, lambda row: -row * per_n // 40),
        (lambda row: highest if row % 2 else -highest, lambda _row: highest),
        (lambda row: highest if row % 80 < 40 else -highest, lambda row: row % 3 * 5 * per_n),
        (lambda _row: -highest - 2, lambda _row: -highest),
        (lambda _row: 7 * per_n, lambda row: -highest + row % 2),
    ):
        for row in range(each):
            fit = [max(-highest, min(highest, side(row))) for side in (left, right)]
            rows.append((dt_us, 1 if row % 2 else -1, *fit))
    for body_mass_g in (20_000, 300_000):
        measure(
            CHECKED,
            {
                "rail_left_nn_per_count": size,
                "rail_right_nn_per_count": -size,
                "rail_right_zero": -(2**23),
                "body_mass_g": body_mass_g,
            },
            rows,
            read_every=1000,
        )
