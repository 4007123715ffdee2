"""What an engine says that it has lost."""

from __future__ import annotations

import time
import uuid
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from docker.errors import APIError

from checker.engine import Place
from checker.engine.found import LABEL
from checker.engine.lost import has_lost_output, lives, losses

if TYPE_CHECKING:
    from docker import DockerClient

LOSS = 'time="2026-11-28T12:27:52.500000000Z" level=error msg="stream copy error: reading from a closed fifo"\n'
OTHER = 'time="2026-11-28T12:27:53.568675846Z" level=info msg="shim disconnected" id=30e86500ce83\n'
AT = 1795868872.5


def event(action: str, time: float, container: str = "a") -> dict[str, Any]:
    return {"Action": action, "Actor": {"ID": container}, "timeNano": int(time * 1e9)}


@pytest.mark.parametrize(
    ("log", "since", "found"),
    [
        (OTHER + LOSS + OTHER, AT - 1, (AT,)),
        (LOSS.replace("12:27:52.500000000Z", "14:27:52.500000000+02:00"), AT - 1, (AT,)),
        (LOSS, AT + 1, ()),
        (OTHER, 0, ()),
        (LOSS[20:] + OTHER, 0, ()),
        ("", 0, ()),
    ],
    ids=["among others", "elsewhere on earth", "before", "something else", "half a line", "nothing"],
)
def test_dockerd_says_when_it_gave_pipes_up(log: str, since: float, found: tuple[float, ...]) -> None:
    """Dockerd logs a line, with its time, where a container's output has nowhere to go."""
    assert losses(log, since) == found


def test_only_short_lives_matter() -> None:
    """A container that has been running for a while has long had its pipes; one that never started has no life."""
    events = [event("start", 1, "a"), event("start", 2, "b"), event("die", 3, "a"), event("die", 4, "c")]
    assert list(lives([*events, event("die", 9, "b")])) == [(1, 3)]


@pytest.mark.parametrize(
    ("events", "lost"),
    [
        ([event("start", AT - 0.1), event("die", AT + 0.1)], True),
        ([event("start", AT - 0.3), event("die", AT - 0.1)], False),
        ([event("die", AT + 0.1)], False),
        ([], False),
    ],
    ids=["while it lived", "later", "never started", "of a command in another"],
)
def test_a_loss_belongs_to_a_life(events: list[dict[str, Any]], *, lost: bool) -> None:
    """The same line is logged of what could not be started; that nobody has said anything then is no loss."""
    client: Any = SimpleNamespace(api=SimpleNamespace(events=lambda **_: iter(events)))
    assert has_lost_output(client, LOSS, AT - 1) == lost


@pytest.mark.docker
def test_what_cannot_be_started_has_lost_nothing(client: DockerClient) -> None:
    """The embedded engine logs the line for a program that is not there; no life of the run's belongs to it."""
    since, run = time.time(), f"lost-{uuid.uuid4().hex[:8]}"
    made = client.api.create_container("busybox:1", ["no-such-program"], labels={LABEL: run})
    try:
        with pytest.raises(APIError, match="executable file not found"):
            client.api.start(made["Id"])
        log = Place.here().log.read_text(encoding="utf-8", errors="replace")
        assert losses(log, since)
        assert not has_lost_output(client, log, since, label=f"{LABEL}={run}")
    finally:
        client.api.remove_container(made["Id"], force=True)
