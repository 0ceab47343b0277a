"""What the firmware costs on MicroPython, and how much the host does in a second."""

from __future__ import annotations

import functools
import re
import shlex
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from beltbox.bench.accuracy import float_core
from beltbox.bench.store_size import bench_store_bytes_per_hour, made_up_walk
from beltbox.bench.table import Line
from beltbox.errors import BeltBoxError
from beltbox.replay.engines import find_micropython
from beltbox.replay.raw_csv import raw_line
from beltbox.replay.replay import replay
from beltbox.virtualbox.box import default_firmware
from beltcore.host.reader import Reader
from beltcore.settings import complete
from beltcore.writer import Writer

_DEVICE = Path(__file__).parent / "device"
_ENGINES = Path(__file__).parents[1] / "replay" / "engines"
_WASM = _ENGINES / "node_modules/@micropython/micropython-webassembly-pyscript/micropython.mjs"
_TICKS_64 = 10_000_000
_TICKS_32 = 1_000_000
# How the ESP32's time is estimated: its MicroPython executes as many instructions as the x86-64
# build within 15 %; 1.5 cycles each is an assumption; 160 MHz.
_INSTRUCTIONS_PER_MS = 160_000 / 1.5
_TICK_MS = 12.5
_COUNTED_TICKS = 480


class BenchError(BeltBoxError):
    """A measurement failed."""


def heap(report: Callable[[str], None]) -> list[Line]:
    """Ticks with the heap locked on both MicroPythons."""
    report(f"heap, {_TICKS_64:,} ticks on 64-bit MicroPython (about two minutes) …")
    firmware = default_firmware()
    grown = int(
        run([*find_micropython(), str(_DEVICE / "heap.py"), str(firmware), str(_TICKS_64), "0"])
    )
    rival = int(run(_tick_command("float-raw", 1000))) / 1000
    lines = [
        Line(
            f"heap in {_TICKS_64:,} ticks, 64-bit MicroPython",
            f"{grown} bytes",
            "0",
            grown == 0,
            f"{rival:.0f} bytes a tick",
        )
    ]
    report(f"heap, {_TICKS_32:,} ticks on 32-bit MicroPython (about two minutes) …")
    node = shutil.which("node")
    if node is None or not _WASM.exists():
        raise BenchError("The 32-bit MicroPython isn't installed. Run `make setup`.")
    arguments = [str(_DEVICE / "heap.py"), str(firmware / "beltcore"), str(_TICKS_32), "0"]
    grown = int(run([node, str(_DEVICE / "run32.mjs"), str(_WASM), *arguments]))
    lines.append(
        Line(f"the same in {_TICKS_32:,} ticks, 32-bit", f"{grown} bytes", "0", grown == 0, "–")
    )
    return lines


def instructions(report: Callable[[str], None]) -> list[Line]:
    """Instructions of a whole tick under callgrind, and what that is on an ESP32."""
    if shutil.which("valgrind") is None:
        return [Line("instructions a tick", "valgrind isn't installed", "10 % and 20 %", None, "–")]
    lines: list[Line] = []
    for mode, goal, what in (
        ("live", 10, "a tick of two cells and a belt, live sentences"),
        ("raw", 20, "the same with a raw sentence in every tick"),
    ):
        report(f"instructions, {mode} …")
        ours = _instructions(mode)
        rival = _instructions(f"float-{mode}")
        share = 100 * ours / _INSTRUCTIONS_PER_MS / _TICK_MS
        lines.append(
            Line(
                f"{what}, of 12.5 ms on an ESP32 at 160 MHz (estimate)",
                f"{share:.1f} % ({ours:,.0f} instructions)",
                f"{goal} %",
                share <= goal,
                f"{rival / ours:.2f}",
            )
        )
    return lines


def host_rates(report: Callable[[str], None]) -> list[Line]:
    """Replay and decoding on this machine's CPython, one core, the best of three; the store's size.

    The best, as what else the machine does only ever makes it slower.
    """
    report("replay …")
    seconds = 600
    raw = [row for row, _ in made_up_walk(seconds)]
    settings = complete({"rail_left_nn_per_count": 230_000, "rail_right_nn_per_count": 230_000})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "raw.csv"
        with path.open("w", encoding="ascii") as file:
            file.write("t_us,count,rail_left,rail_right\n")
            file.writelines(map(raw_line, raw))
        out = Path(folder) / "metrics.csv"
        took = _least_s(lambda: replay(path, settings, out, overwrite=True))
        rival_took = _least_s(lambda: _float_replay(path, settings, Path(folder) / "float.csv"))
    rate = seconds / took
    report("decoding …")
    writer = Writer()
    lines_count = 100_000
    parts: list[bytes] = []
    for row in raw[: lines_count // 2]:
        writer.raw(*row)  # pyright: ignore[reportUnknownMemberType]
        parts.append(bytes(writer.buffer[: writer.length]))
    data = b"".join(parts * (lines_count // len(parts) + 1))
    sentences = data.count(b"\n")
    decoded = sentences / _least_s(lambda: _all_good(data, sentences))
    rival_decoded = sentences / _least_s(lambda: [*map(_plainly_decoded, data.split(b"\n"))])
    report("the store's size …")
    stored = bench_store_bytes_per_hour() / 1e6
    return [
        Line(
            "replay on CPython, one core",
            f"{rate:,.0f} times real time",
            "300",
            rate >= 300,
            f"{took / rival_took:.2f}",
        ),
        Line(
            "sentences decoded and checked, one core",
            f"{decoded:,.0f} a second",
            "100,000",
            decoded >= 100_000,
            f"{rival_decoded / decoded:.2f}",
        ),
        Line("one hour of 80 Hz in the store", f"{stored:.2f} MB", "3 MB", stored <= 3, "–"),
    ]


def _least_s(work: Callable[[], object]) -> float:
    """Seconds that it takes, the least of three times."""
    seconds: list[float] = []
    for _ in range(3):
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
    return min(seconds)


def _all_good(data: bytes, sentences: int) -> None:
    reader = Reader()
    reader.feed(data)
    assert reader.good == sentences


def _float_replay(path: Path, settings: dict[str, int | str], out: Path) -> None:
    core = float_core(settings)
    with path.open(encoding="ascii") as lines, out.open("w", encoding="ascii") as file:
        next(lines)
        for line in lines:
            t_us, count, left, right = (
                int(text) if text else None for text in line.strip().split(",")
            )
            core.step(t_us, count, left, right)
            file.write(
                f"{core.time_s:.3f},{core.belt_mm_s:.3f},{core.speed_mm_s:.3f},{core.forward_mm:.3f},"
                f"{core.backward_mm:.3f},{core.force_n[0]:.3f},{core.force_n[1]:.3f},"
                f"{core.reliance:.4f},{core.zone},{core.zone_mm}\n"
            )


def _plainly_decoded(line: bytes) -> list[float | None] | None:
    """A sentence read the plain way: floats, and the CRC byte by byte from a table."""
    if len(line) < 7:
        return None
    body, _, crc = line[1:].partition(b"*")
    value = 0xFFFF
    for byte in body:
        value = (value << 8 & 0xFFFF) ^ _CRC_TABLE[value >> 8 ^ byte]
    if value != int(crc, 16):
        return None
    return [float(text) if text else None for text in body.decode().split(",")[1:]]


def _crc_table() -> list[int]:
    table: list[int] = []
    for index in range(256):
        value = index << 8
        for _ in range(8):
            value = (value << 1 ^ (0x1021 if value & 0x8000 else 0)) & 0xFFFF
        table.append(value)
    return table


_CRC_TABLE = _crc_table()


def _instructions(mode: str) -> float:
    """Instructions a tick: the difference of two runs, so that the start-up cancels."""
    few, many = (_callgrind(mode, ticks) for ticks in (_COUNTED_TICKS, 2 * _COUNTED_TICKS))
    none, turns = (_callgrind("idle", ticks) for ticks in (_COUNTED_TICKS, 2 * _COUNTED_TICKS))
    return (many - few - (turns - none)) / _COUNTED_TICKS


@functools.cache
def _callgrind(mode: str, ticks: int) -> int:
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
    done = subprocess.run(
        [*command, *_tick_command(mode, ticks)], capture_output=True, text=True, check=False
    )
    collected = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode != 0 or collected is None:
        raise BenchError(f"callgrind failed on {mode}: {done.stderr.strip()[-300:]}")
    return int(collected[1])


def _tick_command(mode: str, ticks: int) -> list[str]:
    script = str(_DEVICE / "tick.py")
    # The rival makes garbage, and the collector is off while bytes are counted.
    return [
        *find_micropython(),
        "-X",
        "heapsize=64M",
        script,
        str(default_firmware()),
        mode,
        str(ticks),
    ]


def run(command: list[str]) -> str:
    """The last line that a command prints. Raises BenchError when it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip()[-300:]
        raise BenchError(f"{shlex.join(command)} failed: {said}")
    return (done.stdout.strip().splitlines() or [""])[-1]
