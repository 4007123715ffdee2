from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from checker.phrase import KataError
from checker.workbench.container import wait_for
from checker.workbench.events import Event, Events

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker import DockerClient

    from tests.workbench.conftest import Corner

pytestmark = pytest.mark.docker


@pytest.fixture
def events(client: DockerClient) -> Iterator[Events]:
    events = Events(client, "events")
    yield events
    events.close()


def actions(events: tuple[Event, ...], found: str) -> list[str]:
    return [event.action for event in events if event.id == found]


def test_what_happened_is_complete_and_in_order(corner: Corner, events: Events) -> None:
    """Everything up to a call is in its answer, in the order in which it happened, with nothing to wait for."""
    before = events.position()
    for number in range(5):
        container = corner.run(str(number), "true")
        assert wait_for(lambda: container.status == "exited", 20)  # noqa: B023 - it is this one that is meant
        seen = [
            action for action in actions(events.since(before), container.id) if action in {"create", "start", "die"}
        ]
        assert seen == ["create", "start", "die"]


def test_what_happened_before_is_left_out(corner: Corner, events: Events) -> None:
    """A position parts what was from what came after it."""
    first = corner.create("first")
    between = events.position()
    second = corner.create("second")
    found = events.since(between)
    assert actions(found, first.id) == []
    assert actions(found, second.id) == ["create"]


def test_what_it_happened_to_is_told(corner: Corner, events: Events) -> None:
    """An event carries Docker's attributes: the name, the image, the exit code, the labels."""
    before = events.position()
    container = corner.run("it", "sh", "-c", "exit 4", labels={"colour": "red"})
    assert wait_for(lambda: container.status == "exited", 20)
    died = next(e for e in events.since(before) if e.id == container.id and e.action == "die")
    assert (died.kind, died.about["exitCode"], died.about["colour"]) == ("container", "4", "red")
    assert (died.about["name"], died.about["image"]) == (container.name, "busybox:1")


def test_our_own_doings_are_left_out(corner: Corner, events: Events) -> None:
    """What carries our label was not done by a learner."""
    before = events.position()
    ours = corner.create("ours", labels={"kata.run": "x"})
    assert actions(events.since(before), ours.id) == []


def test_who_wants_to_hears_each_event_as_it_comes(corner: Corner, events: Events) -> None:
    """A hearer has heard of everything at the end of the ``with`` and of nothing after it, not of our own doings."""
    heard: list[Event] = []
    with events.heard_by(heard.append):
        container = corner.create("theirs")
        ours = corner.create("ours", labels={"kata.run": "events"})
    later = corner.create("later")
    events.position()
    assert [event.action for event in heard if event.id == container.id] == ["create"]
    assert [event for event in heard if event.id in (ours.id, later.id)] == []


def test_a_hearer_who_fails_harms_nobody_else(corner: Corner, events: Events) -> None:
    """The account goes on, and so do the others who hear it."""
    heard: list[Event] = []

    def fail(_: Event) -> None:
        raise ValueError

    before = events.position()
    with events.heard_by(fail), events.heard_by(heard.append):
        container = corner.create()
    assert actions(events.since(before), container.id) == ["create"]
    assert [event.action for event in heard if event.id == container.id] == ["create"]


def test_more_than_an_engine_remembers(corner: Corner, client: DockerClient, events: Events) -> None:
    """Hundreds of events are all there: an engine itself remembers only some 256."""
    before = events.position()
    for number in range(200):
        client.api.create_volume(f"{corner.prefix}{number}")
    made = [e for e in events.since(before) if e.kind == "volume" and e.id.startswith(corner.prefix)]
    assert len([e for e in made if e.action == "create"]) == 200


def test_a_mark_that_somebody_pruned_is_no_trouble(
    client: DockerClient, events: Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A script that prunes volumes may take our mark with it; it has been told of by then."""
    remove = client.api.remove_volume
    monkeypatch.setattr(client.api, "remove_volume", lambda name: (remove(name), remove(name)))
    assert events.position() >= 0


def test_two_runs_do_not_mistake_each_others_marks(client: DockerClient) -> None:
    """Two accounts of one engine, each busy making marks, both always come to an end."""
    both = [Events(client, "events") for _ in range(2)]
    asking = [threading.Thread(target=lambda e=e: [e.position() for _ in range(50)], daemon=True) for e in both]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join(60)
    assert not any(thread.is_alive() for thread in asking)
    for events in both:
        events.close()


def test_several_may_ask_at_once(corner: Corner, events: Events) -> None:
    """Two who ask at the same time both get an answer."""
    corner.create()
    positions: list[int] = []
    asking = [threading.Thread(target=lambda: positions.append(events.position())) for _ in range(4)]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join(15)
    assert len(positions) == 4


def test_a_stream_that_ended_is_noticed(client: DockerClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Events that tell nothing any more are broken, with what to do about it, rather than silently incomplete."""
    events = Events(client, "events")
    events.close()
    events.close()  # harmless
    monkeypatch.setattr("checker.workbench.events.PATIENCE", 0.2)
    with pytest.raises(KataError) as caught:
        events.since(0)
    assert caught.value.cause.en == "The Docker engine stopped telling what happens on it."
    assert caught.value.cause.ko == "Docker engine이 무슨 일이 일어나는지 더 이상 알려 주지 않아요."
    assert "./kata doctor" in caught.value.remedy.en
    assert "./kata doctor" in caught.value.remedy.ko
