"""The commands, declared once for both ends: every verb, and what may follow it.

The box loads this only while it carries out a command (box/rare.py). What each command does and
answers is in host/commands.py, which the box doesn't need.
"""

from .refused import Refused

# By verb: the forms of its arguments. 0 and 1 stand for themselves, a word for a value.
FORMS = {
    "identify": ("",),
    "stream": ("0", "1"),
    "raw": ("0", "1"),
    "get": ("key",),
    "set": ("key,value",),
    "settings": ("",),
    "prepare": ("", "key,value"),
    "apply": ("count",),
    "tare": ("",),
    "begin": ("",),
    "totals": ("",),
    "health": ("",),
    "sessions": ("",),
    "read": ("session,block", "session,block,count"),
    "ack": ("session,blocks",),
    "clock": ("epoch_s",),
    "crash": ("", "line"),
}


def check(verb: str, arguments: list[str]) -> None:
    """Raise Refused unless there is such a verb, with so many arguments."""
    if verb not in FORMS:
        raise Refused("unknown_verb", "no verb %s; firmware/PROTOCOL.md has them all" % verb[:8])
    for form in FORMS[verb]:
        if len(arguments) == (len(form.split(",")) if form else 0):
            return
    raise wrong_usage(verb)


def wrong_usage(verb: str) -> Refused:
    """What to raise where the arguments have none of the verb's forms."""
    forms = [verb + "," + form if form else verb for form in FORMS[verb]]
    return Refused("usage", "write it as: " + " or ".join(forms))


def numbers(verb: str, arguments: list[str]) -> list[int]:
    """The arguments as numbers of up to 10 digits. Raises Refused."""
    for text in arguments:
        if not text.isdigit() or len(text) > 10:
            raise wrong_usage(verb)
    return [int(text) for text in arguments]
