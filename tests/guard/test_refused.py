"""Whatever is refused can be said: each phrase gets all of its blanks from wherever it is used."""

from __future__ import annotations

import ast
import string
import tomllib
from pathlib import Path

import pytest

import checker.guard
from checker.guard.policy import named as named_module
from checker.guard.policy.refused import Refused
from checker.guard.policy.routes import ROUTES, UNKNOWN
from checker.phrase import phrase

GUARD = Path(checker.guard.__file__).parent
PHRASES = tomllib.loads((GUARD.parent / "phrases" / "guard.toml").read_text(encoding="utf-8"))
NO_BLANKS = {"status"}

SAID_ELSEWHERE = {"guard.internal", "guard.route", "guard.died", "guard.too_much"}


def calls() -> list[tuple[str, str, set[str]]]:
    """Return each phrase that is named in the code, where, and the blanks that it is given there."""
    found: list[tuple[str, str, set[str]]] = []
    for path in sorted(GUARD.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                found += [(key, f"{path.name}:{node.lineno}", blanks) for key, blanks in named(node)]
    return found


def named(call: ast.Call) -> list[tuple[str, set[str]]]:
    """Return the phrases of one call with their blanks."""
    function = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
    keywords = {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
    if function in {"Refused", "_denied"}:
        return [(key, set(keywords) - NO_BLANKS) for key in literals(call.args[0])]
    if function in {"never", "off", "_namespace"}:
        return [(key, {"field", "value"}) for arg in call.args for key in literals(arg)]
    return [(key, {"field", "value"}) for name, value in keywords.items() if name == "key" for key in literals(value)]


def literals(node: ast.expr) -> list[str]:
    """Return the guard's phrases that an argument names."""
    value = node.value if isinstance(node, ast.Constant) else None
    return [value] if isinstance(value, str) and value.startswith("guard.") else []


def blanks(text: str) -> set[str]:
    """Return the names of the blanks of a sentence."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


CALLS = [row for row in calls() if row[0] != "guard.internal"]


@pytest.mark.parametrize(("key", "place", "given"), CALLS, ids=[f"{key} {place}" for key, place, _ in CALLS])
def test_every_blank_is_filled(key: str, place: str, given: set[str]) -> None:
    """A sentence never asks for more than the place that says it knows."""
    table = PHRASES[key.removeprefix("guard.")]
    remedy = table.get("remedy", {})
    for text in (table["en"], table["ko"], *remedy.values()):
        assert blanks(text) <= given, place


def test_what_denies_a_whole_route_needs_no_blanks() -> None:
    """A route's refusal is a sentence by itself; for an unknown path, method and path are known."""
    for key in {route.refusal for route in ROUTES if route.refusal}:
        assert blanks(phrase(key).en) | blanks(phrase(key).ko) == set()
    for key in {*UNKNOWN.values(), "guard.route"}:
        assert blanks(phrase(key).en) | blanks(phrase(key).ko) <= {"method", "path"}


def test_every_sentence_is_said_somewhere() -> None:
    """No sentence is left over from something that is no longer refused."""
    said = {key for key, _, _ in calls()} | {route.refusal for route in ROUTES} | set(UNKNOWN.values())
    quotas = {f"guard.too_many_{kind}s" for kind in ("container", "network", "volume", "exec")}
    absent = set(named_module._ABSENT.values())
    unsaid = {f"guard.{name}" for name in PHRASES} - said - quotas - absent - SAID_ELSEWHERE
    assert unsaid == set()


@pytest.mark.parametrize("name", sorted(PHRASES))
def test_a_sentence_fits_the_terminal(name: str) -> None:
    """Each sentence is one or two lines of a terminal, in both languages, and so is what to do instead."""
    table = PHRASES[name]
    for text in (table["en"], table["ko"], *table.get("remedy", {}).values()):
        assert len(text) <= 150, text
    assert set(table) <= {"en", "ko", "remedy"}
    assert set(table.get("remedy", {})) in (set(), {"en", "ko"})


def test_a_refusal_becomes_a_denial() -> None:
    """Key, status, blanks and route are kept."""
    denied = Refused("guard.no_image", status=404, name="x:latest").denied("image.inspect")
    assert (denied.key, denied.status, denied.route) == ("guard.no_image", 404, "image.inspect")
    assert denied.text.ko == "No such image: x:latest"
