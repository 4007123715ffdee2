"""Cases 60 to 64 of the hostile ones, each beside an honest neighbour, and whatever else an archive may be."""

from __future__ import annotations

import os
import socket
import struct
import tarfile
import tempfile
import tracemalloc
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from checker.grading import Limits, Submission, submissions, take_in
from checker.grading.names import is_ordinary, shown
from checker.work import LARGEST_FILE
from tests.grading.conftest import make_exercise
from tests.grading.packing import (
    PLACE,
    WORK,
    Thing,
    gz,
    into_folder,
    into_tar_gz,
    into_zip,
    raw_zip,
    tar_bytes,
    tree,
    work,
    zip_bytes,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from checker.exercise import Exercise
    from checker.grading import Intake

SECRET = b"root:$6$secret"
RUN = f"{PLACE}/run.sh"


def tarred(*things: Thing) -> Callable[[Path], Path]:
    return lambda folder: into_tar_gz(folder / "mallory.tar.gz", [*things, *work()])


def zipped(*things: Thing) -> Callable[[Path], Path]:
    return lambda folder: into_zip(folder / "mallory.zip", [*things, *work()])


def raw(data: bytes, name: str = "mallory.zip") -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        (folder / name).write_bytes(data)
        return folder / name

    return write


def unpacked(*things: Thing, without: str = "") -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        kept = [thing for thing in work() if thing.name != f"{PLACE}/{without}"]
        return into_folder(folder / "mallory", [*kept, *things])

    return write


def fifo(folder: Path) -> Path:
    path = into_folder(folder / "mallory", work())
    (path / RUN).unlink()
    os.mkfifo(path / RUN)
    return path


def a_socket(folder: Path) -> Path:
    path = into_folder(folder / "mallory", work())
    (path / RUN).unlink()
    here = Path.cwd()
    os.chdir(path / PLACE)  # a socket's address is short
    try:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind("run.sh")
    finally:
        os.chdir(here)
    return path


def linked_folder(folder: Path) -> Path:
    path = folder / "mallory"
    path.mkdir()
    (path / "exercises").symlink_to(folder.parent / "secrets")
    return path


def deep(folder: Path) -> Path:
    return into_folder(folder / "mallory", [*work(), Thing(f"{PLACE}/{'d/' * 40}x")])


def link(name: str, to: str) -> Thing:
    return Thing(name, kind=tarfile.SYMTYPE, link=to)


def bomb(folder: Path) -> Path:
    return into_tar_gz(folder / "mallory.tar.gz", [*work(), Thing("zeros", bytes(40_000_000))])


def large(folder: Path) -> Path:
    return into_zip(folder / "mallory.zip", [Thing(RUN, bytes(LARGEST_FILE + 1))])


REFUSED = {
    "60 tar: up": (tarred(Thing("../../evil")), "grading.escapes"),
    "60 tar: up, from inside": (tarred(Thing(f"{PLACE}/../../../../evil")), "grading.escapes"),
    "60 tar: absolute": (tarred(Thing("/var/evil")), "grading.escapes"),
    "60 zip: up": (zipped(Thing("../../evil")), "grading.escapes"),
    "60 zip: absolute": (zipped(Thing("/var/evil")), "grading.escapes"),
    "60 zip: up, as on Windows": (raw(raw_zip([(rb"..\..\evil", b"x")])), "grading.escapes"),
    "60 zip: another drive": (raw(raw_zip([(b"C:/evil", b"x")])), "grading.escapes"),
    "60 zip: a zero in a name": (raw(raw_zip([(b"run.sh\0.txt", b"x")])), "grading.escapes"),
    "60 tar: through a link": (
        lambda f: into_tar_gz(f / "mallory.tar.gz", [link(PLACE, "/var"), *work()]),
        "grading.twice",
    ),
    "60 tar: through a link above": (tarred(link("exercises", "/var")), "grading.twice"),
    "60 tar: a file twice": (tarred(Thing(RUN, b"other")), "grading.twice"),
    "60 tar: a file twice, by another path": (tarred(Thing(f"./{PLACE}/.//run.sh", b"other")), "grading.twice"),
    "60 zip: a file that is a folder": (zipped(Thing("exercises")), "grading.twice"),
    "61 tar: link": (lambda f: into_tar_gz(f / "mallory.tar.gz", [link(RUN, "/etc/shadow")]), "work.link"),
    "61 tar: hard link": (
        lambda f: into_tar_gz(f / "mallory.tar.gz", [Thing(RUN, kind=tarfile.LNKTYPE, link="/etc/shadow")]),
        "work.link",
    ),
    "61 zip: link": (lambda f: into_zip(f / "mallory.zip", [link(RUN, "/etc/shadow")]), "work.link"),
    "61 folder: link": (unpacked(link(RUN, "../../../../secrets/shadow"), without="run.sh"), "work.link"),
    "61 folder: link to a good file": (unpacked(link(RUN, "Dockerfile"), without="run.sh"), "work.link"),
    "61 folder: the exercise's folder is a link": (linked_folder, "work.link"),
    "62 folder: pipe": (fifo, "work.not_a_file"),
    "62 folder: socket": (a_socket, "work.not_a_file"),
    "62 tar: pipe": (
        lambda f: into_tar_gz(f / "mallory.tar.gz", [Thing(RUN, kind=tarfile.FIFOTYPE)]),
        "work.not_a_file",
    ),
    "62 tar: device": (
        lambda f: into_tar_gz(f / "mallory.tar.gz", [Thing(RUN, kind=tarfile.CHRTYPE)]),
        "work.not_a_file",
    ),
    "62 zip: pipe": (lambda f: into_zip(f / "mallory.zip", [Thing(RUN, kind=tarfile.FIFOTYPE)]), "work.not_a_file"),
    "63 tar: 40 MB in 40 KB": (bomb, "grading.unpacks_to_too_much"),
    "63 zip: larger than it says": (
        raw(raw_zip([(RUN.encode(), bytes(5_000_000))], says=100_000)),
        "grading.larger_than_it_says",
    ),
    "63 zip: large, and says so": (large, "work.too_large"),
    "63 zip: many members": (zipped(*(Thing(f"x/{n}") for n in range(500))), "grading.too_many_entries"),
    "63 tar: many members": (tarred(*(Thing(f"x/{n}") for n in range(500))), "grading.too_many_entries"),
    "63 folder: many files": (unpacked(*(Thing(f"{PLACE}/{n}") for n in range(500))), "grading.too_many_entries"),
    "63 folder: deep": (deep, "grading.too_deep"),
    "63 zip: deep": (zipped(Thing("d/" * 40 + "x")), "grading.too_deep"),
    "63 folder: many large files": (
        unpacked(*(Thing(f"{PLACE}/{n}", bytes(900_000)) for n in range(5))),
        "grading.too_much_work",
    ),
    "63 zip: encrypted": (raw(raw_zip([(RUN.encode(), b"x")], flags=1)), "grading.encrypted"),
    "63 zip: another method": (raw(raw_zip([(RUN.encode(), b"x")], method=14)), "grading.bad_archive"),
    "nothing in it": (raw(b""), "grading.bad_archive"),
    "no archive": (raw(b"PK, said the student"), "grading.bad_archive"),
    "no gzip": (raw(b"\x1f\x8bno"), "grading.bad_archive"),
    "half a tar": (raw(tar_bytes(work())[:1500]), "grading.bad_archive"),
    "a tar with a wrong check sum": (
        raw(tar_bytes(work()).replace(b"0000644", b"0000645", 1), "mallory.tar"),
        "grading.bad_archive",
    ),
    "half a gzip": (raw(gz(tar_bytes(work()))[:-40]), "grading.bad_archive"),
    "half a zip": (raw(zip_bytes(work())[:-10]), "grading.bad_archive"),
    "a zip with a wrong mark": (raw(zip_bytes(work()).replace(b"PK\1\2", b"PK\1\3")), "grading.bad_archive"),
    "a large archive": (raw(bytes(3_000_000)), "grading.archive_too_large"),
}
TIGHT = Limits(archive=2_000_000, unpacked=20_000_000, entries=400, depth=20, work=4_000_000)
SAID = {
    "grading.escapes": (
        "The archive has a file that would be unpacked outside its own folder: ",
        "압축을 풀면 폴더 바깥에 놓이게 되는 파일이 들어 있어요: ",
    ),
    "grading.twice": (
        "twice, or as a file and as a folder, so nobody can say which one counts.",
        "두 번 들어 있거나 파일이면서 폴더이기도 해서, 어느 쪽을 봐야 할지 알 수 없어요.",
    ),
    "work.link": ("is a link. Put the file itself there", "링크예요. 제출할 때 함께 갈 수 있도록"),
    "work.not_a_file": ("is not a regular file (it is a pipe, socket or device).", "일반 파일이 아니에요"),
    "work.too_large": ("run.sh has 1 MB.", "1 MB나 돼요."),
    "grading.unpacks_to_too_much": (
        "The archive unpacks to more than 20 MB, so it was not read to its end.",
        "압축을 풀면 20 MB가 넘어서 끝까지 읽지 않았어요.",
    ),
    "grading.larger_than_it_says": (
        "run.sh unpacks to more than the archive says it does.",
        "run.sh가 압축 파일에 적힌 크기보다 크게 풀려요.",
    ),
    "grading.too_many_entries": (
        "There are more than 400 files and folders in it.",
        "파일과 폴더가 400개보다 많아요.",
    ),
    "grading.too_deep": (
        "Folders lie in folders more than 20 deep.",
        "폴더 안의 폴더가 20단계보다 깊어요.",
    ),
    "grading.too_much_work": (
        "The files for this exercise have more than 4 MB together.",
        "이 연습문제의 파일을 모두 합치면 4 MB가 넘어요.",
    ),
    "grading.encrypted": (
        "run.sh is protected by a password inside the archive. Pack your folder again without one.",
        "압축 파일 안의 run.sh에 암호가 걸려 있어요. 암호 없이 다시 압축해 주세요.",
    ),
    "grading.bad_archive": (
        "The archive is damaged, or packed in a way that is not read here. Pack your folder as a plain .zip",
        "압축 파일이 손상되었거나, 여기서 읽지 않는 방식으로 압축되어 있어요. 평범한 .zip이나",
    ),
    "grading.archive_too_large": ("mallory.zip is larger than 2 MB.", "mallory.zip이 2 MB보다 커요."),
}


def taken(submission: Submission, exercise: Exercise, into: Path, limits: Limits = TIGHT) -> Intake:
    return take_in(submission, exercise, into / submission.student, limits)


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    """Files outside the submissions that a link may point to."""
    folder = tmp_path / "secrets"
    (folder / "01_first").mkdir(parents=True)
    (folder / "01_first" / "run.sh").write_bytes(SECRET)
    (folder / "shadow").write_bytes(SECRET)
    return folder


@pytest.mark.parametrize("case", REFUSED)
def test_a_hostile_submission_is_refused_beside_an_honest_one(
    case: str, exercise: Exercise, handed_in: Path, secrets: Path, tmp_path: Path
) -> None:
    """It gets a sentence, nothing is written or read outside, and the neighbour's intake is what it was."""
    make, key = REFUSED[case]
    alone = taken(submissions(handed_in)[0], exercise, tmp_path / "alone")
    make(handed_in)
    before = tree(tmp_path)
    honest, mallory = submissions(handed_in)
    refused = taken(mallory, exercise, tmp_path / "class")
    assert tree(tmp_path) == before
    assert refused.state == "refused"
    assert refused.reason is not None
    assert refused.reason.key == key
    en, ko = SAID[key]
    assert en in refused.reason.text.en
    assert ko in refused.reason.text.ko
    assert taken(honest, exercise, tmp_path / "class") == alone
    assert tree(tmp_path / "class" / "honest") == tree(tmp_path / "alone" / "honest")


ODD = [
    "two\nlines",
    "\x1b[31mred",
    "-rf",
    "--help",
    "\u202egnp.sh",
    "$(reboot)",
    "`x`",
    "a;b",
    "x" * 201,
    " x",
    "x ",
    "'",
]


@pytest.mark.parametrize("name", ODD)
def test_an_odd_name_is_left_out_and_shown_harmlessly(
    name: str, exercise: Exercise, handed_in: Path, tmp_path: Path
) -> None:
    """64: such a file never gets a place on our disk; the rest is taken in, and the sentence is one plain line."""
    into_folder(handed_in / "mallory", [*work(), Thing(f"{PLACE}/{name}", b"x"), Thing(f"{PLACE}/d/{name}/x", b"x")])
    into_tar_gz(handed_in / "trudy.tar.gz", [*work(), Thing(f"{PLACE}/{name}", b"x")])
    into_zip(handed_in / "victor.zip", [*work(), Thing(f"{PLACE}/{name}", b"x")])
    honest, *others = (taken(one, exercise, tmp_path / "class") for one in submissions(handed_in))
    assert honest.left_out == ()
    for other in others:
        assert other.state == "taken"
        assert set(tree(tmp_path / "class" / other.student)) == set(WORK)
        assert {note.key for note in other.left_out} == {"grading.odd_name"}
        assert other.left_out[0].text.en.endswith(
            " was left out: its name has characters that only cause trouble, or begins with a hyphen."
        )
        assert "이름에 문제를 일으키는 글자가 있거나, 이름이 -로 시작해요." in other.left_out[0].text.ko
        assert all(c.isprintable() for note in other.left_out for c in note.text.en + note.text.ko)


def test_a_name_that_is_no_text_is_left_out(exercise: Exercise, handed_in: Path, tmp_path: Path) -> None:
    """64: bytes that are no UTF-8 are neither written nor shown."""
    folder = into_folder(handed_in / "mallory", work())
    (folder / PLACE / os.fsdecode(b"\xff\xfe")).write_bytes(b"x")
    (handed_in / "trudy.zip").write_bytes(
        raw_zip([(f"{PLACE}/run.sh".encode(), b"x"), (PLACE.encode() + b"/\xff", b"")])
    )
    for one in submissions(handed_in)[1:]:
        result = taken(one, exercise, tmp_path / "class")
        assert result.state == "taken"
        assert [note.key for note in result.left_out] == ["grading.odd_name"]
        result.left_out[0].text.en.encode()


def test_a_korean_name_is_ordinary(exercise: Exercise, handed_in: Path, tmp_path: Path) -> None:
    """Letters of any script are welcome in a name, composed as Linux or as macOS does."""
    names = ["한글.txt", "한글.md", "Änderung (1).txt", "日本語_v2.0.sh", "a+b=c@d,e#f~"]  # the second one decomposed
    into_folder(handed_in / "kim", [*work(), *(Thing(f"{PLACE}/{name}", b"x") for name in names)])
    assert set(taken(submissions(handed_in)[1], exercise, tmp_path / "class").files) == {*WORK, *names}


def measured(act: Callable[[], Intake]) -> tuple[Intake, int]:
    """Return what came of it, and the most memory in bytes that Python had at one time."""
    tracemalloc.start()
    try:
        return act(), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_what_is_larger_than_it_says_never_lies_in_memory(exercise: Exercise, handed_in: Path, tmp_path: Path) -> None:
    """63: a zip file's member is unpacked to as much as it says and no further."""
    (handed_in / "mallory.zip").write_bytes(raw_zip([(RUN.encode(), bytes(50_000_000))], says=100_000))
    refused, peak = measured(lambda: taken(submissions(handed_in)[1], exercise, tmp_path / "class"))
    assert refused.reason is not None
    assert refused.reason.key == "grading.larger_than_it_says"
    assert peak < 2_000_000


def test_an_archive_in_an_archive_stays_packed(exercise: Exercise, handed_in: Path, tmp_path: Path) -> None:
    """63: nothing inside a submission is ever unpacked again."""
    inner = zip_bytes([Thing("zeros", bytes(900_000))])
    into_zip(handed_in / "mallory.zip", [*work(), Thing(f"{PLACE}/more.zip", inner)])
    result = taken(submissions(handed_in)[1], exercise, tmp_path / "class")
    assert (tmp_path / "class" / "mallory" / "more.zip").read_bytes() == inner
    assert set(result.files) == {*WORK, "more.zip"}


def test_what_is_not_wanted_is_not_unpacked(exercise: Exercise, handed_in: Path, tmp_path: Path) -> None:
    """63: a member of a zip file that says it has gigabytes costs nothing where it is no part of the work."""
    bomb = raw_zip([(RUN.encode(), b"x"), (b"zeros", b"")]).replace(
        struct.pack("<2L", 2, 0), struct.pack("<2L", 2, 4_000_000_000)
    )
    (handed_in / "mallory.zip").write_bytes(bomb)
    assert taken(submissions(handed_in)[1], exercise, tmp_path / "class").files == ("run.sh",)


def test_a_large_archive_ends_at_the_usual_limits(exercise: Exercise, handed_in: Path, tmp_path: Path) -> None:
    """63: a gigabyte out of a megabyte ends where honest work never comes to, and never lies in memory."""
    member = tarfile.TarInfo("zeros")
    member.size = 10**9
    piece = zlib.compressobj(9, wbits=31)
    with (handed_in / "mallory.tgz").open("wb") as archive:
        archive.write(piece.compress(member.tobuf()))
        for _ in range(110):  # the rest is never reached
            archive.write(piece.compress(bytes(10**6)))
        archive.write(piece.flush())
    refused, peak = measured(lambda: taken(submissions(handed_in)[1], exercise, tmp_path / "class", Limits()))
    assert peak < 5_000_000
    assert refused.reason is not None
    assert refused.reason.text.en.startswith("The archive unpacks to more than 100 MB")


@pytest.mark.parametrize("make", [zipped(), tarred(), unpacked()])
def test_time_is_limited(make: Callable[[Path], Path], exercise: Exercise, handed_in: Path, tmp_path: Path) -> None:
    """63: whatever takes too long ends with a sentence."""
    make(handed_in)
    refused = taken(submissions(handed_in)[1], exercise, tmp_path / "class", Limits(seconds=-1))
    assert refused.reason is not None
    assert refused.reason.text.en.startswith("Reading it took more than -1 s, so it was not read to its end.")
    assert refused.reason.text.ko.startswith("읽는 데 -1초가 넘게 걸려서 끝까지 읽지 않았어요.")


def test_a_link_that_comes_later_is_not_followed(
    exercise: Exercise, handed_in: Path, secrets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """61: a file that becomes a link between being looked at and being read is refused."""
    path = into_folder(handed_in / "mallory", work()) / RUN
    real = os.open

    def swapping(name: str, flags: int, *arguments: int, **more: int) -> int:
        if name == "run.sh":
            path.unlink(missing_ok=True)
            path.symlink_to(secrets / "shadow")
        return real(name, flags, *arguments, **more)

    submission = submissions(handed_in)[1]
    monkeypatch.setattr(os, "open", swapping)
    refused = taken(submission, exercise, tmp_path / "class")
    assert refused.reason is not None
    assert refused.reason.text.en == "run.sh could not be read. Who may read it? Look at its permissions."


NAMES = st.one_of(
    st.sampled_from(
        [PLACE, RUN, "..", "/", "../x", "exercises", "exercises/01_first/../../../x", "/var/x", "\\", "C:x"]
    ),
    st.text(st.sampled_from("./\\ax~-\n\x1b한\x00:*"), max_size=12),
    st.text(st.sampled_from("./\\ax~-\n"), max_size=8).map(lambda name: f"{PLACE}/{name}"),
)
KINDS = st.sampled_from([tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE])
THINGS = st.builds(
    Thing,
    name=NAMES.map(lambda name: name.replace("\0", "0") or "x"),
    content=st.binary(max_size=600),
    kind=KINDS,
    link=st.sampled_from(["", "/", "..", "/var", PLACE, "../../secrets"]),
)
ARCHIVES = st.one_of(
    st.lists(THINGS, max_size=6).map(tar_bytes),
    st.lists(THINGS, max_size=6).map(tar_bytes).map(gz),
    st.lists(THINGS, max_size=6, unique_by=lambda thing: thing.name).map(zip_bytes),
    st.lists(st.tuples(st.binary(max_size=20), st.binary(max_size=50)), max_size=4).map(raw_zip),
    st.binary(max_size=2000),
)
CHANGES = st.lists(st.tuples(st.integers(0, 20_000), st.integers(0, 255)), max_size=5)


@settings(max_examples=400, deadline=None)
@given(data=ARCHIVES, changes=CHANGES)
@example(data=tar_bytes([link("exercises", "/var"), Thing("exercises/x")]), changes=[])
@example(data=zip_bytes([Thing("../x")]), changes=[])
def test_nothing_is_written_outside_whatever_the_archive(data: bytes, changes: list[tuple[int, int]]) -> None:
    """Any archive, also with bytes of it changed, is taken in, missing or refused, and writes into its folder only."""
    changed = bytearray(data)
    for at, byte in changes:
        if at < len(changed):
            changed[at] = byte
    with tempfile.TemporaryDirectory() as name:
        outer = Path(name)
        exercise = make_exercise(outer / "course" / "01_first")
        (outer / "kim.zip").write_bytes(changed)
        before = tree(outer)
        result = take_in(Submission(student="kim", path=outer / "kim.zip"), exercise, outer / "inside", TIGHT)
        after = tree(outer)
        assert {path: after[path] for path in after if path.split("/")[0] != "inside"} == before
        written = {path[7:] for path, (mode, _) in after.items() if path.startswith("inside/") and mode & 0o100000}
        assert written == set(result.files)
        assert (result.state == "taken") == ("inside" in after)


@given(name=st.text(max_size=300))
def test_a_shown_name_is_one_short_line(name: str) -> None:
    """Whatever a file is called, showing it takes one line of at most 80 printable characters."""
    assert len(shown(name)) <= 80
    assert shown(name).isprintable()
    assert not is_ordinary(name) or name == shown(name) or len(name) > 80
