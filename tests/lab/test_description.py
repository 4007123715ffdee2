"""``KATA_LAB``, and what is said where it leads to no lab."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from checker.lab import LEARNER, Inside
from checker.phrase import KataError
from checker.workbench.in_lab import InLab
from checker.workbench.seat import seat

if TYPE_CHECKING:
    from pathlib import Path


def test_a_description_that_is_none_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """KATA_LAB that leads nowhere, or to something else, is an error of ours with a remedy."""
    assert Inside.here() is None
    for text in (None, "[1]", "{", '{"pid": 1}'):
        file = tmp_path / "lab.json"
        file.unlink(missing_ok=True)
        if text is not None:
            file.write_text(text, encoding="utf-8")
        monkeypatch.setenv("KATA_LAB", str(file))
        with pytest.raises(KataError) as caught:
            Inside.here()
        assert caught.value.key == "lab.no_description"
        assert "describes no lab" in caught.value.cause.en
        assert "랩 설명이 없어요" in caught.value.cause.ko


def test_what_is_written_down_is_read_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The description of a lab leads a process to just that lab."""
    inside = Inside(container="c" * 64, engine="unix:///run/outer.sock", client="/bin/docker", pid=7, runs="/runs")
    for name, value in inside.describe(tmp_path / "lab.json").items():
        monkeypatch.setenv(name, value)
    assert Inside.here() == inside


def test_programs_are_looked_for_in_the_lab() -> None:
    """A lab has a program if its own file system does, whatever this machine has."""
    inside = Inside(container="c", engine="", client="", pid=os.getpid(), runs="")
    assert inside.has("/bin/sh")
    assert inside.has("sh")
    assert not inside.has("/bin/no-such-program")
    assert not inside.has("no-such-program")


def test_without_a_lab_scripts_run_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """A script's seat is this machine, and in a lab if KATA_LAB names one, where its guard lets the lab's user in."""
    monkeypatch.delenv("KATA_LAB", raising=False)
    assert seat().group is None
    here = InLab(Inside(container="c", engine="", client="", pid=1, runs="/somewhere/runs"))
    assert here.group == LEARNER
    assert str(here.runs) == "/somewhere/runs"


def test_what_a_check_puts_in_front_stands_in_front_in_a_lab_too() -> None:
    """A script in a lab finds the lab's programs, after those in a folder of its run's that a check has put first."""
    here = InLab(Inside(container="c", engine="", client="", pid=1, runs="/somewhere/runs"))
    theirs = here.variables({"PATH": "/usr/sbin:/usr/bin", "KATA_VALUE": "x"})
    ours = here.variables({"PATH": "/somewhere/runs/1/work/.ours:/usr/sbin:/usr/bin"})
    assert theirs["KATA_VALUE"] == "x"
    assert theirs["PATH"].startswith("/usr/local/bin:")
    assert ours["PATH"] == f"/somewhere/runs/1/work/.ours:{theirs['PATH']}"
