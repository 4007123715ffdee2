"""How soon a lab is ready and how soon it is gone, with disks that are cloned and with disks that are copied.

Run as root, in turn: ``python -m benchmarks.lab [ROUNDS]``. No lab is made ahead, so that each is timed from nothing:
its disk, its container, its engine until it answers. In the end both ways have put everything away.
"""

from __future__ import annotations

import statistics
import sys
import time
from typing import TYPE_CHECKING
from unittest.mock import patch

from checker.engine import find_engine
from checker.lab import Labs
from checker.lab.disk import run

if TYPE_CHECKING:
    from pathlib import Path

ROUNDS = 5


def copied(source: Path, target: Path) -> bool:
    """Copy a disk as a machine has to that cannot clone; it skips what was never written."""
    run("cp", "--sparse=always", "--reflink=never", source, target)
    return False


def once(labs: Labs) -> tuple[float, float]:
    """Open and close one lab, and return the seconds until it was ready and until it was gone."""
    began = time.perf_counter()
    with labs.open() as lab:
        ready = time.perf_counter()
        assert lab.engine.request("GET", "/images/redis:7/json")[0] == 200
        closing = time.perf_counter()
    return ready - began, time.perf_counter() - closing


def main() -> None:
    """Print the medians and the slowest."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    times: dict[str, list[tuple[float, float]]] = {"cloned": [], "copied": []}
    with Labs(find_engine(), ahead=0, tell=print) as labs:
        for _ in range(rounds):
            times["cloned"].append(once(labs))
            with patch("checker.lab.store.clone", copied):
                times["copied"].append(once(labs))
    print(f"{rounds} rounds: seconds, median (slowest)")
    for name, pairs in times.items():
        ready, gone = zip(*pairs, strict=True)
        both = ((statistics.median(part), max(part)) for part in (ready, gone))
        print(
            name,
            *(
                f"{what} {median:.2f} ({most:.2f})"
                for what, (median, most) in zip(("ready", "gone"), both, strict=True)
            ),
        )


if __name__ == "__main__":
    main()
