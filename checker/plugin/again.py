"""Looks again where a check misses something and the engine has lost something: once, with a bench of its own.

A plugin of its own, beside ``checker.plugin``: pytest takes one implementation of a hook from each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from checker.engine.found import LABEL
from checker.engine.lost import has_lost_output
from checker.plugin.collection import exercise_of
from checker.plugin.interruption import uninterrupted
from checker.plugin.kept import BENCH
from checker.verdict import Mistake
from checker.workbench.seat import seat

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from checker.workbench.bench import Bench

__all__ = ["pytest_runtest_call", "pytest_runtest_setup"]

_DONE: pytest.StashKey[set[str]] = pytest.StashKey()
_KNOWN: pytest.StashKey[Exception] = pytest.StashKey()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, object, object]:
    """Take a check's steps once more where one of them may have missed what the engine has lost."""
    return (yield from _looking_twice(item))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Ask a check once more, and its steps, where it may have missed what the engine has lost."""
    return (yield from _looking_twice(item, item.runtest))


def _looking_twice(item: pytest.Item, *after_setup: Callable[[], object]) -> Generator[None, object, object]:
    try:
        return (yield)
    except (Mistake, AssertionError) as missed:
        if not _is_worth_another_look(item, missed):
            raise
    _set_up_afresh(item)
    for act in after_setup:
        act()
    return None


def _is_worth_another_look(item: pytest.Item, missed: Exception) -> bool:
    """Return whether the engine has lost something in the time of this bench, and nobody has looked again yet.

    Once is enough: that the same is lost twice happens to nobody, and what an engine's log means is known of some only.
    """
    exercise, bench = exercise_of(item), item.config.stash.get(BENCH, None)
    done, known = item.config.stash.setdefault(_DONE, set()), item.config.stash.get(_KNOWN, None)
    item.config.stash[_KNOWN] = missed
    if exercise is None or bench is None or exercise.name in done:
        return False
    if missed is known or not _has_lost_output(bench):  # pytest raises a step's again for all that need it
        return False
    done.add(exercise.name)
    return True


def _has_lost_output(bench: Bench) -> bool:
    log = seat().engine_log(bench.engine, bench.opened)
    return has_lost_output(bench.client, log, bench.opened, label=f"{LABEL}={bench.run_id}")


def _set_up_afresh(item: pytest.Item) -> None:
    """Clear away what the check shares with those before it, and make it anew."""
    state = item.session._setupstate  # noqa: SLF001 - pytest has no public way to run a test again
    with uninterrupted():
        state.teardown_exact(None)
    item._initrequest()  # type: ignore[attr-defined]  # noqa: SLF001 - as above: it forgets the fixtures of before
    state.setup(item)
