"""A box without hardware: real MicroPython, the real firmware, a virtual treadmill underneath."""

from .box import VirtualBox
from .errors import ScenarioError, VirtualBoxError
from .scenario import Scenario, builtin_names, load

__all__ = [
    "Scenario",
    "ScenarioError",
    "VirtualBox",
    "VirtualBoxError",
    "builtin_names",
    "load",
]
