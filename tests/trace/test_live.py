from __future__ import annotations

import io
import re
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from checker.guard.transcript import Entry
from checker.layout import width
from checker.trace import Live, Story
from tests.trace.conftest import NAMES, entries, moments

if TYPE_CHECKING:
    from collections.abc import Callable

    from checker.phrase import Language


class Terminal(io.StringIO):
    """A stream that is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("columns", [30, 44, 60, 80, 120, 400])
@pytest.mark.parametrize("name", NAMES)
def test_no_line_is_wider_than_the_terminal(
    told: Callable[..., str], name: str, columns: int, language: Language
) -> None:
    """Every line fits, Korean counted double, and begins with the gutter; beyond 120 columns it stays at 120."""
    for line in told(entries(name), language, columns=columns, raw=True).splitlines():
        assert width(line) <= min(columns, 120)
        assert line.startswith("│")


@pytest.mark.parametrize("name", NAMES)
def test_without_unicode_all_is_ascii_and_english(told: Callable[..., str], name: str) -> None:
    """A terminal that knows only ASCII gets only ASCII, and English, as Korean cannot be written in it."""
    shown = told(entries(name), "ko", unicode=False, raw=True)
    assert shown.isascii()
    assert all(line.startswith("|") for line in shown.splitlines())


@pytest.mark.parametrize("name", NAMES)
def test_colours_are_only_colours(told: Callable[..., str], name: str) -> None:
    """With its colours taken off, a line says what it says without; each colour ends on its line."""
    coloured = told(entries(name), columns=80, colour=True)
    assert "\x1b[" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == told(entries(name), columns=80)
    for line in coloured.splitlines():
        assert line.count("\x1b[0m") * 2 == line.count("\x1b[")


def test_a_refusal_is_red_and_a_failure_yellow(told: Callable[..., str]) -> None:
    """The two kinds of trouble look different."""
    assert "\x1b[31mThis exercise does not need" in told(entries("run_refused"), colour=True)
    assert "\x1b[33mI cannot: failed to create task" in told(entries("run_no_such_program"), colour=True)


def test_raw_shows_every_request(told: Callable[..., str]) -> None:
    """With ``raw`` each request is shown when it has ended: method, path, status and time, ids short."""
    shown = told(entries("run_cold"), columns=120, raw=True)
    assert "HEAD /_ping → 200, 1 ms" in shown
    assert "POST /containers/create?name=greeting → 404, 1 ms" in shown
    assert "POST /containers/6f74c4068505/start → 204, 244 ms" in shown
    assert len(re.findall(r"^│ {7}[A-Z]+ /", shown, re.MULTILINE)) == len(entries("run_cold"))


def test_the_summary_says_what_it_added_up_to(told: Callable[..., str]) -> None:
    """The sequence, the time of each step, how many requests, how much was pulled, how many were refused."""
    *_, sequence, asked, looked, missing, pulled, ran, total = told(entries("run_cold"), columns=80).splitlines()
    assert sequence == "│ 1 → 2 → 3 → 3½ → 4"
    assert [line.split()[1] for line in (asked, looked, missing, pulled, ran)] == ["1", "2", "3", "3½", "4"]
    assert pulled.endswith(" 39 ms")
    assert total == "│ 7 requests in 399 ms, pulled: 534\u00a0B"
    assert told(entries("run_refused")).splitlines()[-1] == "│ 2 requests in 3 ms, refused: 1"


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "The command asked the server nothing."), ("ko", "이 명령은 server에 아무것도 묻지 않았어요.")],
)
def test_a_command_that_asks_nothing_is_said_to(told: Callable[..., str], language: Language, words: str) -> None:
    """Without a request there is no sequence, but a word about it."""
    assert words in told([], language)


def test_a_pull_is_silent_until_it_has_ended() -> None:
    """While the client draws its progress bars, no line of ours comes between them."""
    stream = io.StringIO()
    live = Live(stream)
    told = moments(entries("run_cold"))
    last = max(n for n, entry in enumerate(told) if entry.path == "/images/create")
    first = min(n for n, entry in enumerate(told) if entry.path == "/images/create")
    for entry in told[: first + 1]:
        live.tell(entry)
    before = stream.getvalue()
    for entry in told[first + 1 : last]:
        live.tell(entry)
    assert stream.getvalue() == before
    live.tell(told[last])
    assert "Here you are. Layers: 1" in stream.getvalue().removeprefix(before)


def test_on_a_terminal_a_pull_is_told_when_the_client_goes_on() -> None:
    """A client may still draw the last of its progress when the pull has ended; it has finished when it asks again."""
    stream = Terminal()
    live = Live(stream)
    told = moments(entries("run_cold"))
    last = max(n for n, entry in enumerate(told) if entry.path == "/images/create")
    for entry in told[: last + 1]:
        live.tell(entry)
    assert "Here you are" not in stream.getvalue()
    for entry in told[last + 1 :]:
        live.tell(entry)
    shown = stream.getvalue()
    assert shown.index("Here you are. Layers: 1") < shown.index("Now make the container")
    assert shown.count("Here you are") == 1


def test_a_pull_that_nothing_follows_is_told_in_the_end() -> None:
    """Of ``docker pull`` on a terminal, the summary brings what was held back."""
    stream = Terminal()
    live = Live(stream)
    for entry in moments(entries("pull_layers")):
        live.tell(entry)
    live.summary()
    assert "c01f7d2b3d11  28.4" in stream.getvalue()


def test_on_a_terminal_each_line_begins_on_the_left() -> None:
    """A program that has put the terminal into raw mode gets carriage returns too."""
    stream = Terminal(newline="")
    live = Live(stream)
    for entry in moments(entries("run_warm")):
        live.tell(entry)
    assert stream.getvalue().count("\r\n") == stream.getvalue().count("\n") > 5


def test_names_cannot_steer_the_terminal(told: Callable[..., str]) -> None:
    """Escape sequences and workflow commands in what is asked and answered come out harmless."""
    hostile = Entry(
        number=0,
        at=0,
        method="POST",
        path="/containers/\x1b[2Ja/stop",
        query={"t": "\x1b]0;x\x07"},
        status=500,
        answered={"message": "\x1b[31m##[error]x\r\n::error::y\x9b"},
        end="done",
    )
    shown = told([hostile], raw=True)
    assert not set(shown) & {"\x1b", "\x07", "\x9b", "\r"}
    assert "##[" not in shown
    assert not re.search(r"^\s*::", shown, re.MULTILINE)


def test_a_reader_that_has_gone_disturbs_nobody() -> None:
    """A closed stream is no failure: the command goes on."""
    stream = io.StringIO()
    live = Live(stream)
    stream.close()
    for entry in moments(entries("ps")):
        live.tell(entry)
    live.summary()
    assert live.failure is None
    assert live.story.steps


def test_a_bug_in_telling_stays_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever goes wrong in telling is kept, and not raised into the guard."""

    def broken(self: Story, entry: Entry) -> None:
        raise RuntimeError(entry.path)

    monkeypatch.setattr(Story, "hear", broken)
    live = Live(io.StringIO())
    live.tell(entries("ps")[0])
    assert isinstance(live.failure, RuntimeError)


def test_many_threads_may_tell() -> None:
    """Lines of one request stay together whichever threads tell them, and none is lost."""
    stream = io.StringIO()
    live = Live(stream, raw=True)
    ping = entries("ps")[0]

    def tell(start: int) -> None:
        for number in range(start, start + 100):
            live.tell(replace(ping, number=number))

    threads = [threading.Thread(target=tell, args=(n * 100,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert live.failure is None
    assert stream.getvalue().splitlines() == ["│       HEAD /_ping → 200, 1 ms"] * 400


@pytest.mark.parametrize(
    ("environ", "encoding", "first"),
    [
        ({}, "utf-8", "\x1b[36m│"),
        ({"NO_COLOR": "1"}, "utf-8", "│"),
        ({"NO_COLOR": ""}, "utf-8", "\x1b[36m│"),
        ({"TERM": "dumb"}, "utf-8", "│"),
        ({}, "ascii", "\x1b[36m|"),
    ],
)
def test_it_suits_itself_to_the_stream(
    monkeypatch: pytest.MonkeyPatch,
    environ: dict[str, str],
    encoding: str,
    first: str,
) -> None:
    """Colours on a terminal unless NO_COLOR says no, ASCII where the stream has no more, COLUMNS where it is set."""
    for name in ("NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "60")
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding)
    monkeypatch.setattr(stream, "isatty", lambda: True, raising=False)
    live = Live.on(stream)
    for entry in moments(entries("run_warm")):
        live.tell(entry)
    stream.flush()
    shown = raw.getvalue().decode(encoding)
    assert shown.startswith(first)
    assert max(width(re.sub(r"\x1b\[[0-9;]*m", "", line)) for line in shown.splitlines()) <= 60
