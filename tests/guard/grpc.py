"""Bytes as a gRPC client and server send them."""

from __future__ import annotations

from hpack import Encoder
from hyperframe.frame import ContinuationFrame, DataFrame, Frame, HeadersFrame, RstStreamFrame, SettingsFrame

__all__ = ["PRUNE", "SOLVE", "Client", "answered", "broken_off", "failed", "message", "solve", "solved"]

SOLVE = "/moby.buildkit.v1.Control/Solve"
STATUS = "/moby.buildkit.v1.Control/Status"
PRUNE = "/moby.buildkit.v1.Control/Prune"


class Client:
    """Writes what a client says on one connection; header blocks depend on those before."""

    def __init__(self) -> None:
        self._encoder = Encoder()

    def begin(self) -> bytes:
        """Return how a connection begins."""
        return b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + SettingsFrame(0).serialize()

    def call(self, stream: int, path: str = SOLVE, *, cut: int = 0) -> bytes:
        """Return how a call begins; its headers in two frames where ``cut`` says at which byte."""
        block = self._encoder.encode([(":method", "POST"), (":scheme", "http"), (":path", path)])
        if not cut:
            return _frame(HeadersFrame(stream, block), "END_HEADERS")
        return _frame(HeadersFrame(stream, block[:cut])) + _frame(ContinuationFrame(stream, block[cut:]), "END_HEADERS")

    def ask(self, stream: int, content: bytes, path: str = SOLVE) -> bytes:
        """Return a whole call."""
        return self.call(stream, path) + data(stream, message(content))


def message(content: bytes, *, flag: int = 0) -> bytes:
    """Return a message as it goes into frames."""
    return bytes([flag]) + len(content).to_bytes(4, "big") + content


def data(stream: int, content: bytes, *, ends: bool = False) -> bytes:
    """Return a frame with a part of a call's messages."""
    return _frame(DataFrame(stream, content), *(["END_STREAM"] if ends else []))


def answered(stream: int, content: bytes) -> bytes:
    """Return a whole answer; what a server's headers say is of no interest."""
    head, tail = HeadersFrame(stream, b"\x88"), HeadersFrame(stream, b"\x88")
    return _frame(head, "END_HEADERS") + data(stream, message(content)) + _frame(tail, "END_HEADERS", "END_STREAM")


def failed(stream: int) -> bytes:
    """Return an answer without a message."""
    return _frame(HeadersFrame(stream, b"\x88"), "END_HEADERS", "END_STREAM")


def broken_off(stream: int) -> bytes:
    """Return how a call is broken off."""
    return RstStreamFrame(stream, error_code=8).serialize()


def solve(names: str | None, *, exporter: str = "moby", older: bool = False) -> bytes:
    """Return a SolveRequest; ``older`` as clients before BuildKit 0.13 wrote it."""
    attrs = b"" if names is None else _pair("name", names)
    ref, session = _field(1, b"a-ref"), _field(5, b"a-session")
    if older:
        return ref + _field(3, exporter.encode()) + (_field(4, attrs) if attrs else b"") + session
    return ref + b"\x58\x01" + _field(13, _field(1, exporter.encode()) + (_field(2, attrs) if attrs else b"")) + session


def solved(*digests: str) -> bytes:
    """Return a SolveResponse."""
    keys = ("containerimage.digest", "containerimage.config.digest")
    return b"".join(_field(1, _pair(key, digest)) for key, digest in zip(keys, digests, strict=False))


def _pair(key: str, value: str) -> bytes:
    return _field(1, key.encode()) + _field(2, value.encode())


def _field(number: int, content: bytes) -> bytes:
    length = bytes([len(content) & 0x7F | 0x80, len(content) >> 7]) if len(content) > 127 else bytes([len(content)])
    return bytes([number << 3 | 2]) + length + content


def _frame(frame: Frame, *flags: str) -> bytes:
    for flag in flags:
        frame.flags.add(flag)
    return frame.serialize()
