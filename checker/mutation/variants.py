"""Variants of one file, each with one thing changed: pure text in, texts out.

Dropped are an instruction of a Dockerfile, a line or an option of a script, a key or an entry of a YAML or TOML file;
changed are a number, the tag of an image, and a path. Nothing here knows what any of it means.
"""

from __future__ import annotations

import copy
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Variant", "variants"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """A file in which one thing is different.

    Attributes:
        file: The file, seen from the solution's folder.
        what: What is different.
        text: What it holds.
    """

    file: str
    what: str
    text: str

    def __str__(self) -> str:
        return f"{self.file}: {self.what}"


def variants(file: str, text: str) -> tuple[Variant, ...]:
    """Return the variants of a file: no text twice, no name twice, and none that is the file itself.

    Args:
        file: The file, seen from the solution's folder; its name says what kind of file it is.
        text: What it holds.
    """
    kind = _KINDS.get(file.rpartition(".")[2], _of_a_script) if "Dockerfile" not in file else _of_a_dockerfile
    seen, found, times = {text}, [], Counter[str]()
    for what, changed in kind(text):
        if changed not in seen:
            seen.add(changed)
            times[what] += 1  # the same words may stand in a file more than once
            found.append(Variant(file=file, what=what if times[what] == 1 else f"{what} ({times[what]})", text=changed))
    return tuple(found)


# Texts with lines


# what only holds other lines together; without it nothing could be run at all
_STRUCTURE = re.compile(
    r"^\s*(?:#.*|\s*|fi|done|esac|;;|then|else|do|\{|\}|\)|(?:if|for|while|until|case|elif)\b.*|.*\{)\s*$"
)
_BASE = re.compile(r"\s*(?:(?:#|FROM\b).*)?", re.IGNORECASE | re.DOTALL)
_OPTION = re.compile(r"(?<=\s)(--?[A-Za-z][\w-]*(?:=\S+)?)(\s+[^\s-]\S*)?")
_NUMBER = re.compile(r"(?<![\w./-])\d{2,5}(?![\w.-])")
_TAG = re.compile(r"(?<=[a-z0-9]):(?=[a-z0-9])(?!\d{4,5}\b)[\w.-]+")
_PATH = re.compile(r"(?<![\w/.<>])/[A-Za-z][\w./-]*")


def _of_lines(text: str, kept: re.Pattern[str]) -> Iterator[tuple[str, str]]:
    logical = _logical_lines(text)
    for at, line in enumerate(logical):
        if not kept.fullmatch(line):
            yield f"without {_shown(line)}", "".join(logical[:at] + logical[at + 1 :])
    yield from _changed_lines(logical)


def _of_a_script(text: str) -> Iterator[tuple[str, str]]:
    return _of_lines(text, _STRUCTURE)


def _of_a_dockerfile(text: str) -> Iterator[tuple[str, str]]:
    return _of_lines(text, _BASE)


def _changed_lines(lines: list[str]) -> Iterator[tuple[str, str]]:
    for at, line in enumerate(lines):
        if re.match(r"\s*#", line):
            continue
        for what, changed in _changed(line):
            yield what, "".join([*lines[:at], changed, *lines[at + 1 :]])


def _changed(line: str) -> Iterator[tuple[str, str]]:
    def cut(start: int, end: int, new: str = "") -> str:
        return line[:start] + new + line[end:]

    for found in _OPTION.finditer(line):
        yield f"without {found[1]} in {_shown(line)}", cut(*found.span(1))
        if found[2]:
            yield f"without {found[0]} in {_shown(line)}", cut(*found.span())
    for found in _NUMBER.finditer(line):
        other = str(int(found[0]) + 1)
        yield f"{other} for {found[0]} in {_shown(line)}", cut(*found.span(), other)
    for found in _TAG.finditer(line):
        yield f":other for {found[0]} in {_shown(line)}", cut(*found.span(), ":other")
    for found in _PATH.finditer(line):
        yield f"{found[0]}-other for {found[0]} in {_shown(line)}", cut(found.end(), found.end(), "-other")


def _logical_lines(text: str) -> list[str]:
    """Return the lines, those that go on after a backslash or up to a heredoc's end as one."""
    lines: list[str] = []
    end = ""
    for line in text.splitlines(keepends=True):
        goes_on = bool(lines) and (bool(end) or lines[-1].endswith("\\\n"))
        if goes_on:
            lines[-1] += line
        else:
            lines.append(line)
        if end:
            end = "" if line.strip() == end else end
        elif here := re.search(r"<<-?\s*['\"]?(\w+)['\"]?", line):
            end = here[1]
    return lines


def _shown(line: str) -> str:
    words = " ".join(line.split())
    return f"“{words[:70]}{'…' if len(words) > 70 else ''}”"


# Texts with a structure


def _of_yaml(text: str) -> Iterator[tuple[str, str]]:
    def written(data: Any) -> str:  # noqa: ANN401 - any YAML
        return yaml.safe_dump(data, sort_keys=False, allow_unicode=True)

    yield from _of_data(yaml.safe_load(text), written)


def _of_toml(text: str) -> Iterator[tuple[str, str]]:
    """Yield the file without one of its keys: ours begin their lines, and each one's value ends before the next."""
    found = list(re.finditer(r"(?m)^([\w.-]+)\s*=", text))
    ends = [*(key.start() for key in found[1:]), len(text)]
    for key, end in zip(found, ends, strict=True):
        yield f"without {key[1]}", text[: key.start()] + text[end:]


def _of_data(data: Any, written: Callable[[Any], str]) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - any YAML
    for path in _paths(data):
        changed = copy.deepcopy(data)
        holder = changed
        for step in path[:-1]:
            holder = holder[step]
        here = ".".join(map(str, path))
        value = holder[path[-1]]
        for what, other in _other_values(value):
            holder[path[-1]] = other
            yield f"{what} at {here}", written(changed)
        del holder[path[-1]]
        yield f"without {here}", written(changed)


def _paths(data: Any) -> Iterator[tuple[Any, ...]]:  # noqa: ANN401 - any YAML
    inner = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in inner:
        yield (key,)
        yield from ((key, *path) for path in _paths(value))


def _other_values(value: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - any YAML
    if isinstance(value, bool):
        yield str(not value).lower(), not value
    elif isinstance(value, int | float):
        yield str(value + 1), value + 1
    elif isinstance(value, str) and "\n" not in value:
        yield from _changed(value)


_KINDS: dict[str, Callable[[str], Iterator[tuple[str, str]]]] = {
    "yaml": _of_yaml,
    "yml": _of_yaml,
    "toml": _of_toml,
}
