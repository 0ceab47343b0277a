"""The last crash, kept on the flash: /crash.json with the `count` of all and its `lines`."""

import io
import json
import sys

from micropython import const

from . import whole_file

PATH = "/crash.json"
# A line fits the text of an answer.
LINE_MAX = const(68)
_LINES = const(16)


def keep(error):
    """Keep the exception's traceback; the number of this crash. Raises OSError, MemoryError."""
    out = io.StringIO()
    sys.print_exception(error, out)  # pyright: ignore[reportArgumentType]
    lines = []
    for line in out.getvalue().splitlines():  # pyright: ignore[reportAttributeAccessIssue]
        for start in range(0, len(line), LINE_MAX):
            lines.append(line[start : start + LINE_MAX])
    count = load()[0] + 1
    # The end of a deep traceback tells more than its start.
    whole_file.write(PATH, json.dumps({"count": count, "lines": lines[-_LINES:]}))
    return count


def load():
    """(count, lines): (0, []) when there was none, or when the file is damaged."""
    try:
        text = whole_file.read(PATH)
        if text is not None:
            kept = json.loads(text)
            return kept["count"], kept["lines"]
    except (ValueError, KeyError, TypeError, OSError):
        pass
    return 0, []
