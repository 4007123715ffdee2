from __future__ import annotations

import time
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from checker.phrase import phrase
from checker.verdict import Mistake
from checker.workbench.container import Binding, Container, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from docker import DockerClient

    from tests.workbench.conftest import Corner


def mistake(act: Callable[[], object]) -> tuple[str, str, str]:
    with pytest.raises(Mistake) as caught:
        act()
    text = phrase(caught.value.key).fill(caught.value.blanks)
    return caught.value.key, text.en, text.ko


@pytest.mark.parametrize(
    ("address", "is_loopback"),
    [
        ("127.0.0.1", True),
        ("127.0.0.2", True),
        ("::1", True),
        ("0.0.0.0", False),  # noqa: S104 - that it is not one is the point
        ("::", False),
        ("", False),
        ("192.168.0.1", False),
        ("::ffff:127.0.0.1", False),
        ("localhost", False),
        ("127.0.0.1\n", False),
    ],
)
def test_loopback_is_what_only_this_machine_reaches(address: str, is_loopback: bool) -> None:  # noqa: FBT001
    """Only addresses of the loopback interface count; an empty one means everywhere to Docker."""
    assert Binding(address=address, port=1).is_loopback is is_loopback


def test_waiting_has_an_end() -> None:
    """Who waits for what never comes is told so when the time is over; who waits for what is there, at once."""
    started = time.monotonic()
    assert not wait_for(lambda: False, 0.1)
    assert 0.1 <= time.monotonic() - started < 5
    assert wait_for(lambda: True, 0)


@pytest.mark.docker
def test_a_command_in_it_answers(corner: Corner) -> None:
    """A command's code and all it prints come back, standard output and error together."""
    container = corner.run()
    answer = container.ask("sh", "-c", "echo out; echo err >&2; exit 3")
    assert answer.code == 3
    assert sorted(answer.said.split()) == ["err", "out"]
    assert container.ask("id", "-u", user="65534").said.strip() == "65534"
    assert container.ask("printf", "\\377").said == "�"


@pytest.mark.docker
def test_a_command_that_hangs_does_not_keep_us(corner: Corner) -> None:
    """A command that never ends, such as redis-cli at a frozen Redis, is a mistake after its time."""
    container = corner.run()
    key, en, ko = mistake(lambda: container.ask("sleep", "100", seconds=0.5))
    assert key == "container.no_answer"
    assert f"In the container {container.name} the command sleep 100 did not come to an end" in en
    assert "sleep 100 명령이 끝나지 않았어요" in ko


@pytest.mark.docker
def test_a_command_that_prints_for_ever_does_not_fill_the_memory(
    corner: Corner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a command may print has a limit, and beyond it nobody listens any more."""
    monkeypatch.setattr("checker.workbench.container.MOST_SAID", 100_000)
    assert mistake(lambda: corner.run().ask("yes"))[0] == "container.no_answer"


@pytest.mark.docker
def test_a_program_that_is_not_there_is_a_mistake(corner: Corner) -> None:
    """Asking with a program that the container lacks says so, and not with an exception of Docker's library."""
    container = corner.run()

    def ask() -> None:
        answer = container.ask("no-such-program")
        assert answer.code in {126, 127}  # newer engines start it and let it fail
        raise Mistake("container.no_such_program", name=container.name, detail=answer.said)

    key, en, ko = mistake(ask)
    assert key == "container.no_such_program"
    assert "has no such program" in en
    assert "그런 프로그램이 없어요" in ko


@pytest.mark.docker
@pytest.mark.parametrize("state", ["created", "exited", "paused"])
def test_what_does_not_run_cannot_be_asked(corner: Corner, client: DockerClient, state: str) -> None:
    """Of a container that was never started, has ended, or is paused, asking says that it does not run."""
    container = corner.create() if state == "created" else corner.run()
    if state == "exited":
        container.stop(0)
    if state == "paused":
        client.api.pause(container.id)
    assert container.status == state
    assert not container.is_running
    assert container.exists
    key, en, ko = mistake(lambda: container.ask("true"))
    assert key == "container.not_running"
    assert f"{container.name} is not running" in en
    assert f"{container.name} 컨테이너가 돌고 있지 않아요" in ko


@pytest.mark.docker
def test_what_is_gone_says_so(corner: Corner, client: DockerClient) -> None:
    """Of a container that was removed, or never was, every question ends in the same sentence."""
    container = corner.create()
    client.api.remove_container(container.id, force=True)
    assert not container.exists
    for act in (
        container.inspect,
        container.logs,
        container.start,
        container.all_published,
        container.listening,
        lambda: container.ask("true"),
        lambda: container.stop(1),
        lambda: container.read("/etc/passwd"),
        lambda: container.status,
        lambda: Container(client, "0" * 64, "nobody").inspect(),
    ):
        key, en, ko = mistake(act)
        assert key == "container.gone"
        assert "disappeared" in en
        assert "사라졌어요" in ko


@pytest.mark.docker
def test_it_is_told_by_its_id_not_its_name(corner: Corner, client: DockerClient) -> None:
    """Another container that takes the name of a removed one is not taken for it."""
    first = corner.create()
    client.api.remove_container(first.id, force=True)
    second = corner.create()
    assert first.name == second.name
    assert (first.exists, second.exists) == (False, True)


@pytest.mark.docker
def test_its_exit_code_and_last_words(corner: Corner) -> None:
    """How it ended, and the last lines it printed, short enough to be read."""
    container = corner.run("it", "sh", "-c", "seq 10; echo; yes x | head -c 999 | tr -d '\\n'; echo; exit 5")
    assert wait_for(lambda: container.status == "exited", 20)
    assert container.exit_code == 5
    assert container.last_words().splitlines() == ["7", "8", "9", "10", "x" * 200]


@pytest.mark.docker
def test_where_it_is_published(corner: Corner) -> None:
    """Every binding of every TCP port is shown; what is only exposed, or UDP, is none."""
    ports = [80, 81, (53, "udp"), 82]
    bindings = {80: ("127.0.0.1",), 81: None, "53/udp": ("127.0.0.1",)}
    container = corner.run(ports=ports, host_config=corner.host(port_bindings=bindings))
    assert wait_for(lambda: bool(container.all_published()), 5)
    assert [binding.address for binding in container.published(80)] == ["127.0.0.1"]
    assert container.published(82) == container.published(53) == container.published(9) == ()
    addresses = {binding.address for binding in container.all_published()}
    assert "127.0.0.1" in addresses
    assert addresses & {"0.0.0.0", "::", ""}  # noqa: S104 - as Docker has it
    assert all(binding.port > 0 for binding in container.all_published())


@pytest.mark.docker
def test_where_it_listens(corner: Corner) -> None:
    """The TCP ports at which its programs listen are seen from inside, whatever is published."""
    container = corner.run("it", "nc", "-l", "-p", "7777")
    assert wait_for(lambda: 7777 in {port for _, port in container.listening()}, 10)


@pytest.mark.docker
def test_a_file_of_it_is_read(corner: Corner) -> None:
    """A file's bytes are read whether it runs or not; a folder and what is not there are no file."""
    container = corner.create()
    assert b"root" in (container.read("/etc/passwd") or b"")
    assert container.read("/etc") is None
    assert container.read("/no/such/file") is None


@pytest.mark.docker
def test_a_file_behind_links_is_read(corner: Corner) -> None:
    """Links are followed as a program in it would follow them; one that leads to no file has nothing to read."""
    links = "echo rice >a; ln -s a b; ln -s /home/b c; ln -s nowhere d; ln -s e e; ln -s ../etc f"
    container = corner.run("it", "sh", "-c", f"cd /home; {links}")
    assert wait_for(lambda: container.status == "exited", 10)
    read = {name: container.read(f"/home/{name}") for name in "abcdef"}
    assert read == {"a": b"rice\n", "b": b"rice\n", "c": b"rice\n", "d": None, "e": None, "f": None}


@pytest.mark.docker
def test_stopping_and_starting(corner: Corner) -> None:
    """Stopping takes as long as its PID 1 wants, at most what was allowed; then it can be started again."""
    stubborn = corner.run()  # sleep as PID 1 ignores SIGTERM
    assert 1 <= stubborn.stop(1) < 15
    assert stubborn.exit_code == 137
    stubborn.start()
    assert stubborn.is_running


@pytest.mark.docker
def test_what_docker_refuses_is_a_sentence(corner: Corner) -> None:
    """A container whose program cannot be started says why, in both languages."""
    container = corner.create("it", "/no/such/program")
    key, en, ko = mistake(container.start)
    assert key in {"container.no_such_program", "container.refused"}
    assert container.name in en
    assert container.name in ko


def test_a_container_on_its_way_out_is_gone() -> None:
    """A container with ``--rm`` that is just being removed is gone to a learner; the engine calls that a conflict."""
    from docker.errors import APIError

    answer = SimpleNamespace(status_code=409, url="", reason="Conflict")
    refusal = APIError("", answer, "can not get logs from container which is dead or marked for removal")  # type: ignore[arg-type]

    def refuse(*_: object, **__: object) -> bytes:
        raise refusal

    container = Container(SimpleNamespace(api=SimpleNamespace(logs=refuse)), "a" * 64, "noodles")  # type: ignore[arg-type]
    key, en, ko = mistake(container.logs)
    assert key == "container.gone"
    assert "noodles" in en
    assert "noodles" in ko
