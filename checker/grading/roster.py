"""Reads who is in a class from a CSV file, as tolerant of its columns as spreadsheets and platforms are different."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from checker.grading.names import told_apart
from checker.phrase import KataError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

__all__ = ["Member", "Roster"]

LARGEST = 5_000_000  # bytes
# What the columns are called by GitHub Classroom, by platforms for courses, and by Koreans; compared by _folded
_COLUMNS: tuple[tuple[str, frozenset[str]], ...] = (
    ("identifier", frozenset({"identifier", "rosteridentifier", "student", "studentid", "id", "학번", "학생"})),
    ("name", frozenset({"name", "fullname", "studentname", "이름", "성명"})),
    ("github", frozenset({"github", "githubusername", "githubuser", "githublogin", "githubid아이디", "username"})),
    ("repository", frozenset({"repository", "repo", "studentrepositoryname"})),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One student of the class.

    Attributes:
        student: What they go by in results: their identifier, else their name, else their GitHub name.
        name: Their name; empty where the file has none.
        github: Their GitHub name; empty where the file has none.
        repository: What their repo is called; empty where the file does not say.
    """

    student: str
    name: str = ""
    github: str = ""
    repository: str = ""

    @property
    def labels(self) -> tuple[str, ...]:
        """What a submission of theirs can be called, folded."""
        return tuple(_plain(label) for label in (self.repository, self.github, self.student, self.name) if label)


@dataclass(frozen=True, slots=True)
class Roster:
    """The class.

    Attributes:
        members: In the file's order.
    """

    members: tuple[Member, ...]

    @classmethod
    def read(cls, file: Path) -> Roster:
        """Read a roster.

        Args:
            file: A CSV file with a first row of titles, separated by commas, semicolons or tabs; in UTF-8, UTF-16
                with its mark, or CP949, in which Korean Excel writes.

        Raises:
            KataError: It cannot be read, has no column that says who somebody is, nobody in it, or somebody twice.
        """
        rows = _rows(_text(file), file)
        columns = _columns(next(rows, []))
        if not columns.keys() & {"identifier", "name", "github"}:
            raise KataError("grading.roster_columns", file=file)
        members = tuple(member for row in rows if (member := _member(row, columns)) is not None)
        if not members:
            raise KataError("grading.roster_empty", file=file)
        _check_unique(members, file)
        return cls(members)

    def matches(self, labels: Sequence[str]) -> Mapping[str, Member]:
        """Return whose submission each label is; labels of nobody in the class are not in it.

        A label is a student's if it is their repo's, GitHub's or own name, or if it ends with ``-`` and one of them,
        as in ``docker-kata-octocat``. What is before it must be the same for all: else somebody's
        ``docker-kata-lee-kim`` would be kim's where lee-kim is not in the class.
        """
        owners = Counter(label for member in self.members for label in set(member.labels))
        known = {label: member for member in self.members for label in member.labels if owners[label] == 1}
        exact = {label: known[_plain(label)] for label in labels if _plain(label) in known}
        splits = {label: dict(_splits(_plain(label))) for label in labels if label not in exact}
        votes = Counter(before for split in splits.values() for before, rest in split.items() if rest in known)
        best = min(votes, key=lambda before: (-votes[before], len(before)), default=None)
        ending = {label: known[split[best]] for label, split in splits.items() if best and split.get(best) in known}
        return exact | ending


def _splits(label: str) -> Iterator[tuple[str, str]]:
    """Yield each way of cutting a label after a hyphen."""
    for at, character in enumerate(label):
        if character == "-":
            yield label[: at + 1], label[at + 1 :]


def _plain(label: str) -> str:
    """Fold what GitHub and file systems do not tell apart: case, and how accents and Hangul are composed."""
    return unicodedata.normalize("NFC", label).casefold()


def _text(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            data = opened.read(LARGEST + 1)
    except OSError as problem:
        raise KataError("grading.cannot_read", file=file, detail=problem.strerror or problem) from problem
    encodings = ("utf-16",) if data.startswith((b"\xff\xfe", b"\xfe\xff")) else ("utf-8-sig", "cp949")
    for encoding in encodings if len(data) <= LARGEST else ():
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise KataError("grading.roster_not_text", file=file)


def _rows(text: str, file: Path) -> Iterator[list[str]]:
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    try:
        yield from csv.reader(io.StringIO(text.replace("\0", ""), newline=""), delimiter=delimiter)
    except csv.Error:  # a cell without an end
        raise KataError("grading.roster_not_text", file=file) from None


def _columns(titles: Iterable[str]) -> dict[str, int]:
    """Return which column has what, the first of several."""
    found: dict[str, int] = {}
    for at, title in enumerate(titles):
        folded = "".join(character for character in _plain(title) if character.isalnum())
        for column, names in _COLUMNS:
            if folded in names:
                found.setdefault(column, at)
    return found


def _member(row: Sequence[str], columns: Mapping[str, int]) -> Member | None:
    cells = {column: told_apart(row[at].strip()) for column, at in columns.items() if at < len(row)}
    student = cells.get("identifier") or cells.get("name") or cells.get("github")
    if not student:
        return None
    more = {column: cells.get(column, "") for column in ("name", "github", "repository")}
    return Member(student=student, **more)


def _check_unique(members: Iterable[Member], file: Path) -> None:
    """Refuse a roster in which two students could not be told apart; two of one name can, by what else they have."""
    seen: set[str] = set()
    for member in members:
        mine = {_plain(label) for label in (member.student, member.github, member.repository) if label}
        if mine & seen:
            raise KataError("grading.roster_twice", file=file, student=member.student)
        seen |= mine
