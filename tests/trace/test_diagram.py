from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from checker.layout import width
from checker.trace import Step, draw, replay
from checker.trace.diagram import WIDTH
from checker.trace.step import Actor
from tests.trace.conftest import NAMES, entries

if TYPE_CHECKING:
    from collections.abc import Iterator

    from checker.phrase import Language, Text

SVG = "{http://www.w3.org/2000/svg}"


def picture(name: str, language: Language = "en", command: str = "docker run hello-world") -> ET.Element:
    return ET.fromstring(draw(replay(entries(name)).steps, command, language))  # noqa: S314 - our own picture


def texts(drawn: ET.Element) -> list[str]:
    return [element.text or "" for element in drawn.iter(f"{SVG}text")]


def said(text: str) -> Text:
    from checker.phrase import Text

    return Text(en=text, ko=text)


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("name", NAMES)
def test_a_picture_is_whole_and_stands_alone(name: str, language: Language) -> None:
    """It is well-formed, says what it is and in which language, and has no scripts, links or files of others."""
    drawn = picture(name, language)
    assert drawn.tag == f"{SVG}svg"
    assert (drawn.get("role"), drawn.get("lang")) == ("img", language)
    labels = {element.get("id"): element.text for element in drawn if element.get("id")}
    assert all(labels[key] for key in str(drawn.get("aria-labelledby")).split())
    kinds = {element.tag.removeprefix(SVG) for element in drawn.iter()}
    assert kinds <= {"svg", "title", "desc", "style", "rect", "line", "path", "text"}
    source = draw(replay(entries(name)).steps, "docker run hello-world", language)
    assert not re.search(r"href|url\(|@import|<script|\bon\w+=", source)
    assert source.count("http") == 1 + source.count("https://registry.example")


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("name", NAMES)
def test_everything_is_within_the_picture(name: str, language: Language) -> None:
    """No words run out of it to the left, the right or below."""
    drawn = picture(name, language)
    height = float(str(drawn.get("viewBox")).split()[3])
    for left, right, y in _extents(drawn):
        assert left >= 0
        assert right <= WIDTH
        assert 0 < y < height


def _extents(drawn: ET.Element) -> Iterator[tuple[float, float, float]]:
    for text in drawn.iter(f"{SVG}text"):
        x, cells = float(str(text.get("x"))), width(text.text or "") * 6.9
        shift = {"middle": cells / 2, "end": cells}.get(text.get("text-anchor", ""), 0.0)
        yield x - shift, x - shift + cells, float(str(text.get("y")))


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ["docker run hello-world", "1", "2", "3", "3½", "4", "Start greeting, please.", "where images live"]),
        ("ko", ["docker run hello-world", "1", "2", "3", "3½", "4", "greeting을 시작해 주세요.", "이미지가 사는 곳"]),
    ],
)
def test_it_shows_the_steps_of_the_article(language: Language, words: list[str]) -> None:
    """The command, the numbers of the steps and what is said, in the learner's language."""
    assert set(words) <= set(texts(picture("run_cold", language)))


def test_who_cannot_see_it_is_told_the_same() -> None:
    """Its description has every step in words, in order, and begins with what you type."""
    description = picture("run_warm").findtext(f"{SVG}desc") or ""
    _, *lines = description.split("\n")
    assert lines[0] == "you to client: docker run hello-world"
    assert lines[1:] == [
        "client to server: Please make a container from hello-world.",
        "server: I look into my image cache: hello-world:latest is there.",
        "server to client: Here is your container: hello2.",
        "client to server: Connect me to hello2: I want to hear what it says.",
        "client to server: Start hello2, please.",
        "server to you: Here is what the program says, for your terminal (619\u00a0B).",
        "server to client: Its program has ended: exit code 0. The container is gone too, as --rm wants.",
    ]


def test_what_people_type_is_only_text() -> None:
    """Markup, control characters and what XML has no room for cannot break out of the picture."""
    hostile = "docker run '</text><script>x()</script>' \x1b[31m \x00 \ufffe & \"\n]]>"
    step = Step(source=Actor.CLIENT, target=Actor.SERVER, text=said(hostile))
    drawn = ET.fromstring(draw([step], hostile, "en"))  # noqa: S314 - that it can be read is the test
    assert list(drawn.iter(f"{SVG}script")) == []
    assert any("</text><script>" in text for text in texts(drawn))


def test_a_refusal_is_drawn_where_it_happened() -> None:
    """The question's arrow ends half way, at the guard, which is named there."""
    assert "guard" in texts(picture("run_refused"))
    assert "guard" not in texts(picture("run_cold"))


def test_a_long_story_is_cut() -> None:
    """After 150 steps it says how many more there were."""
    step = Step(source=Actor.CLIENT, target=Actor.SERVER, text=said("x"))
    drawn = ET.fromstring(draw([step] * 160, "x", "en"))  # noqa: S314 - our own picture
    assert "… and 10 more" in texts(drawn)


@pytest.mark.parametrize("command", ["", "x" * 2000, "가" * 500])
def test_nothing_said_is_a_picture_too(command: str) -> None:
    """A command that asked nothing leaves the four of them standing there; a long one is cut."""
    drawn = ET.fromstring(draw([], command, "ko"))  # noqa: S314 - our own picture
    assert {"나", "client", "server", "registry"} <= set(texts(drawn))
    assert all(right <= WIDTH for _, right, _ in _extents(drawn))
