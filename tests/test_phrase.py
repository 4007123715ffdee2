from __future__ import annotations

import pickle
import re
import string
import tomllib
from pathlib import Path

import pytest

from checker.phrase import KataError, Text, language, phrase, plain, say

AREAS = sorted((Path(__file__).resolve().parent.parent / "checker" / "phrases").glob("*.toml"))
SENTENCES = [
    (f"{area.stem}.{key}", table)
    for area in AREAS
    for key, table in tomllib.loads(area.read_text(encoding="utf-8")).items()
]


def blanks(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, "en"),
        ({"LANG": "ko_KR.UTF-8"}, "ko"),
        ({"LANG": "ko_KR.UTF-8", "LC_ALL": "en_US.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "ko_KR.UTF-8", "LC_ALL": "C.UTF-8"}, "ko"),
        ({"LANG": "ko_KR.UTF-8", "LC_ALL": "en_US", "KATA_LANG": "ko"}, "ko"),
        ({"KATA_LANG": "fr", "LANG": "ko_KR"}, "ko"),
        ({"KATA_LANG": "fr"}, "en"),
    ],
)
def test_the_language_is_the_learners(environ: dict[str, str], expected: str) -> None:
    """KATA_LANG counts before LC_ALL, LC_ALL before LANG; a language that we don't speak counts for nothing."""
    assert language(environ) == expected


@pytest.mark.parametrize(
    ("raw", "harmless"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]52;c;cGFzdGU=\x07after", "after"),
        ("\x1b]0;title\x1b\\after", "after"),
        ("a\rb", "a�b"),
        ("a\r\nb", "a\nb"),
        ("a\x00b\x08c\x9bd", "a�b�c�d"),
        ("safe\u202egnp.exe", "safe�gnp.exe"),
        ("zero\u200bwidth\u2066x\u2069", "zero�width�x�"),
        ("line\u2028two", "line�two"),
        ("한국어\ttab\nline", "한국어\ttab\nline"),
    ],
)
def test_what_is_shown_cannot_steer_a_terminal(raw: str, harmless: str) -> None:
    """Escape sequences go; control characters and what reorders a line become visible."""
    assert plain(raw) == harmless


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("파일", "파일은 파일이 파일을 파일과 파일로 파일이에요"),
        ("컨테이너", "컨테이너는 컨테이너가 컨테이너를 컨테이너와 컨테이너로 컨테이너예요"),
        ("볼륨", "볼륨은 볼륨이 볼륨을 볼륨과 볼륨으로 볼륨이에요"),
        ("run.sh", "run.sh는 run.sh가 run.sh를 run.sh와 run.sh로 run.sh예요"),
        ("Dockerfile", "Dockerfile은 Dockerfile이 Dockerfile을 Dockerfile과 Dockerfile로 Dockerfile이에요"),
        ("137", "137은 137이 137을 137과 137로 137이에요"),
        ("2", "2는 2가 2를 2와 2로 2예요"),
        ("3", "3은 3이 3을 3과 3으로 3이에요"),
        ("kata-12-web", "kata-12-web은 kata-12-web이 kata-12-web을 kata-12-web과 kata-12-web으로 kata-12-web이에요"),
        ("db", "db는 db가 db를 db와 db로 db예요"),
        ("파일.", "파일.은 파일.이 파일.을 파일.과 파일.로 파일.이에요"),
        ("", "는 가 를 와 로 예요"),
    ],
)
def test_a_blank_takes_its_korean_particle(word: str, expected: str) -> None:
    """The particle after a blank goes by how Koreans read the word's end."""
    text = Text(en="", ko="{w:은} {w:이} {w:을} {w:과} {w:으로} {w:이에요}")
    assert text.fill({"w": word}).ko == expected


def test_what_fills_a_blank_is_made_harmless() -> None:
    """A learner's file name cannot bring colours or braces into a sentence."""
    filled = Text(en="{file}", ko="{file}").fill({"file": "\x1b[31m{file.__class__}"})
    assert filled == Text(en="{file.__class__}", ko="{file.__class__}")


def test_an_empty_blank_is_noticed() -> None:
    """A sentence whose blank has no value is an error, not a sentence with a hole."""
    with pytest.raises(KeyError, match="file"):
        Text(en="{file}", ko="{file}").fill({})


def test_an_error_has_its_cause_and_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A KataError reads as what went wrong and, on the next line, what to do about it, in either language."""
    error = KataError("check.busy", what="04", minutes=10)
    monkeypatch.setenv("KATA_LANG", "en")
    assert str(error) == (
        "Another run has been holding 04 on this engine for 10 minutes.\nWait for it to end, or end it, and try again."
    )
    monkeypatch.setenv("KATA_LANG", "ko")
    assert str(error) == (
        "다른 실행이 10분째 이 engine에서 04를 쓰고 있어요.\n그 실행이 끝나기를 기다리거나 끝낸 뒤에 다시 해 주세요."
    )


def test_an_error_survives_the_way_to_another_process() -> None:
    """A KataError can be pickled, as executors and pytest-xdist do."""
    again = pickle.loads(pickle.dumps(KataError("check.busy", what="04", minutes=10)))  # noqa: S301 - our own bytes
    assert (again.key, again.blanks) == ("check.busy", {"what": "04", "minutes": 10})


def test_say_speaks_the_learners_language(monkeypatch: pytest.MonkeyPatch) -> None:
    """``say`` picks the language at the moment of speaking."""
    monkeypatch.setenv("KATA_LANG", "ko")
    assert say("work.empty", file="run.sh") == "run.sh가 비어 있어요."
    monkeypatch.setenv("KATA_LANG", "en")
    assert say("work.empty", file="run.sh") == "run.sh is empty."


def test_an_unknown_sentence_is_noticed() -> None:
    """A key that names no sentence is a KeyError."""
    with pytest.raises(KeyError):
        phrase("work.no_such_sentence")


@pytest.mark.parametrize(("key", "table"), SENTENCES, ids=[key for key, _ in SENTENCES])
def test_every_sentence_exists_in_both_languages(key: str, table: dict[str, object]) -> None:
    """Each shared sentence, and each remedy, has both languages with the same blanks, and nothing else."""
    for part in (table, table.get("remedy")):
        if isinstance(part, dict):
            en, ko = str(part["en"]), str(part["ko"])
            assert en.strip()
            assert ko.strip()
            assert blanks(en) == blanks(ko)
            assert set(part) <= {"en", "ko", "remedy"}
    assert phrase(key)


def test_every_sentence_that_the_code_names_exists() -> None:
    """Each key that is said or raised somewhere in checker/ has its sentence, an error's its remedy too."""
    named = re.compile(r"\b(say|phrase|KataError|Mistake|_trouble|_mistake)\(\s*\"([a-z]+\.[a-z_]+)\"")
    for path in sorted((AREAS[0].parent.parent).rglob("*.py")):
        for how, key in named.findall(path.read_text(encoding="utf-8")):
            assert phrase(key), key
            if how in {"KataError", "_trouble"}:
                assert "remedy" in dict(SENTENCES)[key], key
