from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checker.layout import columns, inert, width, wrap
from checker.phrase import plain

WORDS = st.text(st.sampled_from("ab 가나다 \n\t.한e\u0301☃👩\u200d💻"), max_size=200)


@given(text=WORDS, room=st.integers(min_value=8, max_value=100))
def test_no_line_is_too_wide_and_no_letter_is_lost(text: str, room: int) -> None:
    """Whatever the text and the room, lines fit and only blanks go."""
    lines = wrap(text, room)
    assert all(width(line) <= room for line in lines), lines
    assert "".join("".join(lines).split()) == "".join(text.split())


@given(text=st.text(max_size=300), room=st.integers(min_value=8, max_value=100))
def test_anything_made_plain_can_be_wrapped(text: str, room: int) -> None:
    """No character that a program can print makes wrapping fail."""
    assert all(width(line) <= room for line in wrap(plain(text), room))


def test_a_tab_is_as_wide_as_it_looks() -> None:
    """A tab becomes blanks, which can be counted."""
    assert wrap("a\tb\t\tc", 40) == ["a   b       c"]


@given(
    left=st.text(st.sampled_from("ab 가나다 \n\t.한☃")),
    right=st.sampled_from(["0/2", "10/10"]),
    room=st.integers(24, 100),
)
def test_points_always_fit_beside_a_title(left: str, right: str, room: int) -> None:
    """The points end their line flush right, whatever stands on the left."""
    first, *rest = columns(left, right, room)
    assert first.endswith(right)
    assert width(first) == room
    assert all(width(line) <= room for line in rest)


@pytest.mark.parametrize(
    ("line", "harmless"),
    [
        ("      ::error::boo", "     |::error::boo"),
        ("  ::set-output name=a::b", " |::set-output name=a::b"),
        ("  see a::b and ::c", "  see a::b and ::c"),
        ("    x ##[error]boo", "    x # [error]boo"),
        ("  ##[add-mask]x##[group]", "  # [add-mask]x# [group]"),
        ("", ""),
        ("  ordinary", "  ordinary"),
    ],
)
def test_a_workflow_command_stays_text(line: str, harmless: str) -> None:
    """What GitHub Actions would take for a command of its own is text, as wide as before."""
    assert inert(line) == harmless
    assert width(inert(line)) == width(line)
