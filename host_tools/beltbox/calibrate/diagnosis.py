"""Before a rail is calibrated: its cell driven by the box, and looked at for ten seconds."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from beltbox.calibrate.box import CalibrateBox, LinkLostError
from beltbox.calibrate.conversation import LeaveError, Talk, yes_or_no
from beltbox.doctor.examination import SECONDS, examine
from beltbox.doctor.findings import Finding, judge
from beltbox.errors import CalibrationError, LinkError

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

    A weight that was left hanging drifts and looks like a flipped cell, so a person is asked for it
    before a cell is called bad. Raises CalibrationError, LeaveError.
    """
    while True:
        findings = _findings(box, sides, show)
        bad = [finding for finding in findings if finding.level == "bad"]
        if not bad or talk.scripted or not _something_hung(box, talk, bad):
            break
        talk.say("Ten seconds of diagnosis once more: hands off the rails.", "bold")
    for finding in findings:
        side = finding.subject.split()[0]
        guessed = box.settings[f"rail_{side}_nn_per_count"] == PROVISIONAL_NN
        newtons = " (newtons by a guess, until it is calibrated)" if guessed else ""
        style = {"good": "green", "note": "", "bad": "bold red"}[finding.level]
        talk.say(f"{finding.subject}: {finding.text}{newtons}", style)
        if finding.level == "bad":
            talk.say(f"    {finding.advice}")
    if not bad:
        return
    if talk.scripted:
        raise CalibrationError(
            "A bad cell can't be calibrated. If something hangs on the rail, or a hand is on it, "
            "take it off and begin again. If not, repair the cell; beltbox doctor shows when it is "
            "sound."
        )
    if not talk.ask(
        "anyway", "Calibrate it all the same? (yes or no)", yes_or_no, default="no", idle=box.idle
    ):
        raise LeaveError


def _findings(
    box: CalibrateBox, sides: Sequence[str], show: Callable[[float], None]
) -> list[Finding]:
    """What ten seconds without a break show of these sides' cells."""
    box.quiet()
    while True:
        try:
            seen = examine(box.link, seconds=SECONDS, show=show)
            if not seen.events:
                break
            lost = LinkLostError(seen.events[0].removesuffix(" Waiting for it."))
        except LinkError as error:
            if box.link.connected:
                raise
            lost = LinkLostError(str(error))
        box.wait_until_back(lost)
    subjects = [f"{side} cell" for side in sides]
    return [finding for finding in judge(seen) if finding.subject in subjects]


def _something_hung(box: CalibrateBox, talk: Talk, bad: Sequence[Finding]) -> bool:
    """Whether a weight or a hand was on the rail, which is off it now."""
    sides = " and the ".join(dict.fromkeys(finding.subject.split()[0] for finding in bad))
    hung = talk.ask(
        "hangs",
        f"The {sides} cell looks bad. Does something still hang on the rail, or is a hand on it? "
        "(yes or no)",
        yes_or_no,
        default="no",
        idle=box.idle,
    )
    if hung:
        talk.ask("off", "Take everything off, then press Enter.", str, default="", idle=box.idle)
    return hung
