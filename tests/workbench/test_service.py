from __future__ import annotations

import os
import secrets
from typing import TYPE_CHECKING

import pytest

from checker.phrase import phrase
from checker.verdict import Mistake
from checker.workbench.container import wait_for
from checker.workbench.service import Services

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker import DockerClient

    from checker.engine import Engine

pytestmark = pytest.mark.docker

SITE = "mkdir /w; echo hello $WHO >/w/index.html; exec httpd -f -p $ADDRESS:8000 -h /w"


@pytest.fixture
def services(engine: Engine, client: DockerClient) -> Iterator[Services]:
    """Services of a run of its own, of which nothing may be left."""
    services = Services(
        engine=engine, client=client, run=f"exp-{secrets.token_hex(4)}", prefix=f"kata-test-{secrets.token_hex(2)}-"
    )
    before = dict(os.environ)
    yield services
    assert dict(os.environ) | {"PYTEST_CURRENT_TEST": ""} == before | {"PYTEST_CURRENT_TEST": ""}
    filters = {"label": f"kata.run={services.run}"}
    assert client.api.containers(all=True, filters=filters) == []
    assert client.api.networks(filters=filters) == []


def site(address: str = "0.0.0.0") -> list[str]:  # noqa: S104 - inside a container
    return ["sh", "-c", SITE.replace("$ADDRESS", address)]


def sentences(mistake: Mistake) -> tuple[str, str]:
    text = phrase(mistake.key).fill(mistake.blanks)
    return text.en, text.ko


def refused(services: Services, image: str, *command: str) -> Mistake:
    with pytest.raises(Mistake) as caught, services.serve(image, command=command):
        pass
    return caught.value


def test_another_container_asks_it(services: Services, client: DockerClient) -> None:
    """A neighbour gets its pages by HTTP: status and text, of an error only the status, of silence nothing."""
    with services.serve("busybox:1", command=site(), environment={"WHO": "you"}, name=f"{services.prefix}web") as web:
        assert web.name == f"{services.prefix}web"
        assert client.api.inspect_container(web.name)["Config"]["Labels"]["kata.run"] == services.run
        assert web.answers(port=8000)
        reply = web.get("/index.html", port=8000)
        assert reply is not None
        assert (reply.status, reply.text) == (200, "hello you\n")
        missing = web.get("/nothing", port=8000)
        assert missing is not None
        assert missing.status == 404
        assert web.get(port=8001) is None


def test_two_services_on_one_network(services: Services) -> None:
    """A service can join another's network and reach it by its name; that network leads nowhere else."""
    with services.serve("busybox:1", command=site(), name=f"{services.prefix}web") as web:
        assert web.answers(port=8000)
        with services.serve("busybox:1", command=["sleep", "1000"], network=web.network) as other:
            assert other.network == web.network
            assert other.ask("wget", "-qO-", f"http://{web.name}:8000/").said == "hello\n"
            assert "default" not in other.ask("ip", "route").said


def test_one_that_listens_on_loopback(services: Services) -> None:
    """Waiting ends early, and the reason is seen from outside, with no program of the image's."""
    with services.serve("busybox:1", command=site("127.0.0.1")) as web:
        assert not web.answers(port=8000, seconds=60)
        mistake = web.why_silent(8000)
        assert mistake.key == "docker.only_on_loopback"
        assert web.why_silent(8080).key == "docker.listens_elsewhere"


def test_one_that_speaks_no_http(services: Services) -> None:
    """Something that listens and does not answer in HTTP is told as that."""
    with services.serve("busybox:1", command=["sh", "-c", "while :; do echo hm | nc -l -p 8000; done"]) as web:
        assert wait_for(lambda: web.why_silent(8000).key == "service.no_answer", 10)
        for sentence in sentences(web.why_silent(8000)):
            assert "8000" in sentence
            assert web.name in sentence


def test_one_that_ended(services: Services) -> None:
    """A container that has ended answers nobody, and says why it ended."""
    with services.serve("busybox:1", command=["sh", "-c", "echo alas; exit 3"]) as web:
        assert not web.answers(port=8000, seconds=60)
        mistake = web.why_silent(8000)
        assert mistake.key == "docker.ended"
        assert mistake.blanks["code"] == 3


def test_what_the_engine_refuses_leaves_nothing(services: Services) -> None:
    """A command that is not there is the learner's, and the container made for it is gone."""
    mistake = refused(services, "busybox:1", "python")
    assert mistake.key == "docker.no_program"
    assert mistake.blanks == {"program": "python"}


def test_a_service_whose_check_fails_leaves_nothing(services: Services) -> None:
    """An exception inside the with is passed on, and everything is removed all the same."""
    with pytest.raises(ZeroDivisionError), services.serve("busybox:1", command=site()) as web:
        _fail_after(web.answers(port=8000))


def _fail_after(answered: bool) -> None:  # noqa: FBT001 - nothing to misread
    assert answered
    raise ZeroDivisionError


def test_a_service_that_somebody_removed_meanwhile(services: Services, client: DockerClient) -> None:
    """What is gone already is no trouble at the end."""
    with services.serve("busybox:1", command=["sleep", "1000"]) as web:
        client.api.remove_container(web.id, force=True)
        with pytest.raises(Mistake) as caught:
            web.get(port=8000)
        assert caught.value.key == "container.gone"


def test_an_image_that_says_not_what_to_run(services: Services, client: DockerClient) -> None:
    """An image without a command is told as that."""
    name = f"{services.prefix}empty"
    client.api.import_image_from_data(b"\0" * 1024, repository=name, tag="1")
    try:
        with pytest.raises(Mistake) as caught, services.serve(f"{name}:1"):
            pass
    finally:
        client.api.remove_image(f"{name}:1", force=True)
    assert caught.value.key == "service.no_command"
    en, ko = sentences(caught.value)
    assert "no command specified" in en
    assert "no command specified" in ko


def test_asked_to_stop(services: Services) -> None:
    """Who ends by itself made no mistake; a shell that keeps the signal, and an image that wants SIGKILL, did."""
    polite = ["sh", "-c", "trap 'exit 0' TERM; while :; do sleep 0.1; done"]
    with services.serve("busybox:1", command=polite) as web:
        assert wait_for(lambda: web.ask("pidof", "sleep").code == 0, 10)  # its trap is set by then
        assert web.ask_to_stop(20) is None
        assert web.exit_code == 0
    with services.serve("busybox:1", command=["sh", "-c", "sleep 1000; true"]) as web:
        mistake = web.ask_to_stop(1)
        assert mistake is not None
        assert mistake.key == "docker.shell_form"
        assert mistake.blanks["pid1"] == "sh"


def test_an_image_that_wants_to_be_killed(services: Services, client: DockerClient) -> None:
    """STOPSIGNAL SIGKILL is named as the reason for 137."""
    name = f"{services.prefix}kill"
    made = client.api.create_container("busybox:1", ["sleep", "1000"], labels={"kata.run": services.run})
    client.api.commit(made["Id"], repository=name, tag="1", changes=["STOPSIGNAL SIGKILL"])
    client.api.remove_container(made["Id"])
    try:
        with services.serve(f"{name}:1") as web:
            mistake = web.ask_to_stop(5)
    finally:
        client.api.remove_image(f"{name}:1", force=True)
    assert mistake is not None
    assert mistake.key == "service.kill_signal"
    for sentence in sentences(mistake):
        assert "SIGKILL" in sentence


def test_another_engine_than_the_machines(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine that was given is used, whatever DOCKER_HOST says, and DOCKER_HOST stays what it was."""
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/nobody.sock")
    monkeypatch.setenv("TESTCONTAINERS_HUB_IMAGE_NAME_PREFIX", "nobody.example/")
    with services.serve("busybox:1", command=["sleep", "1000"]) as web:
        assert web.is_running
    assert os.environ["DOCKER_HOST"] == "unix:///nonexistent/nobody.sock"
    monkeypatch.undo()
