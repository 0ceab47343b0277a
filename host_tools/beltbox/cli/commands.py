"""All commands: each one's name, its module, and its line in the list that --help prints.

The line is also the first of the help of the command itself, which is its function's docstring.
"""

from __future__ import annotations

from typer.core import TyperGroup

from beltbox.cli.lazy import LazyCommand

CALIBRATE = TyperGroup(
    name="calibrate",
    help=(
        "Calibrate the belt and the rails; check and show calibrations.\n\n"
        "Example: beltbox calibrate rail --weights 5,10,20"
    ),
    no_args_is_help=True,
    rich_markup_mode=None,
    commands=[
        LazyCommand(
            "belt",
            "beltbox.cli.calibrate.belt",
            "Find out how far the belt moves with each count of the encoder.",
        ),
        LazyCommand(
            "rail",
            "beltbox.cli.calibrate.rail",
            "Calibrate the load cells of the rails with known weights.",
        ),
        LazyCommand(
            "check",
            "beltbox.cli.calibrate.check",
            "Check a rail with one known weight, in twenty seconds.",
        ),
        LazyCommand(
            "show",
            "beltbox.cli.calibrate.show",
            "Show the newest calibrations, and whether they still hold.",
        ),
    ],
)

STORE = TyperGroup(
    name="store",
    help=(
        "Check, repair or complete the store itself.\n\n"
        "Example: beltbox store add beltbox-waiting-20260301-120000.sqlite"
    ),
    no_args_is_help=True,
    rich_markup_mode=None,
    commands=[
        LazyCommand(
            "add",
            "beltbox.cli.store.add",
            "Add the sessions in another file to the store.",
        ),
        LazyCommand(
            "check",
            "beltbox.cli.store.check",
            "Check the store: read all of it, and list what is damaged.",
        ),
        LazyCommand(
            "repair",
            "beltbox.cli.store.repair",
            "Save what is sound of a damaged store into a new store.",
        ),
    ],
)

GROUPS = (CALIBRATE, STORE)

COMMANDS = (
    LazyCommand(
        "live",
        "beltbox.cli.box.live",
        "Show speed, time, distance and rail live, in huge digits.",
    ),
    LazyCommand(
        "record",
        "beltbox.cli.box.record",
        "Record walks: each one becomes a session in the store.",
    ),
    LazyCommand(
        "pull",
        "beltbox.cli.box.pull",
        "Copy the sessions that the box recorded by itself into the store.",
    ),
    LazyCommand(
        "sessions",
        "beltbox.cli.sessions.sessions",
        "List the recorded sessions, or show all figures of one.",
    ),
    LazyCommand(
        "report",
        "beltbox.cli.sessions.report",
        "Write a session as a web page with figures and charts.",
    ),
    LazyCommand(
        "export",
        "beltbox.cli.sessions.export",
        "Write the rows of a session to a CSV file, for spreadsheets.",
    ),
    STORE,
    CALIBRATE,
    LazyCommand(
        "doctor",
        "beltbox.cli.box.doctor",
        "Examine the box, and explain what is wrong and what to do.",
    ),
    LazyCommand(
        "settings",
        "beltbox.cli.box.settings",
        "Show the box's settings, or change them.",
    ),
    LazyCommand(
        "flash",
        "beltbox.cli.box.flash",
        "Install the firmware on a box, and MicroPython if necessary.",
    ),
    LazyCommand(
        "sim",
        "beltbox.cli.box.sim",
        "Run a virtual box: the real firmware on a virtual treadmill.",
    ),
    LazyCommand(
        "replay",
        "beltbox.cli.sessions.replay",
        "Compute a recording again with the code that runs on the box.",
    ),
    LazyCommand(
        "bundle",
        "beltbox.cli.box.bundle",
        "Write a zip file about the box, to attach to a bug report.",
    ),
)
