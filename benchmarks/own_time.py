"""Measures what of ``pytest exercises/04 --work solutions`` is our own time: wall minus what others were busy.

    python -m benchmarks.own_time [--rounds 7]

Others are the engine, from a request to its answer, and the learner's scripts while they run. What is left is Python
starting, pytest, our plugin and our checks; what Python and pytest with the plugins of others need by themselves is
told beside it: a run without ours and with nothing to collect, in turn with the others. The same file is loaded into
the measured pytest as a plugin, where it notes when others were busy; overlapping moments count once.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from checker.engine import find_engine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import pytest

ROOT = Path(__file__).resolve().parent.parent
NOTES = "KATA_OWN_TIME"
_busy: list[tuple[float, float]] = []
_is_noting: list[bool] = []


def pytest_runtest_setup(item: pytest.Item) -> None:  # noqa: ARG001 - pytest's own
    """Note from the first check on when the engine or a script was busy."""
    if _is_noting:
        return
    _is_noting.append(True)
    from http.client import HTTPConnection  # noqa: PLC0415 - as late as the checker does

    from checker.workbench.execution import Execution  # noqa: PLC0415 - as above
    from checker.workbench.script import Script  # noqa: PLC0415 - as above

    # under docker-py and under our own questions alike: from the request's last byte to the answer's first
    HTTPConnection.getresponse = _timed(HTTPConnection.getresponse)  # type: ignore[method-assign]  # it is undone by nobody
    # and while a command runs in a container: its answer begins before it does
    Execution.hear = _timed(Execution.hear)  # type: ignore[method-assign]  # as above
    started: dict[int, float] = {}
    begin, end = Script.__init__, Script.stop

    def init(self: Script, *what: Any, **how: Any) -> None:  # noqa: ANN401 - whatever Script takes
        started[id(self)] = time.time()
        begin(self, *what, **how)

    def stop(self: Script) -> None:
        end(self)
        _busy.append((started.pop(id(self)), time.time()))

    Script.__init__ = init  # type: ignore[method-assign]  # as above
    Script.stop = stop  # type: ignore[method-assign]  # as above


def _timed(function: Callable[..., Any]) -> Callable[..., Any]:
    def timed(*what: Any, **how: Any) -> Any:  # noqa: ANN401 - whatever it takes
        began = time.time()
        try:
            return function(*what, **how)
        finally:
            _busy.append((began, time.time()))

    return timed


def pytest_unconfigure() -> None:
    """Hand over what was noted."""
    Path(os.environ[NOTES]).write_text(json.dumps(_busy), encoding="utf-8")


def together(moments: Iterable[tuple[float, float]]) -> float:
    """Return how many seconds are covered by these, each second once."""
    covered, until = 0.0, 0.0
    for began, ended in sorted(moments):
        covered += max(0.0, ended - max(began, until))
        until = max(until, ended)
    return covered


def once() -> tuple[float, float, float]:
    """Return the wall time of one run, how much of it is our own, and what pytest takes with nothing to do; seconds."""
    usual = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryDirectory() as folder:
        notes = Path(folder) / "busy.json"
        # a developer's environment has hypothesis, whose plugin takes a learner's run no time
        pytest = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:hypothesispytest"]
        began = time.time()
        subprocess.run([*pytest, folder], cwd=folder, env=usual, check=False, capture_output=True)
        alone = time.time() - began
        began = time.time()
        subprocess.run(
            [*pytest, "exercises/04", "--work=solutions", "-p", "benchmarks.own_time"],
            cwd=ROOT,
            env={**usual, **find_engine().environment(), NOTES: str(notes)},
            check=True,
            capture_output=True,
        )
        wall = time.time() - began
        busy = [(start, end) for start, end in json.loads(notes.read_text(encoding="utf-8"))]
    return wall, wall - together(busy), alone


def main() -> None:
    """Measure, and print medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7, help="counted runs (default: 7), after one that is not")
    runs = [once() for _ in range(parser.parse_args().rounds + 1)][1:]
    walls, own, alone = zip(*runs, strict=True)
    print(f"wall {statistics.median(walls):.2f} s, of it our own {statistics.median(own):.2f} s")
    print(f"pytest with nothing to do: {statistics.median(alone):.2f} s, so what we add to it: ", end="")
    print(f"{statistics.median(ours - its for ours, its in zip(own, alone, strict=True)):.2f} s")
    print(f"own: min {min(own):.2f}, max {max(own):.2f}; {len(runs)} rounds")


if __name__ == "__main__":
    main()
