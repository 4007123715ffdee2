from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from checker.guard.proxy.body import Chunked, Frame, Misframed, Sized, UntilEnd

WHOLE = b"5\r\nhello\r\nA\r\n, 0123456\n\r\n1\r\n\r\r\n0\r\n\r\n"


def read(frame: Frame, *pieces: bytes) -> bytes:
    """Return the body that comes in these pieces."""
    return b"".join(b"".join(frame.parts(piece)) for piece in pieces)


@settings(suppress_health_check=[HealthCheck.too_slow])  # the machine may be busy
@given(st.lists(st.binary(min_size=1, max_size=50), max_size=6), st.lists(st.integers(1, 12), min_size=1), st.binary())
def test_chunks_may_be_cut_anywhere(parts: list[bytes], cuts: list[int], after: bytes) -> None:
    """What was put into chunks comes out of them, however the bytes arrive; what follows is not touched."""
    text = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
    frame, got, at, turn = Chunked(), b"", 0, 0
    while not frame.is_done:
        size = cuts[turn % len(cuts)]
        got += b"".join(frame.parts((text + after)[at : at + size]))
        at, turn = at + size, turn + 1
    assert got == b"".join(parts)
    assert (frame.rest + (text + after)[at:]) == after


@pytest.mark.parametrize(
    "text",
    [
        b"z\r\n",
        b"\r\n",
        b"-1\r\n",
        b"+1\r\nx",
        b"0x1\r\nx",
        b" 1\r\nx",
        b"1 \r\nx",
        b"1;a=b\r\nx\r\n",
        b"1\nx\n",
        b"1\rx",
        b"1\r\nxy\r\n",
        b"1\r\nx\n",
        b"1\r\nx\r\r",
        b"000000001\r\nx",
        b"123456789\r\n",
        b"0\r\nX: y\r\n\r\n",
        b"0\r\n\n",
        b"1_0\r\n",
    ],
)
def test_a_chunk_that_others_might_read_otherwise_is_none(text: bytes) -> None:
    """Extensions, trailers, signs, white space, bare line feeds: refused, in one piece and byte by byte."""
    with pytest.raises(Misframed):
        read(Chunked(), text, b"")
    with pytest.raises(Misframed):
        read(Chunked(), *(text[at : at + 1] for at in range(len(text))), b"")


@pytest.mark.parametrize("end", range(1, len(WHOLE)))
def test_chunks_without_their_end_are_not_whole(end: int) -> None:
    """A connection that ends anywhere before the last line's end was cut off."""
    frame = Chunked()
    b"".join(frame.parts(WHOLE[:end]))
    assert not frame.is_done
    with pytest.raises(Misframed):
        b"".join(frame.parts(b""))


def test_a_body_of_known_length_ends_there() -> None:
    """What follows is not its own; less is cut off."""
    frame = Sized(5)
    assert (b"".join(frame.parts(b"hel")), frame.is_done) == (b"hel", False)
    assert (b"".join(frame.parts(b"lo, and more")), frame.is_done, frame.rest) == (b"lo", True, b", and more")
    with pytest.raises(Misframed):
        read(Sized(5), b"hel", b"")
    assert Sized(0).is_done


def test_a_body_without_a_frame_ends_with_its_connection() -> None:
    """Everything is its own."""
    frame = UntilEnd()
    assert (read(frame, b"a", b"b"), frame.is_done) == (b"ab", False)
    assert (b"".join(frame.parts(b"")), frame.is_done) == (b"", True)
