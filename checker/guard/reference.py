"""Names of images, read by the grammar of Docker's ``distribution/reference``."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["Reference", "is_id", "is_local", "is_reference", "reference"]

_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_LABEL = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_HOST = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?", re.ASCII)
_PATH = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*", re.ASCII)
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}", re.ASCII)
_DIGEST = re.compile(r"sha256:[a-f0-9]{64}", re.ASCII)
_IDENTIFIER = re.compile(r"[a-f0-9]{64}", re.ASCII)
_ID = re.compile(r"(?:sha256:)?[a-f0-9]{4,64}", re.ASCII)
_HUB = "docker.io"
_LOCAL = re.compile(r"(?:localhost|127\.0\.0\.1)(?::[0-9]{1,5})?", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """An image's name with everything that it may leave out.

    Attributes:
        host: The registry, ``docker.io`` where none is named.
        path: The repository there, ``library/redis``.
        tag: The tag; empty only where there is a digest.
        digest: ``sha256:…``, or empty.
    """

    host: str
    path: str
    tag: str
    digest: str = ""

    @property
    def repository(self) -> str:
        """``docker.io/library/redis``."""
        return f"{self.host}/{self.path}"

    @property
    def last(self) -> str:
        """The last part of the repository: ``redis``."""
        return self.path.rsplit("/", 1)[-1]

    @property
    def short(self) -> str:
        """As the engine lists it: ``redis:7``."""
        name = self.repository if self.host != _HUB else self.path.removeprefix("library/")
        return name + (f":{self.tag}" if self.tag else "") + (f"@{self.digest}" if self.digest else "")

    def __str__(self) -> str:
        tag, digest = f":{self.tag}" if self.tag else "", f"@{self.digest}" if self.digest else ""
        return f"{self.repository}{tag}{digest}"


def reference(name: str) -> Reference:
    """Return what ``name`` is short for: ``redis`` for ``docker.io/library/redis:latest``.

    Raises:
        ValueError: It is no image's name.
    """
    if len(name) > 512 or _IDENTIFIER.fullmatch(name):  # the engine would take it for an id
        raise ValueError(name)
    rest, at, digest = name.partition("@")
    tag = ""
    if ":" in rest.rsplit("/", 1)[-1]:
        rest, _, tag = rest.rpartition(":")
        _must(_TAG, tag)
    if at:
        _must(_DIGEST, digest)
    host, path = _split(rest)
    _must(_HOST, host)
    _must(_PATH, path)
    path = f"library/{path}" if host == _HUB and "/" not in path else path
    return Reference(host=host, path=path, tag=tag or ("" if at else "latest"), digest=digest)


def is_reference(name: str) -> bool:
    """Return whether ``name`` is an image's name; an engine may list others, which another program gave."""
    try:
        reference(name)
    except ValueError:
        return False
    return True


def _split(name: str) -> tuple[str, str]:
    first, slash, rest = name.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost" or first.lower() != first):
        return (_HUB, rest) if first in {_HUB, "index.docker.io"} else (first, rest)
    return _HUB, name


def _must(pattern: re.Pattern[str], text: str) -> None:
    if not pattern.fullmatch(text):
        raise ValueError(text)


def is_id(name: str) -> bool:
    """Return whether the engine might take ``name`` for an image's id, or the beginning of one."""
    return _ID.fullmatch(name) is not None


def is_local(host: str) -> bool:
    """Return whether a registry is one on this machine, as the name says it."""
    return _LOCAL.fullmatch(host) is not None
