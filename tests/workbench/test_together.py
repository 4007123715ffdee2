from __future__ import annotations

import threading

import pytest

from checker.workbench.together import together


def test_jobs_run_side_by_side() -> None:
    """Two jobs that wait for each other both come to an end."""
    both = threading.Barrier(2, timeout=10)
    together(both.wait, both.wait)
    assert not both.broken


@pytest.mark.parametrize("number", [0, 1, 30])
def test_all_are_done_when_it_returns(number: int) -> None:
    """However many there are, none, one, or more than run at once, each has been done."""
    done: list[int] = []
    together(*(lambda one=one: done.append(one) for one in range(number)))
    assert sorted(done) == list(range(number))


def test_one_that_fails_does_not_stop_the_others() -> None:
    """What a job raises is raised in the end, once the others are done."""
    done: list[str] = []

    def fail() -> None:
        raise KeyError("first")

    with pytest.raises(KeyError, match="first"):
        together(fail, lambda: done.append("second"))
    assert done == ["second"]
