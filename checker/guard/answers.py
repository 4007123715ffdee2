"""What is written of headers and refusals, to either side."""

from __future__ import annotations

import contextlib
import json
import re
from typing import TYPE_CHECKING

from checker.phrase import KataError

if TYPE_CHECKING:
    from checker.guard.http1 import Asked
    from checker.guard.message import Allowed, Denied
    from checker.guard.upstream import Answer

__all__ = ["NEWEST", "framing", "message", "passed"]

NEWEST = (1, 45)
"""The newest version of the API that a client is offered: the policy's tables were written for it."""

_PASSED = (
    "Api-Version",
    "Builder-Version",
    "Cache-Control",
    "Content-Type",
    "Docker-Experimental",
    "Ostype",
    "Pragma",
    "Server",
    "Swarm",
    "X-Docker-Container-Path-Stat",
)
_VERSION = re.compile(r"([0-9]{1,3})\.([0-9]{1,3})")


def passed(answer: Answer) -> list[tuple[str, str]]:
    """Return those of the engine's headers that a client gets."""
    headers = [(name, answer.headers[name.lower()]) for name in _PASSED if name.lower() in answer.headers]
    return [(name, _capped(value) if name == "Api-Version" else value) for name, value in headers]


def _capped(version: str) -> str:
    match = _VERSION.fullmatch(version)
    newest = ".".join(str(number) for number in NEWEST)
    return version if match and (int(match[1]), int(match[2])) <= NEWEST else newest


def framing(allowed: Allowed, asked: Asked) -> list[tuple[str, str]]:
    """Return the headers with which a request says where it ends, and what becomes of its connection."""
    upgrade = [("Connection", "Upgrade"), ("Upgrade", asked.upgrade)] if asked.upgrade else [("Connection", "close")]
    if allowed.streams and asked.length is None:
        return [("Transfer-Encoding", "chunked"), *upgrade]
    length = (asked.length or 0) if allowed.streams else len(allowed.body or b"")
    return [("Content-Length", str(length)), *upgrade] if length or allowed.method in {"POST", "PUT"} else upgrade


def message(denied: Denied) -> tuple[bytes, dict[str, str]]:
    """Return a refusal as the API's own error JSON, in the learner's language, with its remedy where it has one."""
    text = denied.text.here()
    with contextlib.suppress(KeyError):  # not every one has a remedy
        text = f"{text} {KataError(denied.key, **denied.blanks).remedy.here()}"
    value = {"message": text}
    return json.dumps(value, ensure_ascii=False).encode() + b"\n", value
