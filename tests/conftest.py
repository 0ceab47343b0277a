"""Settings for all tests."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, Phase, settings

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
