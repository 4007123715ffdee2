from __future__ import annotations

import pytest

from checker.workbench.ends import Ends


@pytest.mark.parametrize("piece", [1, 2, 3, 7, 100])
@pytest.mark.parametrize("length", [0, 4, 5, 9, 10, 11, 15, 24, 25, 26, 27, 1000])
def test_what_is_missing_shows(length: int, piece: int) -> None:
    """However it comes: all of it where it is short, else beginning, mark and end."""
    said = "".join(chr(ord("a") + at % 26) for at in range(length))
    ends = Ends(5, 5)
    for at in range(0, length, piece):
        ends.add(said[at : at + piece].encode())
    assert str(ends) == (said if length <= 10 else f"{said[:5]}\n[...]\n{said[-5:]}")


def test_the_end_that_is_kept_is_bounded() -> None:
    """What is left out takes no room."""
    ends = Ends(10, 10)
    for _ in range(1000):
        ends.add(b"x" * 100)
    assert len(str(ends)) == 27


def test_a_character_that_is_cut_does_no_harm() -> None:
    """Where the cut goes through a character, what is left of it is shown as one that is not known."""
    ends = Ends(1, 1)
    ends.add("가나".encode())
    assert str(ends) == "\ufffd\n[...]\n\ufffd"
