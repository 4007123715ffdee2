"""Pulls an image from its registry, and tells apart why that can fail."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from checker.image.client import docker, said
from checker.phrase import KataError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from checker.engine import Engine
    from checker.image.catalogue import Image

__all__ = ["OUT_OF_REACH", "fetch", "pull_error"]

OUT_OF_REACH = frozenset({"image.unreachable", "image.untrusted", "image.rate_limit"})
"""What can keep Docker Hub from serving us, though nothing here is wrong with the image or the disk."""

# only lines that name Docker's own hosts: a learner's registry or a download in a RUN may be out of reach too
_HUB = re.compile(r"docker\.(?:io|com)|docker-images-prod")
_OF_THE_HUB: Mapping[str, re.Pattern[str]] = {
    "image.untrusted": re.compile(r"x509:|certificate|tls: ", re.IGNORECASE),
    "image.unreachable": re.compile(
        r"no such host|server misbehaving|name resolution|timeout|Client\.Timeout|deadline exceeded"
        r"|request canceled|network is unreachable|no route to host|connection refused|connection reset"
        r"|proxyconnect|\bEOF\b|50[234] |Service Unavailable",
        re.IGNORECASE,
    ),
    "image.login": re.compile(r"incorrect username or password|unauthorized", re.IGNORECASE),
}
_ANYWHERE: Mapping[str, re.Pattern[str]] = {
    "image.disk_full": re.compile(r"no space left on device|disk quota exceeded", re.IGNORECASE),
    "image.rate_limit": re.compile(r"toomanyrequests|pull rate limit|429 Too Many Requests", re.IGNORECASE),
}


def pull_error(text: str) -> KataError | None:
    """Return what keeps the engine from pulling, out of what docker said; None where that is no such thing.

    Sources: https://docs.docker.com/docker-hub/usage/pulls/ for the limit; the rest are errors of Go's
    ``net`` and ``crypto/tls``, which the engine passes on after the address it asked.
    """
    for line in reversed(text.splitlines()):
        tables = (_ANYWHERE, _OF_THE_HUB) if _HUB.search(line) else (_ANYWHERE,)
        for key, pattern in (entry for table in tables for entry in table.items()):
            if pattern.search(line):
                return KataError(key, detail=line.strip())
    return None


def fetch(engine: Engine, image: Image) -> None:
    """Pull one image, whether or not the engine has it.

    Raises:
        KataError: Out of ``pull_error``, or ``image.pull`` with what docker said.
    """
    done = docker(engine, "pull", "--quiet", image.name)
    if done.returncode != 0:
        raise pull_error(done.stderr) or KataError("image.pull", name=image.name, detail=said(done))
