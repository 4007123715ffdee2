"""A submission that is an archive: what zip and tar files have in common once their members are listed.

Nothing is ever unpacked as the archive says. Its members are listed first, by readers of our own that know regular
files and folders and little else; then the few that are wanted are read, and written under names that we chose.
``zipfile`` and ``tarfile`` are not used: the first keeps a list of any length in memory before anybody can stop it,
the second had endless loops and ways out of its own filter (CVE-2025-8194, CVE-2025-4517).
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from checker.grading.names import shown
from checker.grading.note import Refused
from checker.grading.source import Entry, Kind, Parts, is_never_work

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["Listing"]


class Listing:
    """The members of an archive, each path at most once and nothing below what is not a folder.

    Args:
        members: In the archive's order; their paths lead nowhere else.

    Raises:
        Refused: Two of them are in each other's way, so that two programs could unpack different things.
    """

    def __init__(self, members: Iterable[Entry]) -> None:
        self._members: dict[Parts, Entry] = {}
        self._folders: set[Parts] = {()}
        for member in members:
            self._add(member)
        in_the_way = next((path for path in self._members if path in self._folders), None)
        if in_the_way is not None:
            raise Refused("grading.twice", file=shown("/".join(in_the_way)))

    def _add(self, member: Entry) -> None:
        if member.kind is not Kind.FOLDER:
            if member.parts in self._members or not member.parts:
                raise Refused("grading.twice", file=shown(member.name))
            self._members[member.parts] = member
        deepest = len(member.parts) + (member.kind is Kind.FOLDER)
        self._folders.update(member.parts[:end] for end in range(1, deepest))

    def tops(self) -> tuple[str, ...]:
        """Return the names of the folders at its top."""
        return tuple(path[0] for path in self._folders if len(path) == 1 and not is_never_work(path[0]))

    def kind(self, parts: Parts) -> Kind | None:
        """Return what lies at a path, None for nothing; a link on the way there makes it a link."""
        for end in range(1, len(parts)):
            above = self._members.get(parts[:end])
            if above is not None:
                return Kind.LINK if above.kind is Kind.LINK else None
        if parts in self._folders:
            return Kind.FOLDER
        return self._members[parts].kind if parts in self._members else None

    def below(self, root: Parts) -> Iterator[Entry]:
        """Yield what is below a folder that is not a folder itself, with paths relative to it."""
        for path, member in self._members.items():
            relative = path[len(root) :]
            if path[: len(root)] == root and relative and not any(map(is_never_work, relative)):
                yield dataclasses.replace(member, parts=relative)
