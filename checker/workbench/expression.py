"""Works out what stands between ``${{`` and ``}}`` in a workflow, and in its ``if:``.

The part of GitHub's expressions that a small pipeline needs: contexts, strings, numbers, comparisons, ``&& || !``,
parentheses and the functions below. Strings are compared as GitHub does, without regard to upper and lower case.
What is not here is said to be missing, never guessed.

Source: GitHub's documentation, "Evaluate expressions in workflows and actions".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Missing", "Scope", "fill", "holds"]

_BLANK = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>-?\d+(?:\.\d+)?)|(?P<name>[A-Za-z_][\w-]*(?:\.[\w-]+)*)"
    r"|(?P<sign>==|!=|<=|>=|&&|\|\||[!<>(),]))"
)
_STATUS = frozenset({"success", "failure", "always", "cancelled"})


class Missing(Exception):  # noqa: N818 - it names what is missing
    """Something of GitHub's that is not here; ``feature`` is what a learner wrote."""

    def __init__(self, feature: str) -> None:
        super().__init__(feature)
        self.feature = feature


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What an expression can see.

    Attributes:
        contexts: ``github``, ``env`` and so on, each a mapping; what is not in one of them is empty, as on GitHub.
        failed: Whether something before it has failed.
    """

    contexts: Mapping[str, Mapping[str, Any]]
    failed: bool = False


def fill(text: str, scope: Scope) -> str:
    """Return a text with the value of each ``${{ … }}`` in its place.

    Raises:
        Missing: One of them needs something that is not here.
    """
    return _BLANK.sub(lambda match: _shown(_Reader(match[1], scope).value()), text)


def holds(condition: str, scope: Scope) -> bool:
    """Return whether an ``if:`` lets its step or job run.

    One that asks for no status, such as ``always()``, also wants that nothing before it has failed.

    Raises:
        Missing: It needs something that is not here.
    """
    match = _BLANK.fullmatch(condition.strip())
    reader = _Reader(match[1] if match else condition, scope)
    value = _true(reader.value()) if condition.strip() else True
    return value and (reader.asks_for_status or not scope.failed)


class _Reader:
    """Reads an expression from left to right and works it out meanwhile; it is too small to have effects."""

    def __init__(self, text: str, scope: Scope) -> None:
        self._scope = scope
        self._tokens = _tokens(text)
        self._place = 0
        self.asks_for_status = False

    def value(self) -> Any:  # noqa: ANN401 - JSON is anything
        found = self._either()
        if self._place < len(self._tokens):
            raise Missing(self._tokens[self._place][1])
        return found

    def _either(self) -> Any:  # noqa: ANN401
        found = self._both()
        while self._take("||"):
            other = self._both()
            found = found if _true(found) else other
        return found

    def _both(self) -> Any:  # noqa: ANN401
        found = self._compared()
        while self._take("&&"):
            other = self._compared()
            found = other if _true(found) else found
        return found

    def _compared(self) -> Any:  # noqa: ANN401
        found = self._single()
        if self._take("=="):
            return _same(found, self._single())
        if self._take("!="):
            return not _same(found, self._single())
        return found

    def _single(self) -> Any:  # noqa: ANN401
        if self._take("!"):
            return not _true(self._single())
        if self._take("("):
            found = self._either()
            self._must(")")
            return found
        kind, text = self._next()
        if kind == "text":
            return text[1:-1].replace("''", "'")
        if kind == "number":
            return float(text)
        if kind == "name":
            return self._call(text) if self._take("(") else self._look_up(text)
        raise Missing(text)

    def _look_up(self, name: str) -> Any:  # noqa: ANN401
        if name in {"true", "false", "null"}:
            return {"true": True, "false": False, "null": None}[name]
        context, *path = name.split(".")
        if context not in self._scope.contexts:
            raise Missing(context)
        found: Any = self._scope.contexts[context]
        for part in path:
            found = found.get(part) if isinstance(found, dict) else None
        return found

    def _call(self, name: str) -> Any:  # noqa: ANN401
        values = []
        while not self._take(")"):
            values.append(self._either())
            self._take(",")
        if name in _STATUS:
            self.asks_for_status = True
            return {"always": True, "failure": self._scope.failed, "success": not self._scope.failed}.get(name, False)
        if name not in _FUNCTIONS:
            raise Missing(f"{name}()")
        return _FUNCTIONS[name](*map(_shown, values))

    def _next(self) -> tuple[str, str]:
        if self._place >= len(self._tokens):
            raise Missing("${{ }}")
        self._place += 1
        return self._tokens[self._place - 1]

    def _take(self, sign: str) -> bool:
        taken = self._place < len(self._tokens) and self._tokens[self._place] == ("sign", sign)
        self._place += taken
        return taken

    def _must(self, sign: str) -> None:
        if not self._take(sign):
            raise Missing("(")


_FUNCTIONS: dict[str, Callable[..., bool]] = {
    "contains": lambda text, part: part.lower() in text.lower(),
    "startsWith": lambda text, part: text.lower().startswith(part.lower()),
    "endsWith": lambda text, part: text.lower().endswith(part.lower()),
}


def _tokens(text: str) -> list[tuple[str, str]]:
    found, place, text = [], 0, text.strip()
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise Missing(text[place : place + 20])
        found.append((str(match.lastgroup), str(match[str(match.lastgroup)])))
        place = match.end()
    return found


def _true(value: Any) -> bool:  # noqa: ANN401 - JSON is anything
    return bool(value)


def _same(one: Any, other: Any) -> bool:  # noqa: ANN401 - JSON is anything
    return _shown(one).lower() == _shown(other).lower()


def _shown(value: Any) -> str:  # noqa: ANN401 - JSON is anything
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)
