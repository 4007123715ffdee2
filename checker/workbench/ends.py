"""The beginning and the end of what may be very long."""

from __future__ import annotations

__all__ = ["Ends"]

_GAP = b"\n[...]\n"


class Ends:
    """Keeps the beginning and the end of what is added, and shows where something between them is missing.

    Args:
        head: How many bytes of the beginning are kept.
        tail: How many bytes of the end.
    """

    def __init__(self, head: int, tail: int) -> None:
        self._room, self._most = head, tail
        self._head, self._tail = bytearray(), bytearray()

    def add(self, said: bytes) -> None:
        """Add what came next."""
        room = self._room - len(self._head)
        self._head += said[:room]
        self._tail += said[room:]
        if len(self._tail) > 4 * self._most:
            del self._tail[: -self._most - 1]  # one more than is shown: by it the gap is known

    def __str__(self) -> str:
        gap = _GAP if len(self._tail) > self._most else b""
        return (bytes(self._head) + gap + bytes(self._tail[-self._most :])).decode(errors="replace")
