"""Every sentence the program says, in Korean and in English.

Sentences live in ``checker/phrases/AREA.toml``, one table a sentence::

    [missing]
    en = "No Docker engine answers at {address}."
    ko = "{address}에서 응답하는 Docker engine이 없어요."
    remedy.en = "Start Docker, or run ./kata up."
    remedy.ko = "Docker를 켜거나 ./kata up 을 실행해 주세요."

and are named ``AREA.key`` (``say("engine.missing", address=...)``). What fills a blank may come from a learner,
so every blank is made harmless for a terminal on its way in. A Korean blank takes its particle as a format:
``{file:은}`` writes 은 or 는, ``{file:이}`` 이/가, ``{file:을}`` 을/를, ``{file:과}`` 과/와, ``{file:으로}`` 으로/로.
"""

from __future__ import annotations

import functools
import os
import re
import tomllib
import unicodedata
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["KataError", "Language", "Text", "language", "phrase", "plain", "say", "with_remedy"]

Language = Literal["en", "ko"]


def language(environ: Mapping[str, str] | None = None) -> Language:
    """Return the learner's language: ``KATA_LANG``, then ``LC_ALL``, then ``LANG``, else English."""
    environ = os.environ if environ is None else environ
    for variable in ("KATA_LANG", "LC_ALL", "LANG"):
        value = environ.get(variable, "").lower()
        if value.startswith("ko"):
            return "ko"
        if value.startswith("en"):
            return "en"
    return "en"


def plain(text: str) -> str:
    """Return ``text`` with whatever could steer a terminal or reorder a line made visible or removed.

    Colour codes and other escape sequences go; carriage returns, remaining control characters and Unicode's
    bidirectional controls become ``�``; new lines and tabs stay.
    """
    text = _ESCAPE.sub("", text.replace("\r\n", "\n"))
    return "".join("�" if unicodedata.category(c) in _UNSAFE_CATEGORIES and c not in "\n\t\u200d" else c for c in text)


# CSI and OSC sequences (ECMA-48), then any other two-character escape
_ESCAPE = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[@-Z\\-_]")
_UNSAFE_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """One sentence in both languages, perhaps with blanks in braces."""

    en: str
    ko: str

    def here(self) -> str:
        """Return the sentence in the learner's language."""
        return self.in_language(language())

    def in_language(self, wanted: Language) -> str:
        """Return the sentence in the language that was asked for."""
        return self.ko if wanted == "ko" else self.en

    def fill(self, blanks: Mapping[str, object]) -> Text:
        """Return the sentence with its blanks filled.

        Raises:
            KeyError: A blank of the sentence has no value.
        """
        values = {name: _Blank(_value(blank)) for name, blank in blanks.items()}
        return Text(en=self.en.format_map(values), ko=self.ko.format_map(values))


def _value(blank: object) -> str:
    return plain(blank if isinstance(blank, str) else str(blank))


class _Blank(str):
    """A value that brings its Korean particle along when its format asks for one."""

    __slots__ = ()

    def __format__(self, particle: str) -> str:
        if particle not in _PARTICLES:
            return str.__format__(self, particle)
        with_final, without_final = _PARTICLES[particle]
        final = _final_sound(self)
        if particle == "으로" and final == "ㄹ":
            return self + without_final
        return self + (with_final if final else without_final)


_PARTICLES = {
    "은": ("은", "는"),
    "이": ("이", "가"),
    "을": ("을", "를"),
    "과": ("과", "와"),
    "으로": ("으로", "로"),
    "이에요": ("이에요", "예요"),
}
_DIGIT_FINALS = {"0": "ㅇ", "1": "ㄹ", "3": "ㅁ", "6": "ㄱ", "7": "ㄹ", "8": "ㄹ"}
# How Koreans read the end of an English word: a final consonant stays one after these letters …
_ENGLISH_FINAL = re.compile(r"(?P<l>le?)$|(?P<other>m|me|n|ne|ng|ck|p)$", re.IGNORECASE)
_SHORT_WORDS = frozenset({"web", "net", "set", "bit"})  # … and in these, though not in db, port or root


def _final_sound(word: str) -> str:
    """Return the final consonant that Korean hears at the end of ``word``; empty where it ends in a vowel."""
    word = re.sub(r"[^\w]+$", "", word)
    last = word[-1:]
    if "가" <= last <= "힣":
        final = (ord(last) - ord("가")) % 28
        return "ㄹ" if final == 8 else "ㄱ" if final else ""
    if last.isdigit():
        return _DIGIT_FINALS.get(last, "")
    if re.split(r"[\W_]", word.lower())[-1] in _SHORT_WORDS:
        return "ㅂ"
    match = _ENGLISH_FINAL.search(word)
    if match is None:
        return ""
    return "ㄹ" if match["l"] else "ㅁ"


@functools.cache
def _area(name: str) -> dict[str, dict[str, object]]:
    source = files("checker").joinpath("phrases", f"{name}.toml")
    return tomllib.loads(source.read_text(encoding="utf-8"))


def phrase(key: str) -> Text:
    """Return the sentence that ``key`` (``AREA.name``) names, blanks still empty.

    Raises:
        KeyError: There is no such sentence.
    """
    area, _, name = key.partition(".")
    return _text(_area(area)[name])


def with_remedy(key: str) -> Text:
    """Return the sentence that ``key`` names, followed by what to do about it where the phrases say that.

    Raises:
        KeyError: There is no such sentence.
    """
    area, _, name = key.partition(".")
    text, remedy = phrase(key), _area(area)[name].get("remedy")
    if remedy is None:
        return text
    more = _text(remedy)
    return Text(en=f"{text.en} {more.en}", ko=f"{text.ko} {more.ko}")


def _text(table: object) -> Text:
    if not isinstance(table, dict):
        raise KeyError(table)
    return Text(en=str(table["en"]), ko=str(table["ko"]))


def say(key: str, /, **blanks: object) -> str:
    """Return the sentence ``key`` in the learner's language, its blanks filled."""
    return phrase(key).fill(blanks).here()


class KataError(Exception):
    """Something on our side, or the machine's, went wrong; never the learner's mistake.

    ``KataError("engine.missing", address=...)`` looks its cause up under ``[missing]`` and what to do about it
    under ``[missing.remedy]`` of ``phrases/engine.toml``. Whatever ends in one is *broken*, exit code 3.
    """

    def __init__(self, key: str, /, **blanks: object) -> None:
        super().__init__(key, blanks)
        self.key = key
        self.blanks = blanks

    @property
    def cause(self) -> Text:
        """What went wrong."""
        return phrase(self.key).fill(self.blanks)

    @property
    def remedy(self) -> Text:
        """What to do about it."""
        area, _, name = self.key.partition(".")
        return _text(_area(area)[name]["remedy"]).fill(self.blanks)

    def __str__(self) -> str:
        return f"{self.cause.here()}\n{self.remedy.here()}"

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.key, self.blanks)


def _rebuild(kind: type[KataError], key: str, blanks: dict[str, object]) -> KataError:
    return kind(key, **blanks)
