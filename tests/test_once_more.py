"""A test that fails is run once more where the engine has lost something meanwhile, and nowhere else."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from checker.engine import Place

ROOT = Path(__file__).resolve().parent.parent
FAILS_AT_FIRST = """
import pathlib, pytest

@pytest.fixture
def runs():
    file = pathlib.Path(__file__).with_name("runs")
    file.open("a").write("x")
    return len(file.read_text())

@pytest.mark.docker
def test_fails_at_first(runs):
    assert runs > 1
"""


@pytest.mark.parametrize(("minutes", "code"), [(1, 0), (-1, 1)], ids=["meanwhile", "before"])
def test_a_loss_gives_another_try(tmp_path: Path, minutes: int, code: int) -> None:
    """With a loss in the time of the test it is run again, with fixtures of its own, and reported once."""
    when = (datetime.now(UTC) + timedelta(minutes=minutes)).isoformat()
    log = Place(data=tmp_path / "data").log
    log.parent.mkdir(parents=True)
    log.write_text(f'time="{when}" level=error msg="stream copy error: reading from a closed fifo"\n', "utf-8")
    (tmp_path / "test_it.py").write_text(FAILS_AT_FIRST, "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "tests.once_more", "-p", "no:cacheprovider", str(tmp_path)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "KATA_DATA": str(tmp_path / "data")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stdout
    assert ("1 passed" if code == 0 else "1 failed") in done.stdout
