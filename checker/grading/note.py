"""What intake has to say about a submission, and the bounds that no submission may exceed."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from checker.phrase import Text, with_remedy

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Limits", "Meter", "Note", "Refused"]


@dataclass(frozen=True, slots=True)
class Note:
    """One sentence about a submission, by its phrase's key and blanks.

    Attributes:
        key: A key of the shared sentences, such as ``work.link``.
        blanks: What fills them; already harmless to show.
    """

    key: str
    blanks: Mapping[str, str]

    @property
    def text(self) -> Text:
        """The sentence in both languages, with what to do about it where the phrases say that."""
        return with_remedy(self.key).fill(self.blanks)

    @property
    def reason(self) -> tuple[str, Mapping[str, str]]:
        """It as a ``Result`` keeps it."""
        return self.key, dict(self.blanks)


class Refused(Exception):  # noqa: N818 - what was handed in is refused; nothing of ours went wrong
    """A submission, or one exercise of it, that cannot be taken in.

    Attributes:
        note: The sentence that says why.
    """

    def __init__(self, key: str, /, **blanks: object) -> None:
        super().__init__(key, blanks)
        self.note = Note(key, {name: str(value) for name, value in blanks.items()})


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much of a submission is looked at. Honest work stays far below each of them.

    Attributes:
        archive: The greatest size of an archive in bytes, packed.
        unpacked: How many bytes of it are unpacked in one pass, wanted or not.
        entries: How many files and folders are looked at.
        depth: How deep folders may be nested.
        work: How many bytes one exercise's work may have together.
        seconds: How long one exercise of one submission may take.
    """

    archive: int = 50_000_000
    unpacked: int = 100_000_000
    entries: int = 20_000
    depth: int = 20
    work: int = 20_000_000
    seconds: float = 10.0


class Meter:
    """Counts what is really read, whatever a submission says about itself."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._ends = time.monotonic() + limits.seconds
        self._entries = self._unpacked = 0

    def entry(self, depth: int) -> None:
        """Count one file or folder.

        Args:
            depth: How many folders it lies in.

        Raises:
            Refused: There are too many, they are nested too deeply, or time is up.
        """
        self._entries += 1
        if self._entries > self.limits.entries:
            raise Refused("grading.too_many_entries", most=self.limits.entries)
        if depth > self.limits.depth:
            raise Refused("grading.too_deep", most=self.limits.depth)
        self.tick()

    def unpacked(self, count: int) -> None:
        """Count bytes that came out of an archive.

        Raises:
            Refused: They are too many, or time is up.
        """
        self._unpacked += count
        if self._unpacked > self.limits.unpacked:
            raise Refused("grading.unpacks_to_too_much", megabytes=self.limits.unpacked // 10**6)
        self.tick()

    def again(self) -> None:
        """Begin a second pass over the same archive, which has as many bytes again; its time goes on."""
        self._entries = self._unpacked = 0

    def tick(self) -> None:
        """Notice when time is up.

        Raises:
            Refused: It is.
        """
        if time.monotonic() > self._ends:
            raise Refused("grading.too_slow", seconds=f"{self.limits.seconds:g}")
