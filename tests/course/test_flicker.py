from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from checker.selfcheck import Case, judge
from tests.course.test_course import CASES, described

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PRONE = {"08", "17", "18", "23"}  # exercises with waits, restarts and limits, in which a moment may matter
TIMES = 20
# until whoever started it is gone, however it went
SPIN = "import os\nparent = os.getppid()\nwhile os.getppid() == parent:\n    sum(range(100_000))"


@pytest.fixture(scope="module")
def busy() -> Iterator[None]:
    """Keep every processor at work: with stress-ng where it is installed, else with what Python can do as well."""
    program = shutil.which("stress-ng")
    count = os.cpu_count() or 1
    own = [[sys.executable, "-c", SPIN]] * count
    commands = [[program, "--cpu", str(count), "--quiet", "--timeout", "3h"]] if program else own
    with_all = [subprocess.Popen(command) for command in commands]
    yield
    for process in with_all:
        process.terminate()
    for process in with_all:
        process.wait(30)


@pytest.mark.docker
@pytest.mark.course
@pytest.mark.full
@pytest.mark.parametrize("case", [c for c in CASES if c.kind == "solution" and c.exercise.number in PRONE], ids=str)
def test_a_busy_machine_changes_no_verdict(case: Case, root: Path, busy: None) -> None:
    """A correct solution earns every point twenty times in a row, however slow everything is."""
    for _ in range(TIMES):
        grade = judge(case, root)
        assert grade.is_final, described(grade)
        assert grade.points == grade.max_points, described(grade)
