"""What each test costs of the processor: its own code, its fixtures, the processes it started.

A pytest plugin, which prints the costliest tests and the sum of all:

    .venv/bin/python -m pytest -p tests.processor_time --costliest 20

Unlike pytest's `--durations`, it isn't changed by what else the computer does.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from typing import Any

import pytest

_COST_S = "cost_s"
_before_s = 0.0
_cost_s_by_test: dict[str, float] = {}


def _used_s() -> float:
    """User and system time of this process and of its children that have ended."""
    return sum(os.times()[:4])


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--costliest", type=int, default=20, metavar="N", help="print so many tests (20)"
    )


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_logstart() -> None:
    global _before_s  # noqa: PLW0603
    _before_s = _used_s()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    if call.when == "teardown":
        item.user_properties.append((_COST_S, _used_s() - _before_s))
    return (yield)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """In the process that prints, which hears from all workers."""
    properties: dict[str, Any] = dict(report.user_properties)
    if report.when == "teardown" and _COST_S in properties:
        _cost_s_by_test[report.nodeid] = properties[_COST_S]


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    costs = sorted(_cost_s_by_test.items(), key=lambda cost: -cost[1])
    terminalreporter.section("processor time")
    for test, cost_s in costs[: config.getoption("--costliest")]:
        terminalreporter.line(f"{cost_s:7.2f} s  {test}")
    terminalreporter.line(f"{sum(_cost_s_by_test.values()):7.0f} s  all")
