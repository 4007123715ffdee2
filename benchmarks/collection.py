"""Times ``pytest exercises --collect-only``, and shows that it imports neither docker nor testcontainers.

python -m benchmarks.collection [--rounds 9]
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# a developer's environment has hypothesis, whose plugin takes a learner's run no time
WITHOUT = ["-p", "no:cacheprovider", "-p", "no:hypothesispytest"]
COMMAND = [sys.executable, "-m", "pytest", "exercises", "--collect-only", "-q", *WITHOUT]
HEAVY = {"docker", "testcontainers", "requests"}


def imported() -> set[str]:
    """Return the top-level packages that collecting imports."""
    command = [sys.executable, "-X", "importtime", *COMMAND[1:]]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stderr
    rows = (line.rpartition("|")[2].strip() for line in said.splitlines() if line.startswith("import time:"))
    return {row.partition(".")[0] for row in rows}


def main() -> None:
    """Time collecting against starting pytest at all, in turn."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--rounds", type=int, default=9, help="counted rounds (default: 9), after one that is not counted"
    )
    wanted = parser.parse_args()
    seconds: dict[str, list[float]] = {"collecting": [], "pytest --version": []}
    for turn in range(wanted.rounds + 1):
        for name, command in (("collecting", COMMAND), ("pytest --version", [*COMMAND[:3], "--version"])):
            started = time.perf_counter()
            subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
            if turn:
                seconds[name].append(time.perf_counter() - started)
    for name, times in seconds.items():
        print(f"{name:18} median {statistics.median(times):.2f} s, min {min(times):.2f}, max {max(times):.2f}")
    print(f"imported of what is slow: {', '.join(sorted(imported() & HEAVY)) or 'nothing'}")


if __name__ == "__main__":
    main()
