"""Tests at an engine that loses what containers say, once in a thousand on a busy machine: ``checker.engine.lost``."""

from __future__ import annotations

import contextlib
import time

import pytest
from _pytest.runner import runtestprotocol

from checker.engine import find_engine
from checker.engine.lost import has_lost_output
from checker.phrase import KataError
from checker.workbench.seat import seat


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    """Run a test once more that failed while the embedded engine admitted to have lost what a container said."""
    if item.get_closest_marker("docker") is None:
        return None
    started = time.time()
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    reports = runtestprotocol(item, log=False, nextitem=nextitem)
    if any(report.failed for report in reports) and _has_lost_output(started):
        item._initrequest()  # type: ignore[attr-defined]  # or it would get the fixtures of before
        reports = runtestprotocol(item, log=False, nextitem=nextitem)
    for report in reports:
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


def _has_lost_output(since: float) -> bool:
    try:
        engine = find_engine()
    except KataError:  # nobody answers any more, which is why it failed
        return False
    with contextlib.closing(engine.client()) as client:
        return has_lost_output(client, seat().engine_log(engine, since), since)
