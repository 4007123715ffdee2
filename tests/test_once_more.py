"""A test that fails is run once more where the engine has lost something meanwhile, and nowhere else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from checker.phrase import KataError
from tests import once_more

if TYPE_CHECKING:
    from checker.engine import Engine

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


@pytest.mark.parametrize(("lost", "code"), [(True, 0), (False, 1)])
def test_a_loss_gives_another_try(tmp_path: Path, *, lost: bool, code: int) -> None:
    """With a loss in the time of the test it is run again, with fixtures of its own, and reported once."""
    (tmp_path / "test_it.py").write_text(FAILS_AT_FIRST, "utf-8")
    patch = f"import tests.once_more\ntests.once_more._has_lost_output = lambda _: {lost}\n"
    (tmp_path / "conftest.py").write_text(patch, "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "tests.once_more", "-p", "no:cacheprovider", str(tmp_path)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stdout
    assert ("1 passed" if code == 0 else "1 failed") in done.stdout


def test_where_no_engine_answers_nothing_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test whose engine has gone has failed, and the run goes on to say so."""

    def nobody() -> Engine:
        raise KataError("engine.gone")

    monkeypatch.setattr(once_more, "find_engine", nobody)
    assert not once_more._has_lost_output(0)
