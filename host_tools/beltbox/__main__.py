"""The program's start: `beltbox` and `python -m beltbox`."""

import os


def main() -> None:
    """Run the command line. A Ctrl-C in its very first moments ends it in one line, too."""
    try:
        # Imported here: what is imported above this `try` can end in a traceback.
        from beltbox.cli.common import ctrl_c  # noqa: PLC0415

        ctrl_c.guard()
        from beltbox.cli.main import main as run  # noqa: PLC0415

        run()
    except KeyboardInterrupt:
        # `ctrl_c` may be what was being imported.
        os.write(2, b"Stopped.\n")
        os._exit(130)


if __name__ == "__main__":
    main()
