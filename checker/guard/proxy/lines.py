"""A stream of JSON objects, taken apart as it comes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from checker.guard.proxy.upstream import EngineGone

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Iterator

__all__ = ["objects"]


async def objects(pieces: AsyncIterable[bytes], most: int) -> AsyncIterator[dict[str, Any]]:
    """Yield each object as soon as it is complete, however the pieces cut it.

    Args:
        pieces: The stream.
        most: How many bytes one object may have.

    Raises:
        EngineGone: It is no stream of JSON objects, or one is too long.
    """
    reader = _Reader(most)
    async for piece in pieces:
        for found in reader.feed(piece):
            yield found
    if reader.rest.strip():
        raise EngineGone("cut off in the middle of an object")


class _Reader:
    def __init__(self, most: int) -> None:
        self.rest = b""
        self._most = most

    def feed(self, piece: bytes) -> Iterator[dict[str, Any]]:
        """Yield the objects that a piece completes.

        An engine ends each with a line feed, which JSON has nowhere else unescaped; so a long object is not read
        again with each piece of it.
        """
        *lines, self.rest = (self.rest + piece).split(b"\n") if b"\n" in piece else (self.rest + piece,)
        if len(self.rest) > self._most:
            raise EngineGone("an object without end")
        for line in lines:
            yield from _all_of(line)
        if self.rest.rstrip().endswith(b"}"):  # perhaps complete all the same
            found = _complete(self.rest)
            if found is not None:
                self.rest = b""
                yield from found


def _all_of(line: bytes) -> list[dict[str, Any]]:
    found = _complete(line)
    if found is None:
        raise EngineGone("not a stream of JSON objects")
    return found


def _complete(text: bytes) -> list[dict[str, Any]] | None:
    """Return the objects that a text consists of; None where it does not."""
    try:
        left, found = text.decode().strip(), []
        while left:
            value, end = _DECODER.raw_decode(left)
            found.append(value)
            left = left[end:].lstrip()
    except (ValueError, RecursionError):
        return None
    return found if all(isinstance(value, dict) for value in found) else None


_DECODER = json.JSONDecoder()
