"""What BuildKit is asked to build, and what it says that it has built.

buildx asks for a build with one call, ``moby.buildkit.v1.Control/Solve``; its message names the image, and its answer
the image's digest, which is its id (moby/buildkit, api/services/control/control.proto and
exporter/containerimage/exptypes). ``docker builder prune`` is ``Control/Prune``: the cache is everybody's, so what
BuildKit is asked to remove is something that there is not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from checker.guard.exchange.http2 import Requests, Responses
from checker.guard.reference import is_reference, reference

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from checker.guard.output import Output

__all__ = ["Solves"]

_SOLVE = "/moby.buildkit.v1.Control/Solve"
_PRUNE = "/moby.buildkit.v1.Control/Prune"
_NOTHING = b"\x0a\x0did==kata-none"  # PruneRequest.filter, as containerd writes filters
_EXPORTER, _EXPORTER_ATTRS, _EXPORTERS = 3, 4, 13  # fields of SolveRequest
_ATTRS = 2  # a field of Exporter
_KEY, _VALUE = 1, 2  # fields of an entry of a map
_RESPONSE = 1  # a field of SolveResponse
_DIGESTS = frozenset({"containerimage.digest", "containerimage.config.digest"})
_NAMES = 1000  # of one connection; more are not kept
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


class Solves:
    """Reads a connection to BuildKit as it passes by.

    Args:
        output: What it makes is put down there; ``is_unread`` as soon as something is not understood.
    """

    def __init__(self, output: Output) -> None:
        self._output = output
        self._requests = Requests(_SOLVE, {_PRUNE: _NOTHING})
        self._responses = Responses()
        self._exporting: set[int] = set()

    def ask(self, piece: bytes | memoryview) -> bytes | memoryview:
        """Read what the client says next, and return what BuildKit gets to hear now."""
        if self._output.is_unread:
            left = self._requests.rest()
            return left + piece if left else piece
        self._read(self._requests, piece, self._asked)
        return self._requests.rest() if self._output.is_unread else self._requests.passed()

    def answer(self, piece: bytes | memoryview) -> None:
        """Read what BuildKit says next; before the client hears it."""
        self._read(self._responses, piece, self._answered)
        self._responses.passed()

    def _read(
        self, direction: Requests | Responses, piece: bytes | memoryview, told: Callable[[int, bytes], None]
    ) -> None:
        if self._output.is_unread:
            return
        try:
            for call in direction.feed(piece):
                told(call.stream, call.message or b"")
        except ValueError:
            self._output.is_unread = True

    def _asked(self, stream: int, message: bytes) -> None:
        exports = False
        for number, value in _fields(message):
            if number == _EXPORTER:
                exports = exports or bool(value)
            elif number == _EXPORTERS:
                exports = True
                self._output.names |= {name for key, attrs in _fields(value) if key == _ATTRS for name in _names(attrs)}
            elif number == _EXPORTER_ATTRS:
                self._output.names |= set(_names(value))
        if len(self._output.names) > _NAMES:
            raise ValueError("too many names")
        self._responses.expect(stream)
        if exports:
            self._exporting.add(stream)
            self._output.is_unfinished = True

    def _answered(self, stream: int, message: bytes) -> None:
        for number, value in _fields(message):
            key, text = _entry(value) if number == _RESPONSE else ("", "")
            if key in _DIGESTS:
                self._output.made.add(text)
        self._exporting.discard(stream)
        self._output.is_unfinished = bool(self._exporting)


def _names(entry: bytes) -> Iterator[str]:
    """Yield the complete references in an exporter's attribute ``name``: ``app,app:2``."""
    key, text = _entry(entry)
    for name in text.split(",") if key == "name" else ():
        if is_reference(name.strip()):
            yield str(reference(name.strip()))


def _entry(message: bytes) -> tuple[str, str]:
    """Return one entry of a map of texts."""
    held = {number: value.decode() for number, value in _fields(message)}
    return held.get(_KEY, ""), held.get(_VALUE, "")


def _fields(message: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the texts and messages in a message, each with its field's number (protobuf.dev, "Encoding").

    Raises:
        ValueError: It is none.
    """
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        kind, size = tag & 7, 0
        if kind == _VARINT:
            _, at = _varint(message, at)
        elif kind in {_FIXED64, _FIXED32}:
            size = 8 if kind == _FIXED64 else 4
        elif kind == _BYTES:
            size, at = _varint(message, at)
        else:
            raise ValueError(f"wire type {kind}")
        if at + size > len(message):
            raise ValueError("ends too soon")
        if kind == _BYTES:
            yield tag >> 3, message[at : at + size]
        at += size


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 64, 7):
        if at >= len(message):
            raise ValueError("ends too soon")
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:
            return value, at
    raise ValueError("a number without an end")
