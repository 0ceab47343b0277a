"""Raw rows in, metric rows out, by the box's own code: one file for every interpreter.

Run under MicroPython as a script: compute.py BELTCORE_PARENT SETTINGS.json ROWS.csv METRICS.csv.
The rows are four fields a line without a header, already checked.
"""

import json
import sys


def compute(settings, lines, write):
    """Step a new Core through `lines` of text and `write` the metric rows as CSV."""
    from beltcore.core import Core
    from beltcore.host.metrics import COLUMNS, metric_row

    core = Core(settings)
    step = core.step
    write(",".join(COLUMNS) + "\n")
    for line in lines:
        t_us, count, left, right = line.split(",")
        right = right.strip()
        step(
            int(t_us),
            int(count),
            int(left) if left else None,
            int(right) if right else None,
        )
        write(",".join(["" if value is None else str(value) for value in metric_row(core)]) + "\n")


def main(arguments):
    """Run as a script."""
    beltcore_parent, settings_path, rows_path, metrics_path = arguments
    sys.path.insert(0, beltcore_parent)
    with open(settings_path) as file:
        settings = json.load(file)
    with open(rows_path) as rows, open(metrics_path, "w") as metrics:
        compute(settings, rows, metrics.write)


if __name__ == "__main__" and sys.implementation.name == "micropython":
    main(sys.argv[1:])
