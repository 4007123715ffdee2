from __future__ import annotations

import http.client
import time
from typing import TYPE_CHECKING, Any

import pytest
from docker.errors import APIError

from checker.workbench.execution import STDERR, STDOUT, Execution

if TYPE_CHECKING:
    from docker import DockerClient

    from checker.workbench.container import Container
    from tests.workbench.conftest import Corner

pytestmark = pytest.mark.docker


@pytest.fixture
def box(corner: Corner) -> Container:
    return corner.run("box", "sleep", "300")


def started(client: DockerClient, box: Container, *command: str) -> Execution:
    return Execution(client, client.api.exec_create(box.id, list(command))["Id"])


def test_a_quick_command_is_heard_by_a_slow_listener(
    client: DockerClient, box: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a command has said before we come to read the head of the answer is not lost."""
    answer = http.client.HTTPConnection.getresponse

    def late(self: http.client.HTTPConnection, *what: Any, **how: Any) -> http.client.HTTPResponse:  # noqa: ANN401 - its own
        time.sleep(0.4)  # it is what is tested
        return answer(self, *what, **how)

    command = started(client, box, "echo", "hello")
    monkeypatch.setattr(http.client.HTTPConnection, "getresponse", late)
    assert command.hear(20, 100) == (b"hello\n", b"", b"hello\n")


def test_both_streams_are_told_apart(client: DockerClient, box: Container) -> None:
    """What is said on stdout and on stderr is returned apart, and together."""
    heard = started(client, box, "sh", "-c", "echo out; sleep 0.2; echo err >&2").hear(20, 100)
    assert heard == (b"out\n", b"err\n", b"out\nerr\n")
    frames = list(started(client, box, "sh", "-c", "echo out; sleep 0.2; echo err >&2").frames())
    assert frames == [(STDOUT, b"out\n"), (STDERR, b"err\n")]


def test_a_long_answer_is_whole(client: DockerClient, box: Container) -> None:
    """A megabyte comes through as it was sent."""
    heard = started(client, box, "sh", "-c", "head -c 1000000 /dev/zero").hear(30, 2_000_000)
    assert heard is not None
    assert heard[0] == bytes(1_000_000)


@pytest.mark.parametrize("command", ["sleep 300", "yes"])
def test_what_does_not_end_is_given_up(client: DockerClient, box: Container, command: str) -> None:
    """A command that goes on for ever, silent or not, is given up after its time or its size."""
    assert started(client, box, *command.split()).hear(0.5 if command != "yes" else 20, 10_000) is None


def test_what_the_engine_refuses_is_raised(client: DockerClient, box: Container) -> None:
    """The engine's own words come as docker-py's error."""
    with pytest.raises(APIError, match="No such exec instance"):
        Execution(client, "0" * 64).hear(5, 100)
    assert box.is_running
