"""Ctrl-C and SIGTERM: everything that was started goes away first, and then so do we."""

from __future__ import annotations

import contextlib
import signal
import threading
from typing import TYPE_CHECKING

import pytest

from checker.plugin.collection import exercise_of

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

__all__ = [
    "end_on_termination",
    "leave_in_peace",
    "pytest_runtest_call",
    "pytest_runtest_setup",
    "pytest_runtest_teardown",
    "uninterrupted",
]

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_ASKED = threading.Event()


def end_on_termination() -> None:
    """Treat SIGTERM and a closed terminal like Ctrl-C, so that they leave nothing behind either."""
    _ASKED.clear()
    if threading.current_thread() is threading.main_thread():
        for number in _SIGNALS:
            signal.signal(number, _interrupt)


def _interrupt(_number: int, _frame: object) -> None:
    _ASKED.set()
    raise KeyboardInterrupt


def leave_in_peace(config: pytest.Config) -> None:
    """Pass over further interruptions until pytest ends: it is on its way, and cleans up."""
    if threading.current_thread() is not threading.main_thread():
        return
    handlers = {number: signal.signal(number, lambda *_: None) for number in _SIGNALS}

    def restore() -> None:
        for number, handler in handlers.items():
            signal.signal(number, handler)

    config.add_cleanup(restore)


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Put an interruption off until the end of the block, which removes what would otherwise stay."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    pressed: list[int] = []
    handlers = {number: signal.getsignal(number) for number in _SIGNALS}
    for number in handlers:
        signal.signal(number, lambda pressed_one, _frame: pressed.append(pressed_one))
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    if pressed:
        _ASKED.set()
        raise KeyboardInterrupt


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Leave now where an interruption was lost.

    Python prints an exception and goes on where it was raised while an object was being finalized
    (https://docs.python.org/3/reference/datamodel.html#object.__del__), and an interruption can come right then.
    """
    if exercise_of(item) is not None and _ASKED.is_set():
        raise KeyboardInterrupt


pytest_runtest_call = pytest_runtest_setup


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, object, object]:
    """Let the last check of an exercise clean up in peace."""
    if exercise_of(item) is None:
        return (yield)
    with uninterrupted():
        return (yield)
