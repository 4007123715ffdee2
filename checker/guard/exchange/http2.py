"""The messages of some calls in one direction of a gRPC connection, read while the bytes pass by, or replaced.

gRPC is a call for each stream of HTTP/2; a message is five bytes, a flag and a length, and what they announce (gRPC
over HTTP2, "Length-Prefixed-Message"). Frames and header blocks are read by ``hyperframe`` and ``hpack``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hpack import Decoder
from hpack.exceptions import HPACKError
from hyperframe.exceptions import HyperframeError
from hyperframe.frame import ContinuationFrame, DataFrame, Frame, HeadersFrame, RstStreamFrame

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

__all__ = ["Call", "Requests", "Responses", "UnreadableError"]

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_HEAD = 9  # bytes before a frame's payload
_PREFIX = 5  # bytes before a message
_FRAME_BYTES = 1 << 20
_MESSAGE_BYTES = 1 << 20
_CALLS = 64  # at once


class UnreadableError(ValueError):
    """What goes by is not what we know of the protocol, or more than we keep."""


@dataclass(frozen=True, slots=True)
class Call:
    """What was said in one call.

    Attributes:
        stream: Its number.
        message: Its first message; None where it ended without one.
    """

    stream: int
    message: bytes | None


@dataclass(slots=True)
class _Frames:
    """Cuts what goes by into frames; what nobody wants of them is not kept.

    Attributes:
        kept: What has come of a frame that is not complete yet.
        skipped: How many bytes are still to come of one that nobody wants.
        passed: What has been taken off ``kept``, and not been taken by anybody.
    """

    kept: bytearray = field(default_factory=bytearray)
    skipped: int = 0
    passed: bytearray = field(default_factory=bytearray)

    def feed(self, piece: bytes | memoryview, streams: Collection[int]) -> Iterator[tuple[Frame, bytes]]:
        """Yield the frames that are complete now, and their bytes; of payloads only those of streams that are read."""
        self.kept += piece
        while True:
            self.skipped -= self._skip(min(self.skipped, len(self.kept)))
            if self.skipped or len(self.kept) < _HEAD:
                return
            frame, length = Frame.parse_frame_header(memoryview(bytes(self.kept[:_HEAD])))
            if not _is_read(frame, streams):
                self._skip(_HEAD)
                self.skipped = length
                continue
            if length > _FRAME_BYTES:
                raise UnreadableError(f"a frame of {length} bytes")
            if len(self.kept) < _HEAD + length:
                return
            raw = bytes(self.kept[: _HEAD + length])
            frame.parse_body(memoryview(raw[_HEAD:]))
            del self.kept[: _HEAD + length]
            yield frame, raw

    def _skip(self, count: int) -> int:
        self.passed += self.kept[:count]
        del self.kept[:count]
        return count


def _is_read(frame: Frame, streams: Collection[int]) -> bool:
    if isinstance(frame, DataFrame | RstStreamFrame):
        return frame.stream_id in streams
    return isinstance(frame, HeadersFrame | ContinuationFrame)


class _Direction:
    """One direction; the calls that are read are in ``_streams``, with what has come of each one's first message."""

    def __init__(self) -> None:
        self._frames = _Frames()
        self._streams: dict[int, bytearray] = {}

    def feed(self, piece: bytes | memoryview) -> Iterator[Call]:
        """Yield each call whose first message is complete with this piece, or that ended without one.

        Raises:
            UnreadableError: This is not what we know.
        """
        try:
            for frame, raw in self._frames.feed(piece, self._streams):
                self._look_at(frame, raw)
                yield from self._told(frame)
        except (HyperframeError, HPACKError) as error:
            raise UnreadableError(str(error)) from error

    def passed(self) -> bytes:
        """Return what may go on of all that has come, and has not gone on yet."""
        passed = bytes(self._frames.passed)
        self._frames.passed.clear()
        return passed

    def rest(self) -> bytes:
        """Return this, and what it cannot be told of: there will be no more reading."""
        rest = self.passed() + self._frames.kept
        self._frames.kept.clear()
        return rest

    def _look_at(self, frame: Frame, raw: bytes) -> None:
        """Let a frame pass, and do what has to be done with it beside reading its call's message."""
        del frame
        self._frames.passed += raw

    def _told(self, frame: Frame) -> Iterator[Call]:
        held = self._streams.get(frame.stream_id)
        if held is None:
            return
        if isinstance(frame, DataFrame):
            held += frame.data
        message = _first(held)
        if message is not None or isinstance(frame, RstStreamFrame) or "END_STREAM" in frame.flags:
            del self._streams[frame.stream_id]
            yield Call(frame.stream_id, message)


class Requests(_Direction):
    """What the client of a connection asks.

    Args:
        path: The method whose calls are read, ``/package.Service/Method``.
        replaced: Methods whose calls are not read; the server gets these messages in place of theirs.
    """

    def __init__(self, path: str, replaced: Mapping[str, bytes]) -> None:
        super().__init__()
        self._path = path.encode()
        self._replaced = {method.encode(): message for method, message in replaced.items()}
        self._replacing: dict[int, bytes] = {}
        self._preface = bytearray()
        self._block = bytearray()
        self._decoder = Decoder()

    def feed(self, piece: bytes | memoryview) -> Iterator[Call]:
        """Yield each call whose first message is complete with this piece; see ``_Direction``."""
        missing = len(_PREFACE) - len(self._preface)
        if missing:
            self._preface += piece[:missing]
            self._frames.passed += piece[:missing]
            piece = piece[missing:]
            if not _PREFACE.startswith(self._preface):
                self._frames.kept += piece
                raise UnreadableError("no HTTP/2")
        yield from super().feed(piece)

    def _told(self, frame: Frame) -> Iterator[Call]:
        for call in super()._told(frame):
            message = self._replacing.pop(call.stream, None)
            if message is None:
                yield call
            elif isinstance(frame, DataFrame):
                content = bytes(1) + len(message).to_bytes(4, "big") + message
                other = DataFrame(call.stream, content, flags=["END_STREAM"] if "END_STREAM" in frame.flags else [])
                self._frames.passed += other.serialize()

    def _look_at(self, frame: Frame, raw: bytes) -> None:
        """Decode every header block, wanted or not: each depends on those before it. Keep back what is replaced."""
        if isinstance(frame, DataFrame) and frame.stream_id in self._replacing:
            return
        super()._look_at(frame, raw)
        if not isinstance(frame, HeadersFrame | ContinuationFrame):
            return
        self._block += frame.data
        if len(self._block) > _FRAME_BYTES:
            raise UnreadableError("headers without an end")
        if "END_HEADERS" not in frame.flags:
            return
        block, self._block = bytes(self._block), bytearray()
        path = dict(self._decoder.decode(block, raw=True)).get(b":path")
        if path != self._path and path not in self._replaced:
            return
        if len(self._streams) >= _CALLS:
            raise UnreadableError("too many calls at once")
        self._streams[frame.stream_id] = bytearray()
        if path in self._replaced:
            self._replacing[frame.stream_id] = self._replaced[path]


class Responses(_Direction):
    """What the server of a connection answers; only to the calls that it is told of."""

    def expect(self, stream: int) -> None:
        """Read what this call is answered."""
        self._streams[stream] = bytearray()


def _first(held: bytearray) -> bytes | None:
    """Return the first message of a call, as soon as all of it is there."""
    if len(held) < _PREFIX:
        return None
    length = int.from_bytes(held[1:_PREFIX], "big")
    if held[0] or length > _MESSAGE_BYTES:
        raise UnreadableError("a message that is compressed, or too long")
    return bytes(held[_PREFIX : _PREFIX + length]) if len(held) >= _PREFIX + length else None
