from __future__ import annotations

from typing import Any

import pytest

from checker.guard.policy.refused import Refused
from checker.guard.policy.schema import (
    GONE,
    Rule,
    Scene,
    dropped,
    flag,
    labels,
    list_of,
    map_of,
    never,
    number,
    one_of,
    record,
    text,
    words,
)
from tests.guard.asking import GRANTS, ledger


def tried(rule: Rule, value: object) -> Any:  # noqa: ANN401 - JSON is anything
    """Return what a rule makes of a value, or the key with which it refuses."""
    try:
        return rule(value, Scene(ledger=ledger(), grants=GRANTS), "field")
    except Refused as refused:
        return refused.key


RULE = record({"a": number(), "b": flag, "c": record({"d": text()}), "gone": dropped, "zero": number()})


@pytest.mark.parametrize("nothing", [None, "", 0, 0.0, False, [], {}])
def test_what_says_nothing_is_left_out(nothing: object) -> None:
    """A known field without a value goes, and so does an unknown one."""
    assert tried(RULE, {"a": nothing, "unheard": nothing}) == {}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"a": 1, "b": True}, {"a": 1, "b": True}),
        ({"c": {"d": "x"}}, {"c": {"d": "x"}}),
        ({"c": {"d": ""}}, {}),
        ({"gone": 5}, {}),
        ({"unheard": 1}, "guard.field"),
        ({"A": 1}, "guard.key_folded"),
        ({"c": {"unheard": 1}}, "guard.field"),
        ({"a": True}, "guard.value"),
        ({"a": 1.5}, "guard.value"),
        ({"b": 1}, "guard.value"),
        ({"c": [1]}, "guard.value"),
        ([], "guard.value"),
        ("x", "guard.value"),
    ],
)
def test_a_record_is_copied_field_by_field(value: object, expected: object) -> None:
    """Known fields are copied by their rules, and anything else refuses the whole."""
    assert tried(RULE, value) == expected


def test_what_goes_on_is_a_new_value() -> None:
    """Nothing of what the client sent is passed on as the same object."""
    value = {"c": {"d": "x"}}
    found = tried(RULE, value)
    assert found is not value
    assert found["c"] is not value["c"]


def test_a_field_where_zero_says_something_keeps_it() -> None:
    """``--stop-timeout 0`` is not the same as none."""
    rule = record({"zero": number()}, also_nothing=frozenset({"zero"}))
    assert tried(rule, {"zero": 0}) == {"zero": 0}


@pytest.mark.parametrize(
    ("rule", "value", "expected"),
    [
        (list_of(text()), ["a", ""], ["a", ""]),
        (list_of(text()), ["a", None], "guard.value"),
        (list_of(text(), limit=1), ["a", "b"], "guard.value"),
        (list_of(dropped), [1, 2], []),
        (list_of(text()), {"a": 1}, "guard.value"),
        (map_of(text(), text()), {"a": "", "A": "b"}, {"a": "", "A": "b"}),
        (map_of(text(), text()), {"a": None}, "guard.value"),
        (map_of(one_of("a"), text()), {"b": "x"}, "guard.value"),
        (map_of(text(), text(), limit=1), {"a": "", "b": ""}, "guard.value"),
        (map_of(text(), text()), [], "guard.value"),
        (words(), "sh -c x", ["sh -c x"]),
        (words(), ["sh", "-c"], ["sh", "-c"]),
        (words(), [1], "guard.value"),
        (text(r"[a-z]+"), "ab", "ab"),
        (text(r"[a-z]+"), "ab\n", "guard.value"),
        (text(r"[a-z]+"), "", ""),
        (text(r"[a-z]*", empty=False), "a", "a"),
        (text(), "a\0b", "guard.value"),
        (text(r"x", key="guard.privileged"), "y", "guard.privileged"),
        (text(), 1, "guard.value"),
        (one_of("a", "b"), "b", "b"),
        (one_of("a", key="guard.oom"), "c", "guard.oom"),
        (one_of("a"), ["a"], "guard.value"),
        (number(1, 3), 3, 3),
        (number(1, 3), 4, "guard.value"),
        (number(1, 3), 0, "guard.value"),
        (number(), 2**63, "guard.value"),
        (number(key="guard.oom"), -1, "guard.oom"),
        (flag, True, True),
        (flag, "true", "guard.value"),
        (never("guard.device"), 1, "guard.device"),
        (dropped, 1, GONE),
        (labels, {"a": "b", "kata.run": "x", "Kata.By": "y"}, {"a": "b"}),
        (labels, {"a": 1}, "guard.value"),
    ],
)
def test_each_rule_takes_what_it_says(rule: Rule, value: object, expected: object) -> None:
    """Values of the right form go through, all others are refused."""
    assert tried(rule, value) == expected


def test_a_long_value_is_not_repeated_in_full() -> None:
    """What a client sent is cut off in the sentence about it."""
    with pytest.raises(Refused) as refused:
        number()("x" * 1000, Scene(ledger=ledger(), grants=GRANTS), "field")
    assert len(refused.value.denied().text.en) < 120
