from __future__ import annotations

import os
import sys

import pytest

from checker.engine import bridge

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="only Linux's root may make a bridge"
)


def test_makes_and_removes_a_bridge() -> None:
    """A bridge is made once, however often it is asked for, and removed with nothing left."""
    name = f"katat{os.getpid() % 10**6}"
    assert not bridge.exists(name)
    try:
        bridge.ensure(name)
        bridge.ensure(name)
        assert bridge.exists(name)
    finally:
        bridge.remove(name)
    assert not bridge.exists(name)


def test_removing_what_is_not_there_is_no_error() -> None:
    """A bridge that does not exist is removed already."""
    bridge.remove("katanothing")
