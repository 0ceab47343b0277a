"""What went wrong, one bit each, with the words that a person reads.

`CORE` bits follow from the raw rows alone, so a replay gives the same; `BOX` bits are what only
the box can see (the chip's protocol, its flash, its port).
"""

from ..compat import const

LEFT_SILENT = const(1)
RIGHT_SILENT = const(2)
LEFT_SATURATED = const(4)
RIGHT_SATURATED = const(8)
ROW_GAP = const(16)
BELT_JUMP = const(32)
LEFT_ZERO_JUMPED = const(64)
RIGHT_ZERO_JUMPED = const(128)
LEFT_NOISY = const(256)
RIGHT_NOISY = const(512)
LEFT_SLOW = const(1024)
RIGHT_SLOW = const(2048)
LEFT_FLIPPED = const(4096)
RIGHT_FLIPPED = const(8192)
ENCODER_ONE_SIDED = const(16384)

LEFT_OUT_OF_STEP = const(1)
RIGHT_OUT_OF_STEP = const(2)
LEFT_STUCK = const(4)
RIGHT_STUCK = const(8)
PORT_STALLED = const(16)
SETTINGS_DAMAGED = const(32)
ENCODER_TOO_FAST = const(64)

CORE: tuple[tuple[int, str, str], ...] = (
    (LEFT_SILENT, "left_silent", "the left cell gives no samples: check its wires"),
    (RIGHT_SILENT, "right_silent", "the right cell gives no samples: check its wires"),
    (LEFT_SATURATED, "left_saturated", "the left cell is saturated: check E+ and E-, A+ and A-"),
    (RIGHT_SATURATED, "right_saturated", "the right cell is saturated: check E+ and E-, A+ and A-"),
    (ROW_GAP, "row_gap", "more than a second between two rows: speed starts anew"),
    (BELT_JUMP, "belt_jump", "the belt's count jumped faster than 50 m/s: check the encoder"),
    (
        LEFT_ZERO_JUMPED,
        "left_zero_jumped",
        "the left cell's zero jumped and isn't followed: let go of the rails and tare",
    ),
    (
        RIGHT_ZERO_JUMPED,
        "right_zero_jumped",
        "the right cell's zero jumped and isn't followed: let go of the rails and tare",
    ),
    (
        LEFT_NOISY,
        "left_noisy",
        "the left cell is noisy, its force errs by over 1 N: check its plugs and shield",
    ),
    (
        RIGHT_NOISY,
        "right_noisy",
        "the right cell is noisy, its force errs by over 1 N: check its plugs and shield",
    ),
    (
        LEFT_SLOW,
        "left_slow",
        "the left cell gives fewer than 40 samples a second: tie its RATE pin high",
    ),
    (
        RIGHT_SLOW,
        "right_slow",
        "the right cell gives fewer than 40 samples a second: tie its RATE pin high",
    ),
    (
        LEFT_FLIPPED,
        "left_flipped",
        "the left cell reads a pull for seconds: swap A+ and A-, or calibrate its sign",
    ),
    (
        RIGHT_FLIPPED,
        "right_flipped",
        "the right cell reads a pull for seconds: swap A+ and A-, or calibrate its sign",
    ),
    (
        ENCODER_ONE_SIDED,
        "encoder_one_sided",
        "the belt's count only goes to and fro: a wire of the encoder is off, check A and B",
    ),
)
BOX: tuple[tuple[int, str, str], ...] = (
    (LEFT_OUT_OF_STEP, "left_out_of_step", "the left amplifier lost step and was restarted"),
    (RIGHT_OUT_OF_STEP, "right_out_of_step", "the right amplifier lost step and was restarted"),
    (LEFT_STUCK, "left_stuck", "the left amplifier repeats one value and was restarted"),
    (RIGHT_STUCK, "right_stuck", "the right amplifier repeats one value and was restarted"),
    (PORT_STALLED, "port_stalled", "the serial port held the box up: sentences were lost"),
    (
        SETTINGS_DAMAGED,
        "settings_damaged",
        "the settings file is damaged: its copy or defaults are in use",
    ),
    (
        ENCODER_TOO_FAST,
        "encoder_too_fast",
        "the encoder counts too fast for its input, counts may be lost: use a coarser encoder",
    ),
)


# Of each side: silent, stuck, out of step.
_SIDES = (
    (LEFT_SILENT, LEFT_STUCK, LEFT_OUT_OF_STEP),
    (RIGHT_SILENT, RIGHT_STUCK, RIGHT_OUT_OF_STEP),
)


def told(flags: int, box_flags: int) -> list[tuple[str, str]]:
    """(name, words) of what is wrong, without what only follows from something else of it.

    An amplifier that is stuck is silent, too, because its value isn't believed; one that is
    silent and out of step loses it at every restart.
    """
    for silent, stuck, out_of_step in _SIDES:
        if box_flags & stuck:
            flags &= ~silent
            box_flags &= ~out_of_step
        elif flags & silent:
            box_flags &= ~out_of_step
    found = [(name, text) for bit, name, text in CORE if flags & bit]
    return found + [(name, text) for bit, name, text in BOX if box_flags & bit]
