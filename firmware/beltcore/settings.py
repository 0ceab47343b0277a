"""The settings: one declaration, by which the host and the box check alike.

A setting is a key, a default and what is allowed. Integers have a range; the one text,
`box_name`, has a length and an alphabet that can't break a sentence on the wire.
"""

from .arguments import Refused
from .compat import const
from .crc import crc16

SCHEMA = 1

# (key, default, lowest, highest). Units stand in the names; rail zeros are raw counts.
INTEGERS = (
    ("belt_nm_per_count", 100_000, 1, 1_000_000_000),
    ("belt_direction", 1, -1, 1),
    ("rail_left_zero", 0, -8_388_608, 8_388_607),
    ("rail_left_nn_per_count", 0, -60_000_000, 60_000_000),
    ("rail_right_zero", 0, -8_388_608, 8_388_607),
    ("rail_right_nn_per_count", 0, -60_000_000, 60_000_000),
    # What the rails' sum still reads with nobody near, as measured by `tare`.
    ("rail_noise_mn", 0, 0, 50_000),
    ("body_mass_g", 70_000, 20_000, 300_000),
    # From here on: settings that a box of version 0.1.0 doesn't know.
    # What calibration left uncertain: standard uncertainty of the sizes of a count, in parts per
    # million of them. 0 = never calibrated: unknown.
    ("belt_u_ppm", 0, 0, 1_000_000),
    ("rail_left_u_ppm", 0, 0, 1_000_000),
    ("rail_right_u_ppm", 0, 0, 1_000_000),
)
_FIRST = const(8)  # of INTEGERS, that every box knows
NAME_KEY = "box_name"
NAME_DEFAULT = "beltbox"
NAME_MAX_LENGTH = 20
KEYS = ("schema", NAME_KEY) + tuple(row[0] for row in INTEGERS)
LATER_KEYS = KEYS[2 + _FIRST :]


class SettingsError(Refused):
    """A setting that is unknown or outside its range; the text names key, value and range."""

    def __init__(self, text, kind="range"):
        super().__init__(kind, text)


def defaults() -> dict[str, int | str]:
    """A new dict with every setting at its default."""
    values = {"schema": SCHEMA, NAME_KEY: NAME_DEFAULT}
    for key, default, _low, _high in INTEGERS:
        values[key] = default
    return values


def allowed(key: str) -> str:
    """What `key` may be, in words. Raises SettingsError for an unknown key."""
    if key == "schema":
        return str(SCHEMA)
    if key == NAME_KEY:
        return "1 to %d letters digits space - _ ." % NAME_MAX_LENGTH
    if key == "belt_direction":
        return "1 or -1"
    for name, _default, low, high in INTEGERS:
        if name == key:
            return "%d to %d" % (low, high)
    raise SettingsError("%s is not a setting" % _shown(key), "unknown_key")


def check(key: str, value: object) -> None:
    """Raise SettingsError unless `value` is allowed for `key`."""
    words = allowed(key)
    if key == NAME_KEY:
        good = _is_name(value)
    elif not isinstance(value, int) or isinstance(value, bool):
        good = False
    elif key == "schema":
        if value > SCHEMA:
            raise SettingsError(
                "schema is %d; this version reads up to %d: update it" % (value, SCHEMA)
            )
        good = value == SCHEMA
    else:
        good = _in_range(key, value)
    if not good:
        raise SettingsError("%s is %s; allowed: %s" % (key, _shown(value), words))


def complete(given: object) -> dict[str, int | str]:
    """Every setting: the `given` ones, checked, and the defaults of the others, as a new dict.

    Raises SettingsError for an unknown key, a value that isn't allowed or a newer schema.
    """
    if not isinstance(given, dict):
        raise SettingsError("settings must be a table of keys and values")
    # The schema first: a newer file may hold keys that mean nothing here.
    if "schema" in given:
        check("schema", given["schema"])
    values = defaults()
    for key in given:
        check(key, given[key])
        values[key] = given[key]
    return values


def parse(key: str, text: str) -> int | str:
    """The value that `text` (from a command line or a sentence) gives for `key`, checked."""
    allowed(key)
    value = text
    if key != NAME_KEY:
        try:
            value = int(text)
        except ValueError:
            pass
    check(key, value)
    return value


def fingerprint(values: dict[str, int | str]) -> int:
    """A 16-bit hash of all settings: tells whether two ends hold the same. 0 .. 0xFFFF.

    One of `LATER_KEYS` counts only where it isn't at its default: the hash that a box gave before
    there was that setting stays valid.
    """
    parts = []
    for at, key in enumerate(KEYS):
        if at < 2 + _FIRST or values[key] != INTEGERS[at - 2][1]:
            parts.append("%s=%s" % (key, values[key]))
    text = ",".join(parts).encode()
    return crc16(text, 0, len(text))


def _in_range(key, value):
    if key == "belt_direction":
        return value in (1, -1)
    for name, _default, low, high in INTEGERS:
        if name == key:
            return low <= value <= high
    return False


def _is_name(value):
    if not isinstance(value, str) or not 1 <= len(value) <= NAME_MAX_LENGTH:
        return False
    for letter in value:
        code = ord(letter)
        if not (48 <= code <= 57 or 65 <= code <= 90 or 97 <= code <= 122 or letter in " -_."):
            return False
    return True


def _shown(value):
    """`value` for a message: quoted if text, and short, whatever came in."""
    text = repr(value)
    return text if len(text) <= 24 else text[:20] + "..."
