"""Where a run is told, for as long as somebody listens."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import TextIO

__all__ = ["Heard"]


class Heard:
    """A text stream that may be closed at its other end, as ``| head`` does: what is said then, nobody misses.

    Args:
        stream: Where to.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write some text; to nobody where the reader has gone."""
        try:
            return self._stream.write(text)
        except BrokenPipeError:
            return self._unheard(text)

    def flush(self) -> None:
        """Let the reader have all of it."""
        try:
            self._stream.flush()
        except BrokenPipeError:
            self._unheard("")

    def _unheard(self, text: str) -> int:
        nobody = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nobody, self._stream.fileno())  # also what the stream still holds goes there, when Python ends
        os.close(nobody)
        return len(text)
