"""Before a rail is calibrated: its cell driven by the box, and looked at for ten seconds."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from beltbox.calibrate.box import CalibrateBox, LinkLostError
from beltbox.calibrate.conversation import LeaveError, Talk, yes_or_no
from beltbox.doctor.examination import SECONDS, examine
from beltbox.doctor.findings import judge
from beltbox.errors import CalibrationError

PROVISIONAL_NN = 230_000
"""nN a count of a common cell (hardware/README.md): enough to have an unknown one driven."""


def drive(box: CalibrateBox, sides: Sequence[str]) -> None:
    """See to it that the box reads these sides' cells. Undone unless kept."""
    box.change(
        {
            key: PROVISIONAL_NN
            for key in (f"rail_{side}_nn_per_count" for side in sides)
            if not box.settings[key]
        }
    )


def diagnose(
    box: CalibrateBox, talk: Talk, sides: Sequence[str], show: Callable[[float], None]
) -> None:
    """Ten seconds with nobody at the rails; a bad cell isn't calibrated unless someone insists.

    Raises CalibrationError, LeaveError.
    """
    box.quiet()
    seen = examine(box.link, seconds=SECONDS, show=show)
    if seen.events:
        raise LinkLostError(seen.events[0])
    subjects = [f"{side} cell" for side in sides]
    findings = [finding for finding in judge(seen) if finding.subject in subjects]
    for finding in findings:
        side = finding.subject.split()[0]
        guessed = box.settings[f"rail_{side}_nn_per_count"] == PROVISIONAL_NN
        newtons = " (newtons by a guess, until it is calibrated)" if guessed else ""
        style = {"good": "green", "note": "", "bad": "bold red"}[finding.level]
        talk.say(f"{finding.subject}: {finding.text}{newtons}", style)
        if finding.level == "bad":
            talk.say(f"    {finding.advice}")
    if not any(finding.level == "bad" for finding in findings):
        return
    if talk.scripted:
        raise CalibrationError(
            "A bad cell can't be calibrated. Repair it; beltbox doctor shows when it is sound."
        )
    if not talk.ask(
        "anyway", "Calibrate it all the same? (yes or no)", yes_or_no, default="no", idle=box.idle
    ):
        raise LeaveError
