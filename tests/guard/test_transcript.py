from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from checker.guard.message import Head
from checker.guard.proxy.record import Record
from checker.guard.transcript import Entry, Transcript

HELLO = "docker.io/library/hello-world:latest"
LAYERS: tuple[dict[str, Any], ...] = (
    {"status": "Pulling from library/hello-world", "id": "latest"},
    {"status": "Already exists", "progressDetail": {}, "id": "aaaaaaaaaaaa"},
    {"status": "Pull complete", "progressDetail": {}, "id": "bbbbbbbbbbbb"},
    {"status": "Pull complete", "progressDetail": {}, "id": "cccccccccccc"},
    {"status": "Status: Downloaded newer image for hello-world:latest"},
)


def told(*entries: dict[str, Any]) -> Transcript:
    """Return a transcript of entries, each of which ended well where it says nothing else."""
    transcript = Transcript()
    for entry in entries:
        number = transcript.reserve()
        transcript.put(
            Entry(
                **{"number": number, "at": number, "method": "POST", "path": "/", "status": 200, "end": "done", **entry}
            )
        )
    return transcript


def record(transcript: Transcript, target: str = "/v1.45/images/create?fromImage=x&tag=") -> Record:
    """Return a record of one request, with room for everything."""
    return Record(transcript, Head(method="POST", target=target), lambda size: size < 1000)


PULL = {"route": "image.pull", "subject": HELLO, "lines": LAYERS}


@pytest.mark.parametrize("image", ["hello-world", "hello-world:latest", "docker.io/library/hello-world"])
def test_a_pull_that_ended_well_is_one(image: str) -> None:
    """However the image is written, it is the same one."""
    assert told(PULL).pulled(image)


@pytest.mark.parametrize(
    "change",
    [
        {"subject": "docker.io/library/busybox:latest"},
        {"status": 404},
        {"status": 0, "end": ""},
        {"end": "client", "lines": LAYERS[:2]},
        {"denied": "guard.pull", "end": "denied", "status": 403},
        {"lines": (*LAYERS, {"error": "no space left", "errorDetail": {"message": "no space left"}})},
        {"route": "image.inspect"},
    ],
    ids=["another", "unknown", "still going on", "given up", "denied", "failed in the end", "no pull"],
)
def test_a_pull_that_did_not_end_well_is_none(change: dict[str, Any]) -> None:
    """Asking is not having."""
    assert not told({**PULL, **change}).pulled("hello-world")


def test_a_later_pull_can_make_good_a_first_one() -> None:
    """One that failed does not hide one that went well."""
    assert told({**PULL, "end": "client", "lines": LAYERS[:2]}, PULL).pulled("hello-world")


def test_a_client_that_leaves_when_it_has_heard_enough_has_pulled() -> None:
    """Once the engine has said how it went, it does not matter who hangs up first."""
    assert told({**PULL, "end": "client"}).pulled("hello-world")


def test_layers_are_those_that_came() -> None:
    """What was there already is none of the pull's."""
    assert told(PULL).layers("hello-world") == ("bbbbbbbbbbbb", "cccccccccccc")
    assert told(PULL).layers("busybox") == ()


def test_order_is_that_of_the_questions() -> None:
    """Other requests in between do not matter; the wrong order, a failure and a denial do."""
    story = told(
        {"route": "container.create", "status": 404},
        PULL,
        {"route": "container.create", "status": 201},
        {"route": "container.attach", "status": 101},
        {"route": "container.start", "status": 204},
        {"route": "container.remove", "status": 403, "denied": "guard.x", "end": "denied"},
    )
    assert story.order("image.pull", "container.create", "container.start")
    assert story.order("image.pull", "container.attach", "container.start")
    assert not story.order("container.create", "image.pull")
    assert not story.order("container.start", "container.remove")
    assert not story.order("container.create", "container.create")
    assert story.order()


def test_what_was_asked_is_what_was_let_through() -> None:
    """A denied question is among the denials, and only there."""
    story = told(
        {"route": "container.create", "asked": {"Image": "busybox"}, "status": 201, "answered": {"Id": "f00"}},
        {"route": "container.create", "status": 404, "answered": {"message": "No such image: x"}},
        {"route": "container.create", "status": 403, "denied": "guard.x", "end": "denied"},
    )
    assert [entry.status for entry in story.asked("container.create")] == [201, 404]
    assert story.asked("container.create")[0].asked == {"Image": "busybox"}
    assert story.created == ("f00",)
    assert [entry.number for entry in story.denials] == [2]


def test_only_the_first_entries_are_kept() -> None:
    """Later ones are counted, and told."""
    heard: list[int] = []
    transcript = Transcript(lambda entry: heard.append(entry.number), kept=2)
    for _ in range(5):
        transcript.put(Entry(number=transcript.reserve(), at=0, method="GET", path="/"))
    assert (len(transcript.entries), transcript.count, heard) == (2, 5, [0, 1, 2, 3, 4])


def test_numbers_are_nobody_elses() -> None:
    """Several threads never get the same number."""
    transcript = Transcript()
    numbers: list[int] = []
    threads = [
        threading.Thread(target=lambda: numbers.extend(transcript.reserve() for _ in range(1000))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(numbers) == list(range(4000))


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        ("/v1.45/containers/web/start", "/containers/web/start", {}),
        ("/containers/web/start", "/containers/web/start", {}),
        ("/v1.45/images/create?fromImage=x&tag=", "/images/create", {"fromImage": "x", "tag": ""}),
        ("/v1.45", "/v1.45", {}),
    ],
)
def test_paths_are_below_the_version(target: str, path: str, query: dict[str, str]) -> None:
    """An entry says what was asked, not in which version."""
    transcript = Transcript()
    record(transcript, target)
    (entry,) = transcript.entries
    assert (entry.path, entry.query) == (path, query)


def test_a_line_that_is_news_of_another_takes_its_place() -> None:
    """Of the progress of a layer only the newest is kept, and it is the last line for who listens."""
    heard: list[dict[str, Any]] = []
    transcript = Transcript(lambda entry: heard.extend(dict(line) for line in entry.lines[-1:]))
    writing = record(transcript)
    lines: list[dict[str, Any]] = [
        {"status": "Downloading", "progressDetail": {"current": 1}, "id": "a"},
        {"status": "Downloading", "progressDetail": {"current": 1}, "id": "b"},
        {"status": "Downloading", "progressDetail": {"current": 2}, "id": "a"},
        {"status": "Pull complete", "progressDetail": {}, "id": "a"},
        {"stream": "Step 1/2"},
        {"stream": "Step 1/2"},
    ]
    for line in lines:
        writing.line(line, 1)
    assert heard == lines
    assert [dict(line) for line in writing.entry.lines] == lines[1:]


def test_of_too_many_lines_the_last_is_kept() -> None:
    """How it ended is in the last line."""
    writing = record(Transcript())
    for number in range(1000):
        writing.line({"stream": str(number)}, 1)
    lines = writing.entry.lines
    assert len(lines) == 300
    assert (lines[0], lines[298], lines[299]) == ({"stream": "0"}, {"stream": "298"}, {"stream": "999"})


def test_an_entry_ends_once() -> None:
    """The first end is the end."""
    transcript = Transcript()
    writing = record(transcript)
    writing.end("done", status=200)
    writing.end("client", status=0)
    (entry,) = transcript.entries
    assert (entry.end, entry.status) == ("done", 200)


def test_what_there_is_no_room_for_is_not_kept() -> None:
    """A transcript does not grow with what is said."""
    writing = record(Transcript())
    writing.asked({"a": 1}, 999)
    writing.answered(json.loads("[]"), 1000)
    writing.line({"stream": "a"}, 999)
    writing.line({"stream": "b"}, 1000)
    assert (writing.entry.asked, writing.entry.answered) == ({"a": 1}, None)
    assert [dict(line) for line in writing.entry.lines] == [{"stream": "a"}]


def test_a_line_that_is_no_longer_kept_gives_its_room_back() -> None:
    """The progress of a long pull takes no more room than its last lines do."""
    left = [1000]

    def room(size: int) -> bool:
        fits = size <= left[0]
        left[0] -= size if fits else 0
        return fits

    writing = Record(Transcript(), Head(method="POST", target="/"), room)
    for number in range(1000):
        writing.line({"status": "Downloading", "progressDetail": {"current": number}, "id": "a"}, 100)
    assert left == [900]
    for number in range(1000):
        writing.line({"stream": str(number)}, 3)
    assert left == [1000 - 100 - 3 * 299]
    assert len(writing.entry.lines) == 300
