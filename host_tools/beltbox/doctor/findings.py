"""What an examination shows, judged and said in plain words, with what to do."""

from __future__ import annotations

from dataclasses import dataclass

from beltbox.doctor.examination import Examination
from beltbox.doctor.sensors import Cell
from beltcore.host import flags
from beltcore.version import FIRMWARE_VERSION

_PERIOD_US = 12_500
# Where the lines are drawn.
_OLDEST_MICROPYTHON = (1, 26)
_RAM_LEAST = 20_000  # bytes: the longest command takes about 5000
_FLASH_LEAST_SHARE = 0.05
_TICK_MEAN_SHARE = 0.5
_TICK_WORST_US = 250_000  # a session's block takes 50 ms to write, a full flash longer
_FAST_A_SECOND = (60.0, 100.0)
_SLOW_A_SECOND = (7.0, 14.0)
_FEW_VALUES = 3
_NOISE_N = 3.0  # RMS; a common cell of 50 kg on an HX711 has 0.02 to 0.5
_TOUCHED_N = 5.0  # as `tare` refuses it
_OFF_ZERO_N = 7.0  # 1 % of the body weight of 70 kg
_DRIFT_N_A_MINUTE = 2.0
_DRIFT_LEAST_S = 8.0  # a hand that goes is drift in less
_COUNTS_TO_JUDGE = 20
_TREMBLING_COUNTS = 2

# Where wiring is told, step by step.
_ENCODER = "hardware/README.md, step 2"
_AMPLIFIERS = "hardware/README.md, step 3"
_CELLS = "hardware/README.md, step 4"
_MOUNT = "hardware/README.md, step 5"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing about a box. level: good, note (worth knowing) or bad (to be mended).

    fault: the name of what is bad in beltcore.host.flags, such as left_stuck; "" where it has none.
    """

    level: str
    subject: str
    text: str
    advice: str = ""
    fault: str = ""


def judge(seen: Examination) -> list[Finding]:
    """What is good, worth knowing or wrong, in the order in which a person would look."""
    names = {name for bit, name, _ in flags.CORE if seen.flags & bit}
    names |= {name for bit, name, _ in flags.BOX if seen.box_flags & bit}
    findings = [*_versions(seen), *_memory(seen), *_loop(seen)]
    for side, cell in seen.cells.items():
        findings += _cell(side, cell, names)
    findings += [*_belt(seen, names), *_sentences(seen), *_resets(seen)]
    return [*findings, *_flags(seen, findings)]


def _versions(seen: Examination) -> list[Finding]:
    who = seen.identity
    board = seen.health.machine if seen.health else who.board
    findings = [
        Finding("good", "box", f"{who.box_name}: {board} ({who.board})"),
    ]
    firmware = f"firmware {who.firmware}"
    if who.firmware == FIRMWARE_VERSION:
        findings.append(Finding("good", "firmware", f"{firmware}, as this program's"))
    else:
        advice = "Put this program's on it: beltbox flash"
        text = f"{firmware}; this program has {FIRMWARE_VERSION}"
        findings.append(Finding("note", "firmware", text, advice))
    text = f"MicroPython {who.micropython}"
    if _version(who.micropython) < _OLDEST_MICROPYTHON:
        advice = "It takes 1.26 or newer: beltbox flash"
        findings.append(Finding("bad", "MicroPython", text, advice))
    else:
        findings.append(Finding("good", "MicroPython", text))
    return findings


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".")[:2] if part.isdigit())


def _memory(seen: Examination) -> list[Finding]:
    health = seen.health
    if health is None:
        text = "this firmware doesn't tell of memory, flash, loop time and resets"
        return [Finding("note", "health", text, "Put a newer one on it: beltbox flash")]
    ram = f"{health.ram_free / 1000:.0f} kB free, {health.ram_used / 1000:.0f} kB in use"
    flash = f"{health.flash_free_kb} of {health.flash_kb} kB free"
    low = health.flash_free_kb < health.flash_kb * _FLASH_LEAST_SHARE
    return [
        Finding("bad", "memory", ram, "Too little to work with: press the reset button.")
        if health.ram_free < _RAM_LEAST
        else Finding("good", "memory", ram),
        Finding(
            "note", "flash", flash, "The oldest sessions will be dropped: bring them, beltbox pull"
        )
        if low
        else Finding("good", "flash", flash),
    ]


def _loop(seen: Examination) -> list[Finding]:
    health = seen.health
    if health is None:
        return []
    mean_ms = health.tick_mean_us / 1000
    worst_ms = health.tick_worst_us / 1000
    text = f"{mean_ms:.1f} ms of 12.5 ms in the mean, {worst_ms:.1f} ms at worst"
    if health.tick_mean_us > _PERIOD_US * _TICK_MEAN_SHARE:
        advice = "The box hardly keeps up. A cell read pin by pin costs most: use SPI."
        return [Finding("bad", "loop", text, advice)]
    if health.tick_worst_us > _TICK_WORST_US:
        advice = "The port or the flash held it up; the belt's counts lost nothing."
        return [Finding("note", "loop", text, advice)]
    return [Finding("good", "loop", text)]


def _cell(side: str, cell: Cell | None, names: set[str]) -> list[Finding]:
    """names: of the flags that were set."""
    subject = f"{side} cell"
    if cell is None:
        advice = "If one is wired: beltbox calibrate rail"
        return [Finding("note", subject, "none in the settings", advice)]
    mute = _mute(side, cell, names)
    if mute is not None:
        return [mute]
    findings: list[Finding] = []
    rate = f"{cell.samples_a_second:.0f} samples a second"
    slow = f"{side}_slow"
    if _SLOW_A_SECOND[0] <= cell.samples_a_second <= _SLOW_A_SECOND[1]:
        advice = f"The amplifier's RATE pin is low: tie it high for 80 ({_AMPLIFIERS})."
        findings.append(Finding("bad", subject, f"slow: {rate}", advice, slow))
    elif cell.samples_a_second < _FAST_A_SECOND[0] or slow in names:
        advice = f"80 are due: a loose wire, or a bad supply ({_AMPLIFIERS})."
        findings.append(Finding("bad", subject, f"slow: {rate}", advice, slow))
    elif cell.samples_a_second > _FAST_A_SECOND[1]:
        advice = f"80 are due: the amplifier's clock is off, or its wires are ({_AMPLIFIERS})."
        findings.append(Finding("bad", subject, rate, advice))
    if cell.saturated_share:
        reads = cell.highest if cell.highest == 0x7FFFFF else cell.lowest
        text = f"saturated: reads {reads} in {_percent(cell.saturated_share)} of its samples"
        advice = f"Check that E+ and E-, A+ and A- aren't swapped or broken ({_CELLS})."
        findings.append(Finding("bad", subject, text, advice, f"{side}_saturated"))
        if cell.saturated_share > 0.5:
            return findings
    return [*findings, *_forces(side, cell, names, is_slow=bool(findings))]


def _mute(side: str, cell: Cell, names: set[str]) -> Finding | None:
    """What is wrong with a cell that gives nothing to judge: stuck or silent."""
    subject = f"{side} cell"
    few = cell.samples > 0 and cell.unique_values <= _FEW_VALUES and not cell.saturated_share
    if few or f"{side}_stuck" in names:
        text = "stuck: it repeats one value, also after a restart"
        if few:
            text = f"stuck: {cell.unique_values} different values in {cell.samples} samples"
            text += f", {cell.lowest} to {cell.highest}"
        advice = f"No cell is that quiet. Check its four wires to the amplifier ({_CELLS})."
        return Finding("bad", subject, text, advice, f"{side}_stuck")
    if cell.samples and f"{side}_silent" not in names:
        return None
    text = "silent: it gives no samples"
    if cell.samples:
        text = f"silent for a time: it gave {cell.samples} samples only"
    advice = f"Check its supply and its two wires, DOUT and SCK ({_AMPLIFIERS})."
    if f"{side}_out_of_step" in names:
        text += "; its data wire DOUT stays low"
        advice = "DOUT lies at ground, or SCK doesn't reach the amplifier: check both wires, "
        advice += f"and its supply ({_AMPLIFIERS})."
    return Finding("bad", subject, text, advice, f"{side}_silent")


def _forces(side: str, cell: Cell, names: set[str], *, is_slow: bool) -> list[Finding]:
    subject = f"{side} cell"
    if (
        cell.noise_n is None
        or cell.wander_n is None
        or cell.mean_n is None
        or cell.drift_n_a_minute is None
        or cell.drift_u_n_a_minute is None
    ):
        return [Finding("bad", subject, f"{cell.samples} samples are too few to judge")]
    values = f"{cell.unique_values} different values"
    text = f"{values}, noise {cell.noise_n:.2f} N, {cell.mean_n:+.1f} N from its zero"
    if not is_slow:
        text = f"{cell.samples_a_second:.0f} samples a second, {text}"
    findings: list[Finding] = []
    touched = cell.wander_n > _TOUCHED_N
    if cell.spike_share and not touched:  # the sway of a hand isn't told from spikes
        advice = "They are removed. Keep its cable away from others, and its ground short."
        findings.append(
            Finding("note", subject, f"{_percent(cell.spike_share)} of samples are spikes", advice)
        )
    named = _named_forces(side, cell, names)
    if named:
        return [*findings, *named]
    if touched:
        text += f"; it moved by {cell.wander_n:.1f} N"
        advice = (
            "Was a hand on the rail? Take it off and run this again, to measure drift and zero."
        )
        return [*findings, Finding("note", subject, text, advice)]
    drift = f"drift {cell.drift_n_a_minute:+.1f} ± {cell.drift_u_n_a_minute:.1f} N a minute"
    text += f", {drift}"
    long_enough = cell.samples / max(1.0, cell.samples_a_second) >= _DRIFT_LEAST_S
    if long_enough and abs(cell.drift_n_a_minute) - 2 * cell.drift_u_n_a_minute > _DRIFT_N_A_MINUTE:
        advice = (
            f"Give it ten minutes to warm up. If it stays so: a bent or loose mount ({_MOUNT})."
        )
        return [*findings, Finding("bad", subject, text, advice)]
    if abs(cell.mean_n) > _OFF_ZERO_N:
        advice = "If nobody touches the rail: beltbox settings --tare"
        return [*findings, Finding("note", subject, text, advice)]
    return [*findings, Finding("good", subject, text)]


def _named_forces(side: str, cell: Cell, names: set[str]) -> list[Finding]:
    """The faults that show in the force, by their names."""
    subject = f"{side} cell"
    findings: list[Finding] = []
    noise_n, mean_n = cell.noise_n or 0.0, cell.mean_n or 0.0
    if noise_n > _NOISE_N or f"{side}_noisy" in names:
        text = f"noisy: {noise_n:.2f} N RMS from sample to sample"
        if noise_n <= _NOISE_N:
            text += " now, and more for seconds before"
        advice = (
            f"Check its plugs, its shield, its ground, and that its screws are tight ({_CELLS})."
        )
        findings.append(Finding("bad", subject, text, advice, f"{side}_noisy"))
    if f"{side}_flipped" in names:
        text = "its sign is flipped: it read a pull for seconds"
        if mean_n < 0:
            text = f"its sign is flipped: it reads a pull of {-mean_n:.1f} N"
        advice = f"Swap A+ and A- ({_CELLS}), or: beltbox calibrate rail"
        findings.append(Finding("bad", subject, text, advice, f"{side}_flipped"))
    if f"{side}_zero_jumped" in names:
        text = f"its zero jumped, and isn't followed: {mean_n:+.1f} N from the settings' zero"
        advice = f"Let go of the rails: beltbox settings --tare. Again? A loose mount ({_MOUNT})."
        findings.append(Finding("bad", subject, text, advice, f"{side}_zero_jumped"))
    return findings


def _belt(seen: Examination, names: set[str]) -> list[Finding]:
    belt = seen.belt
    text = f"{belt.forward_mm:.0f} mm forward, {belt.backward_mm:.0f} mm backward"
    counts = belt.forward_counts + belt.backward_counts
    findings: list[Finding] = []
    if "encoder_too_fast" in names:
        mm = int(seen.settings["belt_nm_per_count"]) / 1e6
        why = f"the encoder counted too fast for its input, at {mm:g} mm a count: counts were lost"
        advice = f"Take a coarser encoder, or a larger wheel for it ({_ENCODER})."
        findings.append(Finding("bad", "belt", why, advice, "encoder_too_fast"))
    trembles = counts >= _COUNTS_TO_JUDGE and belt.span_counts <= _TREMBLING_COUNTS
    if trembles or "encoder_one_sided" in names:
        text = f"one-sided: {counts} counts to and fro, and the belt is where it was"
        if not trembles:
            text = f"one-sided: its count only went to and fro for seconds ({text})"
        advice = f"One of the encoder's channels is missing: check wires A and B ({_ENCODER})."
        findings.append(Finding("bad", "belt", text, advice, "encoder_one_sided"))
    if findings:
        return findings
    both = min(belt.forward_counts, belt.backward_counts) >= _COUNTS_TO_JUDGE
    if both:
        return [Finding("good", "belt", f"counts both ways: {text}")]
    if counts < _COUNTS_TO_JUDGE:
        advice = "Run this again, and turn the belt by hand a little both ways meanwhile."
        return [Finding("note", "belt", f"stood still: {text}", advice)]
    advice = "Only one direction was seen. Run this again, and turn the belt both ways."
    return [Finding("note", "belt", text, advice)]


def _sentences(seen: Examination) -> list[Finding]:
    text = f"{seen.good} whole, {seen.damaged} damaged, {seen.missing} missing"
    repeated = f", {seen.repeated} repeated" if seen.repeated else ""
    if seen.damaged or seen.missing:
        advice = "Try another cable and another port, without a hub."
        return [Finding("bad", "sentences", text + repeated, advice)]
    if repeated:
        advice = "The port sends some data twice, which is dropped here. Try another port or hub."
        return [Finding("note", "sentences", text + repeated, advice)]
    return [Finding("good", "sentences", text)]


_CAUSES = {
    "powers": "power-ups or button",
    "hards": "by software or a crash of the chip",
    "watchdogs": "by the watchdog",
    "sleeps": "from sleep",
    "softs": "soft",
    "unknowns": "of unknown cause",
}


def _resets(seen: Examination) -> list[Finding]:
    findings: list[Finding] = []
    health = seen.health
    if health is not None:
        parts = [
            f"{health.resets[cause]} {words}"
            for cause, words in _CAUSES.items()
            if health.resets[cause]
        ]
        text = f"{sum(health.resets.values())}: {', '.join(parts)}; up for {_time(health.uptime_s)}"
        text += f"; the last: {seen.identity.reset_cause}"
        if health.resets["watchdogs"]:
            advice = "The loop hung. Send us the bundle: beltbox bundle"
            findings.append(Finding("note", "starts", text, advice))
        else:
            findings.append(Finding("good", "starts", text))
    if seen.crash_count:
        last = seen.crash_lines[-1].strip() if seen.crash_lines else "not kept"
        advice = "Send us the bundle, which has the traceback: beltbox bundle"
        text = f"{seen.crash_count} of the program, the last: {last}"
        findings.append(Finding("bad", "crashes", text, advice))
    else:
        findings.append(Finding("good", "crashes", "none"))
    findings += [Finding("note", "link", text) for text in seen.events]
    return findings


def _flags(seen: Examination, findings: list[Finding]) -> list[Finding]:
    """What the box itself complained of, and nothing else said yet."""
    named = {finding.fault for finding in findings}
    said: list[Finding] = []
    for name, text in flags.told(seen.flags, seen.box_flags):
        if name.endswith("_out_of_step"):
            advice = f"Now and then is no harm. Often: shorter wires to it ({_AMPLIFIERS})."
            said.append(Finding("note", "the box says", text, advice))
        elif name not in named:
            said.append(Finding("bad", "the box says", text, fault=name))
    return said


def _percent(share: float) -> str:
    return f"{share * 100:.0f} %" if share >= 0.01 else f"{share * 100:.1g} %"


def _time(seconds: int) -> str:
    if seconds < 120:
        return f"{seconds} s"
    return f"{seconds // 60} min" if seconds < 7200 else f"{seconds // 3600} h"
