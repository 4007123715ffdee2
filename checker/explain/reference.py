"""Names of images as learners write them: what they are short for, and which name was probably meant."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

__all__ = ["nearest", "normalised", "registry_of", "repository_of", "shortened"]

_HUB = re.compile(r"^(?:(?:registry-1\.|index\.)?docker\.io/)?(?:library/)?")


def normalised(reference: str) -> str:
    """Return the short and complete form: ``docker.io/library/redis`` is ``redis:latest``."""
    short = _HUB.sub("", reference.strip(), count=1)
    named = "@" in short or ":" in short.rsplit("/", 1)[-1]
    return short if named else f"{short}:latest"


def shortened(reference: str) -> str:
    """Return the name as a learner would write it: ``redis`` for ``docker.io/library/redis:latest``."""
    return normalised(reference).removesuffix(":latest")


def repository_of(reference: str) -> str:
    """Return the name without tag or digest: ``redis`` of ``redis:7``."""
    return re.sub(r"(?:@.*|:[^:/]*)$", "", normalised(reference).split("@", 1)[0])


def registry_of(reference: str) -> str:
    """Return the registry that the name asks for, ``localhost:5000``; empty for Docker Hub."""
    host, slash, _ = normalised(reference).partition("/")
    return host if slash and (":" in host or "." in host or host == "localhost") else ""


def nearest(reference: str, known: Collection[str]) -> tuple[str, ...]:
    """Return at most three known names like ``reference``: those of the same repository first."""
    names = sorted({normalised(name) for name in known})
    wanted, repository = normalised(reference).lower(), repository_of(reference).lower()
    same = [name for name in names if repository_of(name) == repository]
    repositories = _alike(repository, {repository_of(name) for name in names})
    alike = [name for name in names if repository_of(name) in repositories]
    found = dict.fromkeys([*same, *alike, *_alike(wanted, names)])
    return tuple(shortened(name) for name in found)[:3]


def _alike(word: str, words: Iterable[str]) -> list[str]:
    return difflib.get_close_matches(word[:200], list(words), n=3, cutoff=0.7)
