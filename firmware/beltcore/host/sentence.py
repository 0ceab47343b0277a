"""The sentences of the wire: declared once, for both ends.

The host reads by these names (reader.py); the box writes by position (writer.py), held to the
declaration by tests, and doesn't load this file: names cost RAM. See firmware/PROTOCOL.md.
"""

# Every type and its fields, in order. New fields go to the end: readers skip what they don't know.
TYPES = {
    # First after start, and on request: who speaks.
    "ID": (
        "protocol",
        "firmware",
        "board",
        "box_name",
        "boots",
        "reset_cause",
        "settings_hash",
        "micropython",
        "serial",
    ),
    # The measurement starts anew: the next RAW row is its first.
    "BEG": ("boots", "settings_hash"),
    # One raw row.
    "RAW": ("t_us", "count", "rail_left", "rail_right"),
    # The metrics of that moment, ten times a second.
    "NOW": (
        "t_ms",
        "belt_mm_s",
        "speed_mm_s",
        "rail_left_mn",
        "rail_right_mn",
        "reliance_permille",
        "zone",
        "flags",
        "box_flags",
    ),
    # Sums since the start, before each NOW.
    "DST": (
        "t_ms",
        "forward_mm",
        "backward_mm",
        "steps",
        "cadence_spm_x10",
        "step_length_mm",
        "grabs",
        "step_time_sd_ms",
        "step_asymmetry_permille",
        "step_asymmetry_u_permille",
        "longer_step_side",
    ),
    # Metres by zone, before every tenth DST.
    "ZON": ("t_ms", "hands_off_mm", "light_mm", "supported_mm", "heavy_mm"),
    # The answer to a command: ok or error, a text for people, and which kind of answer it is.
    "ANS": ("id", "status", "text", "kind"),
    # Something that a person may want to know.
    "LOG": ("text",),
    # A setting: on `settings`, one for each.
    "SET": ("key", "value"),
    # A session that the box keeps.
    "SES": (
        "session",
        "blocks",
        "state",
        "power",
        "boots",
        "started_s",
        "settings_hash",
        "version",
        "random",
    ),
    # A part of a block of a session: beltcore/blocks.py.
    "BLK": ("session", "block", "part", "data"),
    # How the box fares: on `health`.
    "HLT": (
        "serial",
        "power",
        "uptime_s",
        "ram_free",
        "ram_used",
        "flash_free_kb",
        "flash_kb",
        "tick_mean_us",
        "tick_worst_us",
    ),
    # How often it started, by cause, and how often it crashed: on `health`.
    "RST": ("powers", "hards", "watchdogs", "sleeps", "softs", "unknowns", "crashes"),
}
# So many fields at a type's end came later: an older box doesn't send them, and they are unknown.
LATER_FIELDS = {"ID": 1, "DST": 4, "ANS": 1, "SES": 2}

# What each field may hold. A field of one name is the same in every sentence. The limits are those
# of the box's own types and tables, so that no box sends anything beyond: a sentence that is
# beyond them is damaged, whatever its CRC says.
_BITS_30 = (1 << 30) - 1
_MM = 1000 * (1 << 30) - 1  # metres of 30 bits, as beltcore/length.py has them
_MS = 1000 * (1 << 30) - 1  # seconds of 30 bits, as core.py has them
_MM_S = 1_000_000  # no step of a belt that is believed is longer than a metre, or 1 ms short

# Numbers: lowest, highest, unit. An empty field is an unknown value, of any number but these.
NUMBER_FIELDS = {
    "protocol": (0, 9999, ""),
    "boots": (0, _BITS_30, ""),
    "t_us": (0, _BITS_30, "us"),
    "count": (-_BITS_30 - 1, _BITS_30, ""),
    "rail_left": (-0x800000, 0x7FFFFF, ""),
    "rail_right": (-0x800000, 0x7FFFFF, ""),
    "t_ms": (0, _MS, "ms"),
    "belt_mm_s": (-_MM_S, _MM_S, "mm/s"),
    "speed_mm_s": (-_MM_S, _MM_S, "mm/s"),
    "rail_left_mn": (-_BITS_30 - 1, _BITS_30, "mN"),
    "rail_right_mn": (-_BITS_30 - 1, _BITS_30, "mN"),
    "reliance_permille": (0, 5_500_000, "permille"),
    "zone": (0, 3, ""),
    # Bits that a newer firmware may add are allowed.
    "flags": (0, _BITS_30, ""),
    "box_flags": (0, _BITS_30, ""),
    "forward_mm": (0, _MM, "mm"),
    "backward_mm": (0, _MM, "mm"),
    "steps": (0, (1 << 26) - 1, ""),
    "cadence_spm_x10": (0, 9999, "spm/10"),
    "step_length_mm": (0, 9999, "mm"),
    "grabs": (0, (1 << 20) - 1, ""),
    "step_time_sd_ms": (0, 9999, "ms"),
    "step_asymmetry_permille": (0, 9999, "permille"),
    "step_asymmetry_u_permille": (0, 9999, "permille"),
    "longer_step_side": (1, 2, ""),
    "hands_off_mm": (0, _MM, "mm"),
    "light_mm": (0, _MM, "mm"),
    "supported_mm": (0, _MM, "mm"),
    "heavy_mm": (0, _MM, "mm"),
    "id": (0, 999_999_999, ""),
    "session": (1, 99_999_999, ""),
    "blocks": (0, _BITS_30, ""),
    "state": (0, 2, ""),
    "power": (0, _BITS_30, ""),
    "started_s": (0, 9_999_999_999, "s"),
    "version": (0, 255, ""),
    "random": (0, (1 << 24) - 1, ""),
    "block": (0, _BITS_30, ""),
    "part": (0, 3, ""),
    "uptime_s": (0, _BITS_30, "s"),
    "ram_free": (0, _BITS_30, "bytes"),
    "ram_used": (0, _BITS_30, "bytes"),
    "flash_free_kb": (0, _BITS_30, "KiB"),
    "flash_kb": (0, _BITS_30, "KiB"),
    "tick_mean_us": (0, _BITS_30, "us"),
    "tick_worst_us": (0, _BITS_30, "us"),
    "powers": (0, _BITS_30, ""),
    "hards": (0, _BITS_30, ""),
    "watchdogs": (0, _BITS_30, ""),
    "sleeps": (0, _BITS_30, ""),
    "softs": (0, _BITS_30, ""),
    "unknowns": (0, _BITS_30, ""),
    "crashes": (0, _BITS_30, ""),
}
# Of these a sentence without a value is damaged, too: it would say nothing, or of nothing.
NEVER_EMPTY = {
    "RAW": ("t_us", "count"),
    "NOW": ("t_ms",),
    "DST": ("t_ms",),
    "ZON": ("t_ms",),
    "ID": ("protocol", "boots"),
    "BEG": ("boots",),
    "ANS": ("id",),
    "SES": ("session", "blocks", "state"),
    "BLK": ("session", "block", "part"),
}
# Texts: the most letters. Letters are the printable ones of ASCII, without `,` `*` `$` `!`.
TEXT_FIELDS = {
    "firmware": 12,
    "board": 15,
    "box_name": 20,
    "reset_cause": 8,
    "settings_hash": 4,
    "micropython": 8,
    "status": 5,
    "text": 84,
    "kind": 12,
    "key": 24,
    "value": 20,
    "data": 64,
    "serial": 16,
}

# The `kind` of an ANS, for programs: what it means. Empty from an older box. See ../command.py.
ANSWER_KINDS = {
    "ok": "done",
    "unknown_verb": "the box has no such command; an older firmware has fewer",
    "usage": "the arguments are too many, too few, or not of the form that the command takes",
    "unknown_key": "the box has no such setting; an older firmware has fewer",
    "range": "a value is outside what is allowed, or a number outside what there is",
    "busy": "a command that takes several ticks is under way: wait for its answer, then ask again",
    "no_session": "the box has no session of that number (any more)",
    "not_now": "what the box or the rails are doing doesn't allow it; the text says what to change",
    "failed": "the flash failed, or is full",
}
