"""How soon a gradebook of 300 students and 24 exercises can be used: written, opened, sorted, searched.

``python -m benchmarks.gradebook`` prints the median of several openings, each in a browser that was just started: from
the request for the page to the second frame after its script was done. It needs Chromium.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from checker.cli.project import find_browser
from checker.report.gradebook import write_gradebook
from tests.report.chromium import chromium
from tests.report.classroom import a_class, exercises

STUDENTS, EXERCISES, RUNS = 300, 24, 5
AFTERWARDS = """(async () => {{
  const before = performance.now();
  {action};
  await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
  return (performance.now() - before) / 1000;
}})()"""
SORT = "document.querySelector('thead .sum button').click()"
SEARCH = "const s = document.getElementById('search'); s.value = '민지'; s.dispatchEvent(new Event('input'))"


def opened(index: Path) -> dict[str, float]:
    """Return the seconds of each step in a browser of its own."""
    with tempfile.TemporaryDirectory() as profile, chromium(Path(profile)) as tab:
        tab.size(1400, 1000)
        return {
            "opened": tab.open(index),
            "sorted": tab.run(AFTERWARDS.format(action=SORT)),
            "searched": tab.run(AFTERWARDS.format(action=SEARCH)),
        }


def main() -> None:
    """Measure and print."""
    if find_browser() is None:
        sys.exit("Chromium is missing: apt-get install chromium")
    course = exercises(EXERCISES)
    results = a_class(STUDENTS, course)
    with tempfile.TemporaryDirectory() as folder:
        before = time.monotonic()
        index = write_gradebook(Path(folder), results, course, "en", datetime.now(UTC))
        print(f"written   {time.monotonic() - before:.2f} s, {index.stat().st_size / 1e6:.1f} MB")
        runs = [opened(index) for _ in range(RUNS)]
    for step in runs[0]:
        taken = [run[step] for run in runs]
        print(f"{step:9} {statistics.median(taken):.2f} s ({min(taken):.2f} to {max(taken):.2f})")


if __name__ == "__main__":
    main()
