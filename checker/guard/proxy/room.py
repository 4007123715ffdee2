"""How much JSON all clients of one guard may have in its memory together.

Each body and each answer that is read whole has a limit of its own; hundreds of clients that send theirs slowly, or
do not read what they asked for, would take hundreds of times as much, and the guard's memory is the checker's.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from checker.guard.proxy.http1 import Malformed

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Room", "Share"]


class Room:
    """So many bytes, to be shared.

    Args:
        most: How many.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.left = most

    @contextmanager
    def share(self) -> Iterator[Share]:
        """Give one request its share, and take it back when it is over."""
        share = Share(self)
        try:
            yield share
        finally:
            self.left += share.size


class Share:
    """What one request holds.

    Args:
        room: Of what.
    """

    def __init__(self, room: Room) -> None:
        self._room = room
        self.size = 0

    def take(self, size: int) -> None:
        """Hold so many bytes more until the request is over.

        Raises:
            Malformed: Others and this one hold too much together.
        """
        if size > self._room.left:
            raise Malformed("guard.too_much", 413, megabytes=max(1, self._room.most // 1024**2))
        self._room.left -= size
        self.size += size
