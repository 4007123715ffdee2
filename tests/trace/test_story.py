from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from checker.guard.transcript import Entry
from checker.trace import Actor, Kind, Stage, Story, replay
from tests.trace.conftest import HERE, NAMES, entries, moments

if TYPE_CHECKING:
    from collections.abc import Callable

    from checker.phrase import Language
    from checker.trace import Step


def who_and_what(steps: tuple[Step, ...]) -> list[tuple[str, str, str, str]]:
    return [(step.stage.value, step.source.value, step.target.value, step.text.en) for step in steps]


def stages(steps: tuple[Step, ...]) -> list[str]:
    return list(dict.fromkeys(step.stage.value for step in steps))


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("name", NAMES)
def test_a_conversation_is_told_like_this(name: str, language: Language, told: Callable[..., str]) -> None:
    """What a terminal of 80 columns shows of each recorded conversation, word by word, in either language."""
    expected = (HERE / "told" / f"{name}.{language}.txt").read_text(encoding="utf-8")
    assert told(entries(name), language, columns=80) == expected


def test_the_first_run_takes_all_the_steps_of_the_article() -> None:
    """A run of an image that is not in the cache: asked, looked for, not found, pulled, made, run."""
    steps = replay(entries("run_cold")).steps
    assert stages(steps) == ["1", "2", "3", "3½", "4"]
    assert who_and_what(steps)[:3] == [
        ("1", "client", "server", "Please make a container from hello-world."),
        ("2", "server", "server", "I look into my image cache: no hello-world:latest there."),
        ("3", "client", "you", "“Unable to find image 'hello-world:latest' locally”"),
    ]


def test_the_second_run_needs_no_pull() -> None:
    """A run of an image that is in the cache has no step three, and none between three and four."""
    assert stages(replay(entries("run_warm")).steps) == ["1", "2", "4"]


def test_a_pull_that_nobody_missed_is_no_step_of_a_run() -> None:
    """A pull by itself says nothing of what could not be found."""
    steps = replay(entries("pull_layers")).steps
    assert stages(steps) == [""]
    assert [line.en for line in steps[2].more] == [
        "aa22dc2a5a1e  already here",
        "c01f7d2b3d11  28.4\u00a0MB",
        "03b5a9fe0d72  1.2\u00a0kB",
    ]


def test_what_was_missing_for_one_client_was_not_for_the_next() -> None:
    """After ``docker run --pull never``, a ``docker pull`` of the same image finds nothing to be unable to find."""
    ping, missing, pull = entries("run_no_such_image")
    again = replace(ping, number=2, at=0.0025)
    steps = replay((ping, missing, again, replace(pull, number=3))).steps
    assert stages(steps) == ["1", "2", ""]


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_told_twice_and_nothing_is_lost(name: str) -> None:
    """Told as it happens or afterwards, line by line or only at the end, a conversation is the same."""
    story = Story()
    told = [step for entry in moments(entries(name)) for step in story.hear(entry)]
    assert tuple(told) == story.steps == replay(entries(name)).steps


def test_a_refusal_goes_no_further_than_the_guard() -> None:
    """What the guard refuses never reaches the server: the question ends there, and its sentence comes back."""
    ask, no = replay(entries("run_refused")).steps
    assert (ask.source, ask.target) == (Actor.CLIENT, Actor.GUARD)
    assert (no.source, no.target, no.kind) == (Actor.GUARD, Actor.CLIENT, Kind.REFUSED)
    assert no.text.ko == no.text.en == entries("run_refused")[1].answered["message"]


def test_what_does_not_exist_here_is_no_refusal() -> None:
    """A foreign container is not there, in the engine's own words, though it is the guard that says so."""
    entry = Entry(
        number=0,
        at=0,
        method="POST",
        path="/containers/web/stop",
        status=404,
        denied="guard.no_such_container",
        answered={"message": "No such container: web"},
        end="denied",
    )
    step = replay([entry]).steps[-1]
    assert (step.source, step.kind, step.text.en) == (
        Actor.SERVER,
        Kind.FAILED,
        "I cannot: No such container: web",
    )


@pytest.mark.parametrize(
    ("end", "words"),
    [("limit", "took too long"), ("engine", "server went away"), ("guard", "our fault")],
)
def test_an_end_that_nobody_wanted_is_told(end: str, words: str) -> None:
    """A limit, an engine that is gone and a bug of ours are told as what they are."""
    steps = replay([Entry(number=0, at=0, method="GET", path="/containers/json", end=end)]).steps
    assert (steps[-1].source, steps[-1].kind) == (Actor.GUARD, Kind.FAILED)
    assert words in steps[-1].text.en


def test_a_client_that_leaves_is_not_told() -> None:
    """Who ends ``docker logs -f`` with Ctrl-C has not failed, and ``docker run -d`` does not wait."""
    entry = Entry(number=0, at=0, method="GET", path="/containers/web/logs", query={"follow": "1"}, end="client")
    assert [step.source for step in replay([entry]).steps] == [Actor.CLIENT]
    assert all("ended" not in step.text.en for step in replay(entries("run_detached")).steps)


def test_a_client_that_asks_again_and_again_is_heard_once() -> None:
    """Polling is told once; but a new client, who begins with a ping, may ask the same."""

    def asks(number: int, path: str) -> Entry:
        return Entry(number=number, at=number, method="GET", path=path, status=200, answered=[], end="done")

    polled = replay([asks(n, "/containers/json") for n in range(5)])
    assert [step.text.en for step in polled.steps] == ["Which containers are running?", "None."]
    twice = replay([asks(0, "/_ping"), asks(1, "/containers/json"), asks(2, "/_ping"), asks(3, "/containers/json")])
    assert [step.text.en for step in twice.steps] == ["Which containers are running?", "None."] * 2


def test_ids_become_names() -> None:
    """A container is called by the name that it was made with, or else by its short id."""
    full = "6f74c4068505031969f60f6ed99fd0bec02e587865fde4a40ea33d41ddbffb6a"
    assert any(step.text.en == "Start greeting, please." for step in replay(entries("run_cold")).steps)
    unknown = Entry(number=0, at=0, method="POST", path=f"/containers/{full}/stop", end="client")
    assert replay([unknown]).steps[0].text.en.startswith("Stop 6f74c4068505, please")


def test_a_program_that_never_ran_is_not_said_to_have_ended() -> None:
    """Where the container could not be started, exit code 127 is nobody's."""
    *_, no, end = replay(entries("run_no_such_program")).steps
    assert (no.kind, no.stage) == (Kind.FAILED, Stage.RUN)
    assert end.text.en == "Its program never ran: exit code 127."


def test_what_nobody_can_read_has_ended_somehow() -> None:
    """Where the guard passes a wait's answer on unread, its end is told without an exit code."""
    *before, wait, start = entries("run_cold")
    assert wait.path.endswith("/wait")
    steps = replay([*before, replace(wait, answered=None), start]).steps
    assert steps[-1].text.en == "Its program has ended."


def test_docker_inspect_may_look_everywhere() -> None:
    """What ``docker inspect`` does not find is asked for in a swarm too, where an engine without one is no failure."""
    swarm = Entry(
        number=0,
        at=0,
        method="GET",
        path="/services/x",
        status=503,
        answered={"message": "This node is not a swarm manager."},
        end="done",
    )
    assert [(step.kind, step.text.en) for step in replay([swarm]).steps] == [
        (Kind.SAID, "Does your swarm know of it?"),
        (Kind.SAID, "There is none: This node is not a swarm manager."),
    ]


def test_a_reference_that_the_guard_completed_is_told_as_people_write_it() -> None:
    """``docker.io/library/redis:7`` is redis:7, in the question and in the cache."""
    entry = replace(entries("run_detached")[1], asked={"Image": "docker.io/library/redis:7"})
    assert [step.text.en for step in replay([entry]).steps][:2] == [
        "Please make a container from redis:7.",
        "I look into my image cache: redis:7 is there.",
    ]


@pytest.mark.parametrize(
    "odd",
    [
        {"asked": [1], "answered": {"Id": 7}, "status": 201},
        {"asked": {"Image": None, "Cmd": {"a": 1}}, "answered": None, "status": 201},
        {"answered": {"message": ["a"]}, "status": 500},
        {"answered": {"Volumes": 3, "StatusCode": "0"}, "status": 200},
        {"answered": [None, 3, {"Names": []}, {"RepoTags": None, "Name": None}], "status": 200},
        {"lines": ({"status": 3, "id": [], "progressDetail": 7}, {"error": {}}, {"stream": None}), "status": 200},
    ],
)
@pytest.mark.parametrize("path", ["/containers/create", "/containers/json", "/containers/x/json", "/images/create"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_odd_answer_is_told_somehow(odd: dict[str, object], path: str, method: str) -> None:
    """The engine is not trusted to answer in the shape it should: whatever it says, telling it raises nothing."""
    entry = Entry(number=0, at=0, method=method, path=path, query={"fromImage": "x"}, end="done", **odd)  # type: ignore[arg-type]
    for step in replay([entry]).steps:
        assert step.text.en
        assert step.text.ko
