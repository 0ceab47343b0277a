"""The commands, declared once for both ends: every verb, and what may follow it.

The box loads this only to say how a command is written; that its commands take these forms and no
other is held by a test. What each command does and answers is in host/commands.py.
"""

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


def forms(verb: str) -> list[str]:
    """The command as it may be written, in each of its forms."""
    return [verb + "," + form if form else verb for form in FORMS[verb]]
