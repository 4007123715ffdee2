"""What is written of headers and refusals, to either side."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from checker.guard.message import Allowed, Denied
    from checker.guard.proxy.http1 import Asked
    from checker.guard.proxy.upstream import Answer

__all__ = ["framing", "message", "passed", "written"]

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


def passed(answer: Answer, newest: str) -> list[tuple[str, str]]:
    """Return those of the engine's headers that a client gets.

    Args:
        answer: What the engine said.
        newest: The newest version of the API that a client may hear of.
    """
    headers = [(name, answer.headers[name.lower()]) for name in _PASSED if name.lower() in answer.headers]
    return [(name, _older(value, newest) if name == "Api-Version" else value) for name, value in headers]


def _older(version: str, newest: str) -> str:
    return min(version, newest, key=_number)


def _number(version: str) -> tuple[int, ...]:
    match = _VERSION.fullmatch(version)
    return (int(match[1]), int(match[2])) if match else (1000,)


def framing(allowed: Allowed, asked: Asked) -> list[tuple[str, str]]:
    """Return the headers with which a request says where it ends, and what becomes of its connection."""
    upgrade = [("Connection", "Upgrade"), ("Upgrade", asked.upgrade)] if asked.upgrade else [("Connection", "close")]
    if allowed.streams and asked.length is None:
        return [("Transfer-Encoding", "chunked"), *upgrade]
    length = (asked.length or 0) if allowed.streams else len(allowed.body or b"")
    return [("Content-Length", str(length)), *upgrade] if length or allowed.method in {"POST", "PUT"} else upgrade


def message(denied: Denied) -> tuple[bytes, dict[str, str]]:
    """Return a refusal as the API's own error JSON, in the learner's language."""
    value = {"message": denied.text.here()}
    return written(value), value


def written(value: Any) -> bytes:  # noqa: ANN401 - any JSON
    """Return JSON as an engine writes it, with a line feed at its end; nothing for None."""
    return b"" if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
