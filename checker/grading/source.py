"""What a submission looks like from inside, be it a folder or an archive."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["NOT_WORK", "STEERS_US", "Entry", "Kind", "Parts", "Source", "is_never_work"]

Parts = tuple[str, ...]

NOT_WORK = frozenset(
    {
        ".DS_Store",
        ".checks",
        ".git",
        ".hg",
        ".idea",
        ".mypy_cache",
        ".pytest_cache",
        ".ruff_cache",
        ".svn",
        ".venv",
        ".vscode",
        "__MACOSX",
        "__pycache__",
    }
)
"""What tools leave behind, and our checks, which come from our own copy: not even looked at."""
STEERS_US = frozenset(
    {
        ".pytest.ini",
        "conftest.py",
        "pyproject.toml",
        "pytest.ini",
        "pytest.py",
        "pytest.toml",
        "setup.cfg",
        "sitecustomize.py",
        "tox.ini",
        "usercustomize.py",
    }
)
"""What pytest or Python would read on their own: left out, and said so, since a learner may have meant it."""


def is_never_work(name: str) -> bool:
    """Return whether a file or folder of this name is never a part of anybody's work, wherever it lies."""
    return name in NOT_WORK or name.startswith("._")  # macOS puts a file's attributes beside it as ._NAME


class Kind(enum.Enum):
    """What lies under a name."""

    FILE = enum.auto()
    FOLDER = enum.auto()
    LINK = enum.auto()
    OTHER = enum.auto()
    """A pipe, socket or device, or what an archive calls by a type of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One file or other thing in a submission.

    Attributes:
        parts: Its path, below the exercise's folder once that is known.
        kind: What it is.
        size: What it says its size is, in bytes.
        executable: Whether somebody may execute it.
        where: Where an archive has it: a position that means something to this archive alone.
    """

    parts: Parts
    kind: Kind
    size: int = 0
    executable: bool = False
    where: int = 0

    @property
    def name(self) -> str:
        """The path with slashes."""
        return "/".join(self.parts)


class Source(Protocol):
    """A submission that is open for reading. All of it may raise ``Refused``."""

    def tops(self) -> tuple[str, ...]:
        """Return the names of the folders at its top."""

    def kind(self, parts: Parts) -> Kind | None:
        """Return what lies at a path, None for nothing; a link on the way there makes it a link."""

    def below(self, root: Parts) -> Iterator[Entry]:
        """Yield what is below a folder that is not a folder itself, with paths relative to it, in no order."""

    def contents(self, root: Parts, wanted: Sequence[Entry]) -> Iterator[tuple[Entry, bytes]]:
        """Yield what is in the wanted files, each of which is at most ``LARGEST_FILE`` bytes by its own account."""
