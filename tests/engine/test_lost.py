"""What an engine says that it has lost."""

from __future__ import annotations

import pytest

from checker.engine.lost import has_lost_output

LOSS = 'time="2026-11-28T12:27:52.537778564Z" level=error msg="stream copy error: reading from a closed fifo"\n'
OTHER = 'time="2026-11-28T12:27:53.568675846Z" level=info msg="shim disconnected" id=30e86500ce83\n'
AT = 1795868872.537778


@pytest.mark.parametrize(
    ("log", "since", "lost"),
    [
        (OTHER + LOSS + OTHER, AT - 1, True),
        (LOSS.replace("12:27:52.537778564Z", "14:27:52.537778564+02:00"), AT - 1, True),
        (LOSS, AT + 1, False),
        (OTHER, 0, False),
        (LOSS[20:] + OTHER, 0, False),
        ("", 0, False),
    ],
    ids=["among others", "elsewhere on earth", "before", "something else", "half a line", "nothing"],
)
def test_dockerd_says_what_it_has_lost(log: str, since: float, *, lost: bool) -> None:
    """Dockerd logs a line, with its time, where a container ended before the pipes for its output were open."""
    assert has_lost_output(log, since) == lost
