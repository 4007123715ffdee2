from __future__ import annotations

import errno
import os
import shutil
import subprocess
import tarfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from checker.grading import Note, Submission, take_in
from checker.phrase import KataError
from checker.work import LARGEST_FILE, MOST_FILES, Work
from tests.grading.packing import (
    PLACE,
    WORK,
    Thing,
    into_folder,
    into_tar,
    into_tar_gz,
    into_zip,
    raw_zip,
    tree,
    work,
    zip_bytes,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from checker.exercise import Exercise
    from checker.grading import Intake

PACKED = pytest.mark.parametrize(
    ("pack", "suffix"), [(into_folder, ""), (into_zip, ".zip"), (into_tar_gz, ".tar.gz"), (into_tar, ".tar")]
)


def intake(path: Path | None, exercise: Exercise, into: Path) -> Intake:
    return take_in(Submission(student="kim", path=path), exercise, into)


@pytest.fixture
def plain(tmp_path: Path, exercise: Exercise) -> Intake:
    """Honest work, as a folder."""
    return intake(into_folder(tmp_path / "plain", work()), exercise, tmp_path / "plain-taken")


@PACKED
@pytest.mark.parametrize(
    "place", ["exercises/01_first", "01_first", "docker-kata-main/exercises/01_first", "some folder/01_first"]
)
def test_the_same_work_is_the_same_wherever_it_lies(
    pack: Callable[..., Path], suffix: str, place: str, exercise: Exercise, tmp_path: Path, plain: Intake
) -> None:
    """A course's repo or the exercise alone, perhaps one folder deeper, in any packing: the same files and digest."""
    taken = intake(pack(tmp_path / f"kim{suffix}", work(place)), exercise, tmp_path / "taken")
    assert taken == plain
    assert taken.state == "taken"
    assert {name: (tmp_path / "taken" / name).read_bytes() for name in taken.files} == WORK


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_each_kind_of_tar_is_read(form: int, exercise: Exercise, tmp_path: Path, plain: Intake) -> None:
    """POSIX, GNU and pax archives, whose long paths are kept in three different ways, say the same."""
    # ustar can split a path between its folder's name and its own, which have 155 and 100 bytes
    place = "a-folder-of-a-name-that-is-long-enough-to-need-the-second-field-of-a-posix-header-as-its-file/" + PLACE
    taken = intake(into_tar_gz(tmp_path / "kim.tar.gz", work(place), form), exercise, tmp_path / "taken")
    assert taken == plain


def test_what_the_systems_tar_makes_is_read(exercise: Exercise, tmp_path: Path, plain: Intake) -> None:
    """An archive made with tar's own program, with its folders and its leading ./, is read."""
    folder = into_folder(tmp_path / "repo", work())
    subprocess.run(["tar", "-czf", tmp_path / "kim.tgz", "-C", folder, "."], check=True)
    assert intake(tmp_path / "kim.tgz", exercise, tmp_path / "taken") == plain


def test_what_git_archives_is_read(exercise: Exercise, tmp_path: Path, plain: Intake) -> None:
    """Both archives that git makes, and that GitHub hands out, are read."""
    folder = into_folder(tmp_path / "repo", work())
    git = ["git", "-C", str(folder), "-c", "user.name=kim", "-c", "user.email=kim@example.org"]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "-qm", "work"], check=True)
    for suffix in ("zip", "tar.gz"):
        out = tmp_path / f"kim.{suffix}"
        subprocess.run([*git, "archive", "--prefix=docker-kata-main/", "-o", out, "HEAD"], check=True)
        assert intake(out, exercise, tmp_path / suffix) == plain


def test_a_stored_zip_with_a_comment_is_read(exercise: Exercise, tmp_path: Path, plain: Intake) -> None:
    """Members that are not compressed, and a comment behind the archive, are as good as any."""
    path = tmp_path / "kim.zip"
    path.write_bytes(zip_bytes(work(), zipfile.ZIP_STORED))
    with zipfile.ZipFile(path, "a") as archive:
        archive.comment = b"handed in by kim"
    assert intake(path, exercise, tmp_path / "taken") == plain


def test_a_zip_from_korean_windows_is_read(exercise: Exercise, tmp_path: Path) -> None:
    r"""Names in CP949 and backslashes between folders, as programs of Windows write them, are understood."""
    path = tmp_path / "kim.zip"
    path.write_bytes(raw_zip([(rb"exercises\01_first\run.sh", b"x"), ("01_첫째/x".encode("cp949"), b"")]))
    taken = intake(path, exercise, tmp_path / "taken")
    assert taken.files == ("run.sh",)
    path.write_bytes(raw_zip([(f"01_first/{name}".encode("cp949"), b"x") for name in ("run.sh", "메모.txt")]))
    assert intake(path, exercise, tmp_path / "again").files == ("run.sh", "메모.txt")


@pytest.mark.parametrize(
    "change",
    [
        pytest.param([Thing(f"{PLACE}/run.sh", b"#!/bin/sh\necho ho\n")], id="other bytes"),
        pytest.param([Thing(f"{PLACE}/more.sh")], id="one file more"),
        pytest.param([Thing(f"{PLACE}/run.sh", WORK["run.sh"], mode=0o755)], id="executable"),
    ],
)
@PACKED
def test_whatever_could_change_the_grade_changes_the_digest(
    pack: Callable[..., Path], suffix: str, change: list[Thing], exercise: Exercise, tmp_path: Path, plain: Intake
) -> None:
    """Names, bytes and the x bit count."""
    things = {thing.name: thing for thing in [*work(), *change]}
    taken = intake(pack(tmp_path / f"kim{suffix}", things.values()), exercise, tmp_path / "taken")
    assert taken.state == "taken"
    assert taken.digest != plain.digest


def test_what_cannot_change_the_grade_does_not_change_the_digest(
    exercise: Exercise, tmp_path: Path, plain: Intake
) -> None:
    """Order, times, who else may write, other exercises, git, and files that come from our own copy do not count."""
    ours = [Thing(f"{PLACE}/{name}", b"theirs") for name in ("README.md", "exercise.toml", "cold.txt", "app/server.py")]
    tools = [Thing(f"{PLACE}/{name}") for name in (".checks/test_first.py", ".git/config", "._run.sh", ".DS_Store")]
    other = [Thing("exercises/02_second/run.sh", b"x"), Thing(".git/config", b"x"), Thing("__MACOSX/01_first/run.sh")]
    folder = into_folder(tmp_path / "kim", [*reversed(work()), *ours, *tools, *other])
    os.utime(folder / PLACE / "run.sh", (1, 1))
    (folder / PLACE / "run.sh").chmod(0o666)
    assert intake(folder, exercise, tmp_path / "taken") == plain


@PACKED
def test_what_steers_pytest_is_left_out(
    pack: Callable[..., Path], suffix: str, exercise: Exercise, tmp_path: Path, plain: Intake
) -> None:
    """conftest.py and its like stay outside, wherever they lie, and both sides are told."""
    names = ("conftest.py", "pytest.ini", "pyproject.toml", "src/sitecustomize.py", "tox.ini")
    things = [*work(), *(Thing(f"{PLACE}/{name}", b"raise SystemExit(0)") for name in names), Thing("conftest.py")]
    taken = intake(pack(tmp_path / f"kim{suffix}", things), exercise, tmp_path / "taken")
    assert taken.digest == plain.digest
    assert {note.key for note in taken.left_out} == {"grading.steers_us"}
    assert {note.blanks["file"] for note in taken.left_out} == set(names)
    assert taken.left_out[0].text.en == (
        "conftest.py was left out: pytest or Python would read it on its own, so it never reaches the checks."
    )
    assert taken.left_out[0].text.ko == (
        "conftest.py는 빼고 채점했어요. pytest나 Python이 스스로 읽는 파일이라서 check에는 전해지지 않아요."
    )


def test_intake_and_the_learners_own_run_see_the_same(exercise: Exercise, tmp_path: Path) -> None:
    """What is graded in class is what a learner's own run copies, also where there is too much of it."""
    more = [Thing(f"{PLACE}/{n % 7}/file-{n}.txt", b"x") for n in range(MOST_FILES + 50)]
    big = [Thing(f"{PLACE}/big.bin", bytes(LARGEST_FILE + 1)), Thing(f"{PLACE}/compose.yaml", b"x")]
    things = [*work(), *more, *big, Thing(f"{PLACE}/link", kind=tarfile.SYMTYPE, link="/etc/passwd")]
    folder = into_folder(tmp_path / "kim", things)
    taken = intake(folder, exercise, tmp_path / "taken")
    graded = Work.copy(exercise, tmp_path / "taken", tmp_path / "graded")
    alone = Work.copy(exercise, folder / PLACE, tmp_path / "alone")
    assert tree(graded.folder) == tree(alone.folder)
    assert {note.key for note in taken.left_out} == {"grading.beyond", "work.too_large", "work.link"}
    beyond = next(note for note in taken.left_out if note.key == "grading.beyond")
    assert beyond.text.en == f"{beyond.blanks['file']} was left out: only the first 300 files are taken in."
    assert "빼고 채점했어요. 파일은 300개까지만 받아요." in beyond.text.ko


@PACKED
def test_nothing_handed_in_is_missing(
    pack: Callable[..., Path], suffix: str, exercise: Exercise, tmp_path: Path
) -> None:
    """No exercise of this name, a folder without work, or no submission at all: missing, and nothing is written."""
    elsewhere = pack(tmp_path / f"kim{suffix}", work("exercises/02_second"))
    only_ours = pack(tmp_path / f"lee{suffix}", [Thing(f"{PLACE}/README.md", b"x")])
    for path in (elsewhere, only_ours, None):
        assert intake(path, exercise, tmp_path / "taken").state == "missing"
    assert not (tmp_path / "taken").exists()


def test_a_solutions_folder_is_not_a_submission(exercise: Exercise, tmp_path: Path) -> None:
    """A copy of somebody's solutions beside the work is not graded in its place."""
    folder = into_folder(tmp_path / "kim", work("solutions/01_first"))
    assert intake(folder, exercise, tmp_path / "taken").state == "missing"


@PACKED
def test_two_copies_are_refused(pack: Callable[..., Path], suffix: str, exercise: Exercise, tmp_path: Path) -> None:
    """Where it cannot be said which copy counts, none does, and the sentence names them."""
    path = pack(tmp_path / f"kim{suffix}", [*work("new/01_first"), *work("old/01_first")])
    taken = intake(path, exercise, tmp_path / "taken")
    assert taken.state == "refused"
    assert taken.reason is not None
    assert taken.reason.text.en == (
        "The exercise is in there more than once: new/01_first and old/01_first. Keep only the one that counts."
    )
    assert taken.reason.text.ko == (
        "이 연습문제 폴더가 여러 개 들어 있어요(new/01_first, old/01_first). 채점받을 것 하나만 남겨 주세요."
    )


def test_a_file_in_the_exercises_place_is_refused(exercise: Exercise, tmp_path: Path) -> None:
    """A file that is called like the exercise's folder is said to be one."""
    taken = intake(into_zip(tmp_path / "kim.zip", [Thing(PLACE)]), exercise, tmp_path / "taken")
    assert taken.reason == Note("grading.not_a_folder", {"file": PLACE})
    assert taken.reason.text.en == "exercises/01_first should be the exercise's folder, but is not a folder."
    assert taken.reason.text.ko == "exercises/01_first는 연습문제 폴더여야 하는데 폴더가 아니에요."


def test_what_goes_away_is_refused(exercise: Exercise, tmp_path: Path) -> None:
    """A submission that is no longer there when its turn comes is refused with a sentence."""
    taken = intake(tmp_path / "gone.zip", exercise, tmp_path / "taken")
    assert taken.reason is not None
    assert taken.reason.text.en == "gone.zip could not be read. Who may read it? Look at its permissions."
    assert taken.reason.text.ko == "gone.zip을 읽을 수 없었어요. 읽기 권한이 있는지 살펴봐 주세요."


def test_a_full_disk_is_told_as_ours(exercise: Exercise, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the work cannot be written, an error of ours says so, and no half of it stays."""

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    folder = into_folder(tmp_path / "kim", work())
    monkeypatch.setattr(Path, "chmod", full)
    with pytest.raises(KataError) as caught:
        intake(folder, exercise, tmp_path / "taken")
    assert caught.value.cause.en == f"{tmp_path / 'taken'} cannot be written: No space left on device"
    assert caught.value.remedy.en.startswith("Make room or permissions, and run the same command again")
    assert caught.value.cause.ko == f"{tmp_path / 'taken'}에 쓸 수 없어요: No space left on device"
    assert caught.value.remedy.ko.endswith("멈춘 곳부터 이어서 해요.")
    assert not (tmp_path / "taken").exists()


def test_only_a_fresh_folder_is_written_into(exercise: Exercise, tmp_path: Path) -> None:
    """An empty folder will do; one with something in it is refused and stays as it is."""
    folder = into_folder(tmp_path / "kim", work())
    (tmp_path / "empty").mkdir()
    assert intake(folder, exercise, tmp_path / "empty").state == "taken"
    shutil.copytree(tmp_path / "empty", tmp_path / "before")
    with pytest.raises(KataError, match="empty"):
        intake(folder, exercise, tmp_path / "empty")
    assert tree(tmp_path / "empty") == tree(tmp_path / "before")


def test_archives_are_known_by_what_they_are(exercise: Exercise, tmp_path: Path, plain: Intake) -> None:
    """A zip file that is called .tar.gz, and the other way round, is read for what it is."""
    assert intake(into_zip(tmp_path / "kim.tar.gz", work()), exercise, tmp_path / "1") == plain
    assert intake(into_tar_gz(tmp_path / "kim.zip", work()), exercise, tmp_path / "2") == plain
