"""What goes wrong for a person, as exceptions that the command line prints."""

from __future__ import annotations


class BeltBoxError(Exception):
    """Something a person can act on; the command line prints it and exits 1.

    The message says what happened, where, why, and what to do about it.
    """


class LinkError(BeltBoxError):
    """The box doesn't answer, or not as it should."""


class StoreError(BeltBoxError):
    """The store can't be opened, read or written."""

    def __init__(self, message: str, *, brief: str = "the store can't be written") -> None:
        """brief: what is wrong in a few words, for a line of its own on a screen."""
        super().__init__(message)
        self.brief = brief


class ReportError(BeltBoxError):
    """The report can't be made or written."""


class ExportError(BeltBoxError):
    """A session can't be exported."""


class CalibrationError(BeltBoxError):
    """A calibration that can't be made: nothing of it is stored, which the command says."""
