"""Submissions that take what they can get, beside an honest one that gets what it needs."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

import pytest

from checker.engine import find_engine
from checker.lab import Labs, Limits
from tests.lab.conftest import Machine, graded, started_grading, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.docker
DEADLINE = 12.0  # seconds that a bomb is let be before its lab is killed
LIMITS = Limits(memory=1024**3, pids=400)

BOMBS = {
    "forks": "bomb() { bomb | bomb & }; bomb; sleep 600",
    "memory": "python3 -c 'kept = []\nwhile True: kept.append(bytearray(50_000_000))'; sleep 600",
    "temporary files": "cat /dev/zero > /tmp/x; cat /dev/zero > ~/x; cat /dev/zero > /dev/shm/x; sleep 600",
    "its own folder": "cat /dev/zero > ./x; docker run -d redis:7; sleep 600",
    "a volume": "docker run -d -v full:/full redis:7 sh -c 'cat /dev/zero > /full/x; sleep 600'; sleep 600",
    "logs": "for n in 1 2 3; do docker run -d redis:7 yes no; done; sleep 600",
    "output": "yes no & yes yes",
    "sleep": "trap '' TERM INT HUP; while :; do sleep 600; done",
    "restarts": "for n in 1 2 3 4 5 6 7 8; do docker run -d --restart always redis:7 false; done; sleep 600",
    "a daemon": "env -i setsid bash -c 'trap \"\" TERM HUP; while :; do :; done' & exit 0",
}


@pytest.fixture(scope="module")
def labs() -> Iterator[Labs]:
    """Where the labs come from; at the end the machine is as it was."""
    with Labs(find_engine(), limits=LIMITS):
        pass
    before = Machine.now(labs_only=True)
    with Labs(find_engine(), limits=LIMITS) as opened:
        yield opened
    assert until(lambda: not _left_since(before)), _left_since(before)


def _left_since(before: Machine) -> list[str]:
    return Machine.now(labs_only=True).came_since(before)


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_harms_nobody(
    bomb: str, labs: Labs, hostile: Callable[[str], Path], solutions: Path, tmp_path: Path
) -> None:
    """A bomb ends with its lab at the deadline, earns not everything, and its neighbour's grade is what it was."""
    honest: list[dict[str, Any]] = []
    with labs.open() as attacked, labs.open() as spared:
        neighbour = threading.Thread(
            target=lambda: honest.append(graded(spared, "04", solutions, tmp_path / "honest.json"))
        )
        said = tmp_path / "said"
        work = hostile(f"#!/bin/bash\n{BOMBS[bomb]}\n")
        grading = started_grading(attacked, "04", work, tmp_path / "grades.json", said)
        neighbour.start()
        ended = grading.wait(DEADLINE)
        attacked.kill()
        assert grading.wait(60)  # the clients of a lab that is gone do not wait for it
        neighbour.join(240)
    assert ended or grading.code != 0, said.read_text("utf-8")
    assert "Run Redis" in said.read_text("utf-8")
    verdicts = honest[0]["verdicts"]
    assert [verdict["outcome"] for verdict in verdicts] == ["passed"] * 6, json.dumps(verdicts, indent=1)
