"""What every test may use, and how hypothesis draws its examples: the same ones each time, so that a commit has one answer.

Others are drawn each time with HYPOTHESIS_PROFILE=thorough.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

pytest_plugins = [
    "tests.support.browser",
    "tests.support.running",
    "tests.support.engines",
    "tests.support.spread",
]

# No deadline: on a shared machine a slow moment says nothing about the rule under test.
settings.register_profile(
    "house",
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=True,
)
settings.register_profile("thorough", settings.get_profile("house"), max_examples=2_000, derandomize=False)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "house"))
