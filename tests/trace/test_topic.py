from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from checker.guard.policy.routes import ROUTES
from checker.phrase import phrase
from checker.trace import questions
from checker.trace.topic import _ROWS, OTHER, SMALL_TALK, topic

if TYPE_CHECKING:
    from checker.guard.policy.route import Route


@pytest.mark.parametrize(
    ("method", "path", "key", "it"),
    [
        ("POST", "/containers/create", "create", ""),
        ("POST", "/containers/web/start", "start", "web"),
        ("GET", "/containers/json", "containers", ""),
        ("GET", "/containers/json/json", "inspect", "json"),
        ("GET", "/images/ghcr.io/a/b:1/json", "image", "ghcr.io/a/b:1"),
        ("DELETE", "/images/a%2Fb", "untag", "a/b"),
        ("GET", "/networks/a", "inspect", "a"),
        ("GET", "/containers/a/b/json", OTHER, ""),
        ("PATCH", "/containers/web/start", OTHER, ""),
        ("GET", "/unheard/of", OTHER, ""),
        ("", "", OTHER, ""),
    ],
)
def test_a_request_is_about_something(method: str, path: str, key: str, it: str) -> None:
    """Method and path say what a request is about; what nobody knows is something other."""
    about = topic(method, path)
    assert (about.key, about.it) == (key, it)


@pytest.mark.parametrize("key", sorted({row[2] for row in _ROWS} | {OTHER}))
def test_each_topic_has_its_question(key: str) -> None:
    """Whatever a client may ask has its sentence; small talk alone has none."""
    if key in SMALL_TALK:
        return
    assert phrase(f"trace.ask_{key}").en
    assert phrase(f"trace.ask_{key}").ko


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_whatever_the_guard_knows_can_be_told(route: Route) -> None:
    """Every route of the guard's table has a topic of its own, so that nothing it lets through is told as unknown."""
    path = re.sub(r"\{(\w+)\}", lambda found: "library/a" if found[1] == "image" else "a", route.path)
    assert topic(route.method, path).key != OTHER


def test_what_is_said_in_the_body_is_a_topic() -> None:
    """Questions that wait for the end of their request are in the table."""
    assert {row[2] for row in _ROWS} >= questions.SAID_IN_THE_BODY
