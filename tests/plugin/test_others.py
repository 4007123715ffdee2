from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.plugin.conftest import SmallCourse

ROOT = Path(__file__).resolve().parent.parent.parent
CHECKS = "def test_one(): pass\ndef test_two(): pass"
NOISY = """
from pathlib import Path
Path(__file__).with_name("loaded").touch()
def pytest_addoption(parser):
    parser.addoption("--noise")
"""


class Installed:
    """A plugin that is installed beside ours, and that leaves a file where it is loaded."""

    def __init__(self, folder: Path) -> None:
        about = folder / "noisy-1.0.dist-info"
        about.mkdir(parents=True)
        (folder / "noisy.py").write_text(NOISY, encoding="utf-8")
        (about / "METADATA").write_text("Metadata-Version: 2.1\nName: noisy\nVersion: 1.0\n", encoding="utf-8")
        (about / "entry_points.txt").write_text("[pytest11]\nnoisy = noisy\n", encoding="utf-8")
        (about / "RECORD").write_text("noisy.py,,\n", encoding="utf-8")
        self.path = os.pathsep.join([str(folder), str(ROOT)])
        self._loaded = folder / "loaded"

    @property
    def was_loaded(self) -> bool:
        return self._loaded.exists()


@pytest.fixture
def noisy(tmp_path: Path, small: SmallCourse) -> Installed:
    """The other plugin, and a course whose checks pass."""
    small.write(CHECKS)
    return Installed(tmp_path / "installed")


@pytest.mark.parametrize("asked", [[], ["-k", "one"], ["--lf"], ["--junit-xml=junit.xml"], ["--work=."]])
def test_nobody_waits_for_a_plugin_that_was_not_asked_for(
    small: SmallCourse, noisy: Installed, asked: list[str]
) -> None:
    """With options that pytest or the course have themselves, other people's plugins stay where they are."""
    small.run("exercises/01", *asked, PYTHONPATH=noisy.path)
    assert not noisy.was_loaded


@pytest.mark.parametrize("asked", [["--noise=loud"], ["--noise", "loud"], ["--html=report.html"], ["-n", "1"]])
def test_an_option_that_only_a_plugin_can_know_has_it_loaded(
    small: SmallCourse, noisy: Installed, asked: list[str]
) -> None:
    """Options of installed plugins work as if pytest had loaded them by itself."""
    ran = small.run("exercises/01", *asked, PYTHONPATH=noisy.path)
    assert (ran.code, noisy.was_loaded) == (0, True)


def test_an_option_may_come_from_the_environment(small: SmallCourse, noisy: Installed) -> None:
    """PYTEST_ADDOPTS counts like the command line."""
    ran = small.run("exercises/01", PYTHONPATH=noisy.path, PYTEST_ADDOPTS="--noise=loud")
    assert (ran.code, noisy.was_loaded) == (0, True)


def test_help_shows_what_every_installed_plugin_offers(small: SmallCourse, noisy: Installed) -> None:
    """``pytest --help`` knows their options as well."""
    ran = small.run("--help", PYTHONPATH=noisy.path)
    assert all(option in ran.out for option in ("--noise", "--html", "--numprocesses", "--work"))


def test_an_option_that_nobody_knows_is_told_as_pytest_tells_it(small: SmallCourse, noisy: Installed) -> None:
    """Also where every plugin was asked, an unknown option ends with pytest's own sentence."""
    ran = small.run("exercises/01", "--nois", PYTHONPATH=noisy.path)
    assert "unrecognized arguments: --nois" in ran.err


def test_who_forbids_plugins_in_the_environment_gets_none(small: SmallCourse, noisy: Installed) -> None:
    """The variable that pytest has for it is respected, whatever options there are."""
    ran = small.run("exercises/01", "--noise=loud", PYTHONPATH=noisy.path, PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")
    assert "unrecognized arguments: --noise=loud" in ran.err
    assert not noisy.was_loaded
