"""Settings for all tests."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

# Two cores shared by several workers: how long an example takes says nothing.
_COMMON = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}

settings.register_profile("default", max_examples=60, **_COMMON)
# The same examples every time, so that a red build is red again when it is looked into.
settings.register_profile("ci", max_examples=60, derandomize=True, database=None, **_COMMON)
settings.load_profile("ci" if os.environ.get("CI") else "default")
