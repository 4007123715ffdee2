"""``Pin``: the instructor's copy, at one commit, that autograders take the checks from."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from checker.report.usage import UsageError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Pin"]

REPOSITORY, COMMIT = "YOUR-ORGANISATION/docker-kata", "PUT-THE-COMMIT-HERE"
_SOURCE = re.compile(r"(?P<repository>[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+)(?:@(?P<commit>[0-9a-f]{40}))?")


@dataclass(frozen=True, slots=True)
class Pin:
    """A repository on the learners' forge and a commit of it.

    Attributes:
        repository: ``OWNER/NAME``.
        commit: The full id, 40 hexadecimal digits: a branch or a tag can be moved.
    """

    repository: str
    commit: str

    @classmethod
    def read(cls, source: str | None, root: Path) -> Pin:
        """Return the pin that ``OWNER/REPOSITORY[@COMMIT]`` names; the commit is else the one checked out at ``root``.

        Raises:
            UsageError: ``release.bad_source``: it is not of that form.
        """
        match = None if source is None else _SOURCE.fullmatch(source)
        if source is not None and match is None:
            raise UsageError("release.bad_source", source=source)
        if match is None:
            return cls(REPOSITORY, COMMIT)
        return cls(match["repository"], match["commit"] or _head(root) or COMMIT)

    @property
    def owner(self) -> str:
        """Whose repository it is."""
        return self.repository.partition("/")[0]

    @property
    def is_complete(self) -> bool:
        """Whether nothing is left to be filled in by hand."""
        return self.repository != REPOSITORY and self.commit != COMMIT


def _head(root: Path) -> str:
    """Return the commit that is checked out; empty where there is none."""
    command = ["git", "-C", str(root), "rev-parse", "--verify", "--quiet", "HEAD^{commit}"]
    try:
        asked = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return asked.stdout.strip() if asked.returncode == 0 else ""
