"""What all tests have in common: the same environment for whoever runs them."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings

# All that is kept of the environment, for the tests and for the programs that they start. What
# else is set on somebody's computer (PYTHONUNBUFFERED, NO_COLOR, COLUMNS …) changes no result.
_KEPT = {
    *("PATH", "TMPDIR", "CI", "VIRTUAL_ENV", "LD_LIBRARY_PATH", "SSL_CERT_FILE", "SSL_CERT_DIR"),
    *("PYTHONPATH", "PYTHONDONTWRITEBYTECODE"),
}
_KEPT_PREFIXES = ("PYTEST", "HYPOTHESIS", "PLAYWRIGHT", "BELTBOX_TEST_")
# Far from UTC, so that a time of day that was taken for UTC, or for local, is noticed.
_TIME_ZONE = "NPT-5:45"


def _settle_environment(home: Path) -> None:
    for name in list(os.environ):
        if name not in _KEPT and not name.startswith(_KEPT_PREFIXES):
            del os.environ[name]
    runtime = home / "run"
    runtime.mkdir(mode=0o700)
    os.environ |= {
        "HOME": str(home),
        "XDG_RUNTIME_DIR": str(runtime),
        "LANG": "C.UTF-8",
        "TERM": "xterm-256color",
        "TZ": _TIME_ZONE,
    }
    time.tzset()
    # `nohup` and a shell's `&` have signals ignored, in programs that tests start, too.
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)


_home = Path(tempfile.mkdtemp(prefix="beltbox-tests-"))
_settle_environment(_home)


# Who asks for one of these starts a virtual box, a program, a browser or the 32-bit MicroPython.
_SLOW_FIXTURES = {
    *("box", "boxes", "make_box", "play", "record", "walk"),
    *("start", "terminal", "browser", "on_micropython"),
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as `slow` what starts whole boxes or programs: `make test-quick` leaves it out."""
    for item in items:
        if _SLOW_FIXTURES.intersection(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.slow)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave nothing behind."""
    shutil.rmtree(_home, ignore_errors=True)


# Two cores shared by several workers: how long an example takes says nothing.
_COMMON = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow], "max_examples": 60}
_SAME_EACH_TIME = {"derandomize": True, "database": None}

settings.register_profile("default", **_COMMON)
# A red build is red again when it is looked into.
settings.register_profile("ci", **_COMMON, **_SAME_EACH_TIME)
# For mutate.py: that a test fails is all it wants to know, not the smallest example.
_JUST_FAIL = [Phase.explicit, Phase.generate]
settings.register_profile("mutate", **_COMMON, **_SAME_EACH_TIME, phases=_JUST_FAIL)
settings.load_profile("ci" if os.environ.get("CI") else "default")
