"""What each command does and what the box answers, in words.

Together with command_forms.py this is the table "To the box" in firmware/PROTOCOL.md.
"""

from ..command_forms import forms

# By verb: what it does, and the text of the answer.
_WORDS = {
    "identify": ("sends `ID`", "the box's name"),
    "stream": ("`NOW`, `DST`, `ZON` off, on", "the argument"),
    "raw": ("`RAW` off, on", "the argument"),
    "get": ("reads one setting", "`key=value`"),
    "set": ("checks one setting, keeps it on the flash, measures anew", "`key=value`"),
    "settings": ("sends a `SET` for each setting, one a tick", "how many"),
    "prepare": (
        "checks one setting and remembers it until `apply`; without arguments forgets all that "
        "were prepared",
        "how many are prepared",
    ),
    "apply": (
        "keeps all prepared settings on the flash with one write, measures anew once; refused, "
        "with nothing changed, unless exactly `count` settings are prepared",
        "the argument",
    ),
    "tare": (
        "takes a second; what the rails read becomes their zero; refused while the belt "
        "moves (20 mm/s), and while a rail moves by over 5 N or sways by more than its noise",
        "the changed settings",
    ),
    "begin": ("measures anew: all sums at zero", ""),
    "totals": ("sends `ZON`, `DST` and `NOW` of the next tick", ""),
    "health": (
        "sends `HLT` and `RST`; the times of ticks count from here anew",
        "MicroPython's words for the board",
    ),
    "sessions": (
        "sends a `SES` for each session on the flash, oldest first, one a tick",
        "how many",
    ),
    "read": (
        "sends a session's blocks from that one on, 1 to 60 of them, in `BLK`, one a tick",
        "how many",
    ),
    "ack": (
        "the host has all that many blocks: the session may now be dropped; refused while it is "
        "under way or if it has another number of blocks",
        "",
    ),
    "clock": (
        "it is so many seconds since 1970, UTC: dates the sessions of this power-up",
        "the argument",
    ),
    "crash": (
        "how many crashes there have been, and how many lines there are of the last one's "
        "traceback; or one of these lines, from 0",
        "`count lines`, or the line",
    ),
}


def command_table() -> list[tuple[str, tuple[str, ...], str, str]]:
    """Every command as (verb, its forms as they are written, what it does, the answer's text)."""
    return [(verb, tuple(forms(verb)), does, answer) for verb, (does, answer) in _WORDS.items()]
