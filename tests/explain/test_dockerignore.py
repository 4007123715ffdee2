"""Which line of a ``.dockerignore`` keeps a file out, held against what the builder does (marked docker)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from checker.explain.dockerignore import excluded_by

if TYPE_CHECKING:
    from pathlib import Path

    from tests.explain.conftest import Desk

CASES = [
    ("*.py", "a.py", True),
    ("*.py", "app/a.py", False),
    ("**/*.py", "app/a.py", True),
    ("**/*.py", "a.py", True),
    ("**.py", "app/deep/a.py", True),
    ("app", "app/a.py", True),
    ("/app/", "app/a.py", True),
    ("./app", "app/a.py", True),
    ("app/**", "app/deep/a.py", True),
    ("app/*/a.py", "app/deep/a.py", True),
    ("app/*/a.py", "app/a.py", False),
    ("a?.py", "ab.py", True),
    ("[ab].py", "a.py", True),
    ("[^ab].py", "a.py", False),
    ("*\n!a.py", "a.py", False),
    ("*\n!a.py", "b.py", True),
    ("!a.py\n*", "a.py", True),
    ("app\n!app/a.py", "app/a.py", False),
    ("# a.py", "a.py", False),
    ("\n\n  a.py  ", "a.py", True),
    ("ap", "app/a.py", False),
    ("**", "app/a.py", True),
]


@pytest.mark.parametrize(("lines", "path", "excluded"), CASES)
def test_a_pattern_excludes_what_docker_excludes(tmp_path: Path, lines: str, path: str, *, excluded: bool) -> None:
    """Patterns mean what Docker's documentation says they mean."""
    (tmp_path / ".dockerignore").write_text(lines)
    assert (excluded_by(tmp_path, path) is not None) == excluded


@pytest.mark.docker
@pytest.mark.parametrize(("lines", "path", "excluded"), CASES)
def test_the_builder_agrees(desk: Desk, lines: str, path: str, *, excluded: bool) -> None:
    """The same cases, asked of the builder itself: what is excluded cannot be copied."""
    desk.write(path, "")
    desk.write(".dockerignore", lines)
    said = desk.build(f"FROM scratch\nCOPY {path} /x\n")
    assert ("ERROR: failed to solve" in said) == excluded


def test_the_last_matching_line_is_named(tmp_path: Path) -> None:
    """The line that decides is the last that matches."""
    (tmp_path / ".dockerignore").write_text("# first\n*.py\n!b.py\napp\n*.p?\n")
    assert excluded_by(tmp_path, "a.py") == (".dockerignore:5", "*.p?")


def test_a_file_of_its_own_for_the_dockerfile_counts_alone(tmp_path: Path) -> None:
    """``Dockerfile.dockerignore`` replaces ``.dockerignore``."""
    (tmp_path / ".dockerignore").write_text("a\n")
    (tmp_path / "Dockerfile.dockerignore").write_text("b\n")
    assert excluded_by(tmp_path, "a") is None
    assert excluded_by(tmp_path, "b") == ("Dockerfile.dockerignore:1", "b")


def test_no_file_excludes_nothing(tmp_path: Path) -> None:
    """Without such a file everything is in the context."""
    assert excluded_by(tmp_path, "a") is None


def test_a_hostile_pattern_takes_no_time(tmp_path: Path) -> None:
    """Stars upon stars do not make the search slow."""
    (tmp_path / ".dockerignore").write_text("**/" * 2_000 + "x\n" + "*a" * 200 + "b\n" + "[" * 500)
    assert excluded_by(tmp_path, "/".join(["a" * 200] * 40)) is None
