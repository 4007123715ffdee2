"""Archives that no program makes: each is refused as damaged, and none is read in a second way."""

from __future__ import annotations

import struct
import tarfile
import zlib
from typing import TYPE_CHECKING

import pytest

from checker.grading import Limits, Submission, take_in
from tests.grading.packing import PLACE, Thing, raw_zip, tar_bytes, work

if TYPE_CHECKING:
    from pathlib import Path

    from checker.exercise import Exercise
    from checker.grading import Intake

RUN = f"{PLACE}/run.sh".encode()
GOOD_ZIP = raw_zip([(RUN, b"echo hi\n")])


def member(name: str, kind: bytes, size: int, data: bytes = b"") -> bytes:
    """Return a tar header with a right check sum, and what follows it, padded to whole blocks."""
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, size
    return info.tobuf(tarfile.USTAR_FORMAT) + data + bytes(-len(data) % 512)


def pax(records: bytes) -> bytes:
    return member("pax", b"x", len(records), records) + tar_bytes(work())


def with_end(zipped: bytes, **changes: int) -> bytes:
    """Return a zip file whose last record says something else."""
    fields = ("disk", "first", "here", "count", "length", "directory", "comment")
    values = dict(zip(fields, struct.unpack("<4H2LH", zipped[-18:]), strict=True)) | changes
    return zipped[:-18] + struct.pack("<4H2LH", *values.values())


def stuffed() -> bytes:
    """Return a zip file whose member has many empty deflate blocks before its few bytes."""
    packer = zlib.compressobj(9, wbits=-15)
    packed = b"\0\0\0\xff\xff" * 10_000 + packer.compress(b"x") + packer.flush()
    stored, size = raw_zip([(RUN, packed)], method=0), len(packed)
    says = struct.pack("<4H3L", 0, 0, 0, 0, zlib.crc32(packed), size, size)
    assert stored.count(says) == 2
    return stored.replace(says, struct.pack("<4H3L", 0, 8, 0, 0, zlib.crc32(b"x"), size, 1))


def unreadable_mode() -> bytes:
    """Return a tar header whose mode is no number, though its check sum is right."""
    block = bytearray(member(RUN.decode(), b"0", 0))
    block[100:107], block[148:156] = b"rw-r--r", b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


DAMAGED = {
    "zip: a wrong check sum": GOOD_ZIP.replace(struct.pack("<L", zlib.crc32(b"echo hi\n")), b"\1\2\3\4"),
    "zip: data that is no deflate": raw_zip([(RUN, b"\xff" * 50)], method=0).replace(
        struct.pack("<4H", 0, 0, 0, 0), struct.pack("<4H", 0, 8, 0, 0)
    ),
    "zip: less than it says": raw_zip([(RUN, b"x" * 10)]).replace(struct.pack("<L", 10), struct.pack("<L", 11)),
    "zip: no local header": GOOD_ZIP.replace(b"PK\3\4", b"PK\3\5"),
    "zip: stuffed with nothing": stuffed(),
    "zip: several disks": with_end(GOOD_ZIP, disk=1),
    "zip: another number of members": with_end(GOOD_ZIP, here=2),
    "zip: members that are not there": with_end(GOOD_ZIP, here=2, count=2),
    "zip: a directory beyond the end": with_end(GOOD_ZIP, directory=10**6),
    "zip: Zip64": with_end(GOOD_ZIP, directory=0xFFFFFFFF),
    "zip: a comment that is not there": with_end(GOOD_ZIP, comment=10),
    "zip: something after it": GOOD_ZIP + b"x",
    "tar: an attribute without an end": pax(b"30 path=run.sh\n"),
    "tar: an attribute longer than all": pax(b"999999 path=run.sh\n"),
    "tar: an attribute of no length": pax(b"0 path=run.sh\n"),
    "tar: an attribute that goes backwards": pax(b"5 path=run.sh\n"),
    "tar: an attribute without a new line": pax(b"14 path=run.sh"),
    "tar: a size of letters": pax(b"11 size=ab\n"),
    "tar: a size that is no number": pax(b"11 size=-1\n"),
    "tar: a size of many digits": pax(b"111 size=" + b"9" * 101 + b"\n"),
    "tar: a size beyond the end": pax(b"16 size=9999999\n"),
    "tar: far too many attributes": pax(b"14 a=01234567\n" * 10_000),
    "tar: a name that never ends": member("long", b"L", 10**6, b"x" * 10**6) + tar_bytes(work()),
    "tar: GNU's sparse files": member(RUN.decode(), b"S", 10, b"x" * 10) + tar_bytes([]),
    "tar: a number that is none": unreadable_mode() + tar_bytes(work()),
    "tar: no end": tar_bytes(work()).rstrip(b"\0").ljust(2048, b"\0"),
}


def taken(data: bytes, exercise: Exercise, tmp_path: Path) -> Intake:
    (tmp_path / "kim").write_bytes(data)
    return take_in(Submission(student="kim", path=tmp_path / "kim"), exercise, tmp_path / "in", Limits())


@pytest.mark.parametrize("case", DAMAGED)
def test_what_is_damaged_is_refused(case: str, exercise: Exercise, tmp_path: Path) -> None:
    """It gets the sentence of damaged archives, whatever in particular is wrong with it."""
    refused = taken(DAMAGED[case], exercise, tmp_path)
    assert refused.reason is not None
    assert refused.reason.key == "grading.bad_archive"
    assert not (tmp_path / "in").exists()


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(GOOD_ZIP, id="zip"),
        pytest.param(pax(b"20 comment=01234567\n"), id="tar: with a comment"),
        pytest.param(member("g", b"g", 9, b"9 a=bcd\n\n") + tar_bytes(work()), id="tar: with what concerns all"),
        pytest.param(member("K", b"K", 3, b"ab\0") + tar_bytes(work()), id="tar: with a long link's goal"),
    ],
)
def test_the_same_things_undamaged_are_read(data: bytes, exercise: Exercise, tmp_path: Path) -> None:
    """The damaged archives' healthy twins are taken in, so that it is the damage that is refused."""
    assert taken(data, exercise, tmp_path).state == "taken"


def test_a_sparse_file_by_attribute_is_no_file(exercise: Exercise, tmp_path: Path) -> None:
    """Attributes can say that a file has holes, so that its bytes are not what they seem; such a file is not taken."""
    data = pax(b"22 GNU.sparse.major=1\n")
    refused = taken(data, exercise, tmp_path)
    assert refused.reason is not None
    assert refused.reason.key == "work.not_a_file"


def test_a_name_and_a_size_of_pax_count(exercise: Exercise, tmp_path: Path) -> None:
    """What an attribute says replaces what the header says."""
    records = b"34 path=" + RUN + b"\n" + b"10 size=5\n"
    data = member("pax", b"x", len(records), records) + member("other", b"0", 0, b"hello") + tar_bytes([Thing("z")])
    assert taken(data, exercise, tmp_path).files == ("run.sh",)
    assert (tmp_path / "in" / "run.sh").read_bytes() == b"hello"
