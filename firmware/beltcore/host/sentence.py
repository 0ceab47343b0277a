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
TEXT_FIELDS = (
    "firmware",
    "board",
    "box_name",
    "reset_cause",
    "settings_hash",
    "micropython",
    "status",
    "text",
    "kind",
    "key",
    "value",
    "data",
    "serial",
)

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
