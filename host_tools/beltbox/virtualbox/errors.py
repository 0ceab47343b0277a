"""The errors of this package: sentences for people."""

from __future__ import annotations


class VirtualBoxError(Exception):
    """The virtual box can't start, or can't do what was asked of it."""


class ScenarioError(VirtualBoxError):
    """A scenario that doesn't exist or isn't valid; the text names file, key, value, allowed."""
