from __future__ import annotations

import pytest

from checker.workbench.hedged import hedges, without_quotes

NUMBER = r"(?<!\d)\d+"


def is_right(number: str) -> bool:
    return number == "137"


@pytest.mark.parametrize(
    "answer",
    [
        "137 or 143",
        "143 or 137",
        "137/143",
        "137 | 143",
        "137, 143",
        "137 143",
        "137 and 143",
        "[137, 143]",
        "137 (or 143)",
        "137 (SIGKILL), or sometimes 143 (SIGTERM)",
        "1 or 143 or 137",
        "137 또는 143",
        "137(SIGKILL) 혹은 143(SIGTERM)",
        "137 아니면 143",
        "137이나 143",
        "137이거나 143",
        "137와 143",
        "１３７ or 143",
    ],
)
def test_who_names_two_has_not_answered(answer: str) -> None:
    """An answer that offers another one beside the right one hedges, in either language and in a bare list."""
    assert hedges(answer, NUMBER, is_right)


@pytest.mark.parametrize(
    "answer",
    [
        "137",
        "Exited (137) 2 minutes ago",
        "137 or 137",
        "137 (143 or 0 would be a stop)",
        "137, 143 would be a stop",
        "137 for memory",
        "137 = 137",
        "143 or 1",
        "",
    ],
)
def test_who_explains_has_answered(answer: str) -> None:
    """Other candidates may be mentioned, and the right one twice; what is all wrong is no hedge either."""
    assert not hedges(answer, NUMBER, is_right)


def test_a_list_is_told_by_candidates_alone() -> None:
    """Where a candidate can bring its value along, a list of those that do is a quotation and no hedge."""
    letter, with_value = r"\b[ab]\b", r"\b[ab]\b(?:=\d)?"
    assert hedges("a or b=1", with_value, lambda said: said.startswith("a"), alone=letter)
    assert hedges("a, b", with_value, lambda said: said.startswith("a"), alone=letter)
    assert not hedges("a=2, b=1", with_value, lambda said: said.startswith("a"), alone=letter)


def test_quotes_and_brackets_are_no_part_of_an_answer() -> None:
    """What people put around their answers goes, full-width letters become the usual ones, and many blanks one."""
    assert without_quotes(" [“１３７”,\n    '`9`'] ") == "137, 9"
