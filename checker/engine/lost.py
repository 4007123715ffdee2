"""What an engine loses of what containers said, and admits only in its own log.

A container's output goes through two named pipes, which dockerd opens in the background while it starts the container.
Where the container has ended before they are open, a matter of milliseconds that a busy machine makes longer, dockerd
gives up opening them: nothing of what was said reaches ``docker run``, ``docker logs`` or anybody else, while the exit
code is right (containerd's client cancels a task's I/O that is still being opened when it deletes the task). Of short
containers on two busy processors it happened to about one in a thousand; on an idle machine to none of 1,450.

The log says the same, without a name, of a container or a command that could not be started at all. What is meant is
told apart by when it was said: while a container lived that had been started.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from docker import DockerClient

__all__ = ["has_lost_output", "lives", "losses"]

SHORT = 5.0  # seconds; nobody opens pipes for longer
_LOSS = re.compile(r'^time="([^"]+)" .*reading from a closed fifo', re.MULTILINE)


def losses(log: str, since: float) -> tuple[float, ...]:
    """Return when an engine gave up pipes that were not open yet, in seconds since the epoch.

    Args:
        log: What dockerd has logged, or the end of it.
        since: The point in time from which on it matters, likewise.
    """
    times = (datetime.fromisoformat(when).timestamp() for when in _LOSS.findall(log))
    return tuple(time for time in times if time >= since)


def lives(events: Iterable[dict[str, Any]]) -> Iterator[tuple[float, float]]:
    """Yield when containers were started and when they died, of those that lived shortly.

    Args:
        events: What the engine's ``GET /events`` tells of them.
    """
    started: dict[str, float] = {}
    for event in events:
        time = event["timeNano"] / 1e9
        if event["Action"] == "start":
            started[event["Actor"]["ID"]] = time
            continue
        start = started.get(event["Actor"]["ID"])
        if start is not None and time - start < SHORT:
            yield start, time


def has_lost_output(client: DockerClient, log: str, since: float, *, label: str = "") -> bool:
    """Return whether an engine has lost what some container said.

    Args:
        client: The engine.
        log: As for ``losses``.
        since: As for ``losses``.
        label: Only of containers with this label (``kata.run=…``); empty for all.
    """
    found = losses(log, since)
    if not found:
        return False
    told = {"type": ["container"], "event": ["start", "die"], **({"label": [label]} if label else {})}
    soon = int(max(found)) + 2  # the death that a loss belongs to is told a moment after it
    events = client.api.events(since=int(since), until=soon, filters=told, decode=True)
    return any(start <= loss <= died for start, died in lives(events) for loss in found)
