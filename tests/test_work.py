from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from checker.exercise import Exercise
from checker.phrase import Text
from checker.verdict import Mistake
from checker.work import LARGEST_FILE, Work

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def exercise(tmp_path: Path) -> Exercise:
    folder = tmp_path / "exercises" / "01_first"
    (folder / ".checks" / "given" / "app").mkdir(parents=True)
    (folder / ".checks" / "given" / "app" / "server.py").write_text("ours")
    return Exercise(
        folder=folder,
        title=Text(en="", ko=""),
        files=("run.sh", "answers.toml"),
        made=("cold.txt",),
        images=(),
        pulls=(),
        changes=(),
        seconds=1,
        allow=(),
        checks=(),
        hints=(),
        mistakes={},
    )


@pytest.fixture
def source(tmp_path: Path) -> Path:
    source = tmp_path / "theirs"
    (source / "app").mkdir(parents=True)
    (source / "run.sh").write_text("#!/bin/sh\necho hi\n")
    return source


@pytest.fixture
def copied(exercise: Exercise, source: Path, tmp_path: Path) -> Work:
    return Work.copy(exercise, source, tmp_path / "copy")


def copy_again(exercise: Exercise, source: Path, tmp_path: Path) -> Work:
    return Work.copy(exercise, source, tmp_path / "again")


def key(work: Work, name: str) -> tuple[str, ...]:
    with pytest.raises(Mistake) as caught:
        work.script(name)
    return (caught.value.key, *map(str, caught.value.blanks.values()))


def test_work_is_copied_and_never_touched(copied: Work, source: Path) -> None:
    """A run works on a copy; what a script does to it does not reach the learner's folder."""
    copied.script("run.sh").write_text("changed")
    assert (source / "run.sh").read_text() == "#!/bin/sh\necho hi\n"


def test_what_is_ours_cannot_be_replaced(exercise: Exercise, source: Path, tmp_path: Path) -> None:
    """The app a learner must not edit comes from us, also where they edited it."""
    (source / "app" / "server.py").write_text("theirs")
    work = copy_again(exercise, source, tmp_path)
    assert (work.folder / "app" / "server.py").read_text() == "ours"


def test_what_is_ours_cannot_be_shadowed_by_a_file(exercise: Exercise, source: Path, tmp_path: Path) -> None:
    """A learner's file where we have a folder, or the other way round, does not hide ours."""
    (source / "app").rmdir()
    (source / "app").write_text("a file")
    work = copy_again(exercise, source, tmp_path)
    assert (work.folder / "app" / "server.py").read_text() == "ours"


def test_files_of_their_own_come_along(exercise: Exercise, source: Path, tmp_path: Path) -> None:
    """A learner may call a file of their own from a script; notes of ours and finished results stay behind."""
    for name in ("compose.yaml", "README.md", "exercise.toml", "cold.txt", "conftest.py"):
        (source / name).write_text("x")
    (source / "tools").mkdir()
    (source / "tools" / "helper.py").write_text("x")
    (source / ".git").mkdir()
    (source / ".git" / "config").write_text("x")
    work = copy_again(exercise, source, tmp_path)
    found = {str(path.relative_to(work.folder)) for path in work.folder.rglob("*") if path.is_file()}
    assert found == {"run.sh", "compose.yaml", "tools/helper.py", "app/server.py"}


def test_links_are_not_followed(exercise: Exercise, source: Path, tmp_path: Path) -> None:
    """A link to a file or folder outside brings nothing of it along."""
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "key").write_text("secret")
    (source / "key").symlink_to(tmp_path / "secret" / "key")
    (source / "folder").symlink_to(tmp_path / "secret")
    work = copy_again(exercise, source, tmp_path)
    assert not [path for path in work.folder.rglob("*") if "key" in path.name]


def test_x_bit_and_shebang_are_not_asked_for(exercise: Exercise, source: Path, tmp_path: Path) -> None:
    """Both get lost on the way through a browser; a script without them is still a script."""
    (source / "run.sh").write_text("echo hi\n")
    (source / "run.sh").chmod(0o644)
    assert copy_again(exercise, source, tmp_path).script("run.sh").read_text() == "echo hi\n"


def test_a_comment_in_another_encoding_is_fine(exercise: Exercise, source: Path, tmp_path: Path) -> None:
    """A shell does not care about the encoding of a comment, so neither do we."""
    (source / "run.sh").write_bytes("#!/bin/sh\n# 안녕\necho hi\n".encode("euc-kr"))
    assert copy_again(exercise, source, tmp_path).script("run.sh")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", ("work.empty", "run.sh")),
        (b" \n\n", ("work.empty", "run.sh")),
        (b"#!/bin/sh\r\necho hi\r\n", ("work.crlf", "run.sh")),
        ("#!/bin/sh\necho hi\n".encode("utf-16"), ("work.not_utf8", "run.sh")),
        (b"x" * (LARGEST_FILE + 1), ("work.too_large", "run.sh", "1")),
    ],
)
def test_a_script_that_cannot_run_says_why(
    exercise: Exercise, source: Path, tmp_path: Path, content: bytes, expected: tuple[str, ...]
) -> None:
    """Empty, Windows line ends, UTF-16, far too large: each has its own sentence."""
    (source / "run.sh").write_bytes(content)
    assert key(copy_again(exercise, source, tmp_path), "run.sh") == expected


def test_what_is_no_file_says_what_it_is(exercise: Exercise, source: Path, tmp_path: Path) -> None:
    """Missing, a link (also one that leads nowhere), a folder, a pipe: each has its own sentence, and none hangs."""
    (source / "run.sh").unlink()
    assert key(copy_again(exercise, source, tmp_path), "run.sh") == ("work.missing", "run.sh")
    (source / "run.sh").symlink_to("/nowhere")
    assert key(copy_again(exercise, source, tmp_path), "run.sh") == ("work.link", "run.sh")
    (source / "run.sh").unlink()
    os.mkfifo(source / "run.sh")
    assert key(copy_again(exercise, source, tmp_path), "run.sh") == ("work.not_a_file", "run.sh")
    (source / "run.sh").unlink()
    (source / "run.sh").mkdir()
    assert key(copy_again(exercise, source, tmp_path), "run.sh") == ("work.folder", "run.sh")


def test_answers_are_text(exercise: Exercise, source: Path, tmp_path: Path) -> None:
    """Text is read as UTF-8, with or without a byte order mark; anything else says so."""
    (source / "answers.toml").write_bytes(b"\xef\xbb\xbfa = 1\n")
    assert copy_again(exercise, source, tmp_path).text("answers.toml") == "a = 1\n"
    (source / "answers.toml").write_bytes(b"a = '\xff'\n")
    with pytest.raises(Mistake) as caught:
        copy_again(exercise, source, tmp_path).text("answers.toml")
    assert caught.value.key == "work.not_utf8"


def test_a_folder_that_is_not_there_is_missing_files(exercise: Exercise, tmp_path: Path) -> None:
    """Work that was never handed in is not a crash; its files are missing."""
    assert key(Work.copy(exercise, tmp_path / "nobody", tmp_path / "copy"), "run.sh") == ("work.missing", "run.sh")


def test_ours_is_put_where_the_learner_has_something_else(copied: Work, tmp_path: Path) -> None:
    """A file, a folder or a link in the way gives way, and nothing that a link leads to is written to."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "notes").write_text("theirs")
    (copied.folder / "app").rename(copied.folder / "moved")
    (copied.folder / "app").symlink_to(outside)
    (copied.folder / "words.txt").symlink_to(outside / "notes")
    (copied.folder / "list").mkdir()
    (copied.folder / "list" / "inside").touch()
    (copied.folder / "deploy").touch()
    for name in ("app/notes", "words.txt", "list", "deploy/deep/key"):
        copied.put(name, "밥\n")
        assert (copied.folder / name).read_text(encoding="utf-8") == "밥\n"
        assert (copied.folder / name).stat().st_mode & 0o7777 == 0o644
    assert [path.name for path in outside.iterdir()] == ["notes"]
    assert (outside / "notes").read_text() == "theirs"


def test_what_is_replaced_keeps_its_mode(copied: Work) -> None:
    """A program stays one when its words are replaced."""
    (copied.folder / "run.sh").chmod(0o755)
    copied.put("run.sh", "#!/bin/sh\n")
    assert (copied.folder / "run.sh").stat().st_mode & 0o7777 == 0o755


FROM_A = "\nFROM a\n"


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("Dockerfile", "# syntax=docker/dockerfile:1", "# syntax docker/dockerfile:1"),
        (
            "prod.Dockerfile",
            "#syntax = docker.io/docker/dockerfile:1.7\r",
            "#syntax   docker.io/docker/dockerfile:1.7\r",
        ),
        ("Dockerfile.dev", "\ufeff# escape=`\n# SYNTAX=docker/dockerfile:1.7.1 ", None),
        ("Dockerfile", "# syntax=docker/dockerfile:1-labs", ""),
        ("Dockerfile", "# syntax=somebody/dockerfile:1", ""),
        ("Dockerfile", "FROM b\n# syntax=docker/dockerfile:1", ""),
        ("Dockerfile", "# a word before\n# syntax=docker/dockerfile:1", ""),
        ("run.sh", "# syntax=docker/dockerfile:1", ""),
    ],
)
def test_what_every_engine_has_built_in_is_not_fetched(
    exercise: Exercise, source: Path, tmp_path: Path, name: str, before: str, after: str | None
) -> None:
    """The line that names Docker's own frontend is a comment in the copy; any other line stays as it is."""
    (source / name).write_bytes((before + FROM_A).encode())
    copy = Work.copy(exercise, source, tmp_path / "copy").folder / name
    wanted = before.replace("SYNTAX=", "SYNTAX ") if after is None else after or before
    assert copy.read_bytes().decode() == wanted + FROM_A
