from __future__ import annotations

import os
import secrets
import stat
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from checker.engine import Engine
from checker.phrase import KataError, phrase
from checker.verdict import Mistake
from checker.workbench.build import Built, Order, build
from checker.workbench.leftovers import remove_labelled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker import DockerClient

KNOWN = ("busybox:1", "python:3.11-slim")
NOBODY = Engine(host="unix:///nonexistent/nobody.sock", origin="DOCKER_HOST")


class Yard:
    """A folder with a Dockerfile, an engine, and the label under which all is cleared away."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.engine = engine
        self.folder = folder
        self.label = f"exp-{secrets.token_hex(4)}"

    def build(self, content: str, *, seconds: float = 60, **more: Any) -> Built:  # noqa: ANN401 - as Order takes it
        """Build a Dockerfile of this content."""
        (self.folder / more.get("dockerfile", "Dockerfile")).write_text(content, encoding="utf-8")
        order = Order(**{"context": self.folder, "reference": f"kata-test-{self.label}", "label": self.label, **more})
        return build(self.engine, order, seconds=seconds, known_images=KNOWN)

    def refused(self, content: str, **more: Any) -> Mistake | KataError:  # noqa: ANN401 - as Order takes it
        """Build it, and return why that failed."""
        with pytest.raises((Mistake, KataError)) as caught:
            self.build(content, **more)
        assert isinstance(caught.value, Mistake | KataError)
        return caught.value


@pytest.fixture
def yard(engine: Engine, client: DockerClient, tmp_path: Path) -> Iterator[Yard]:
    yard = Yard(engine, tmp_path)
    yield yard
    remove_labelled(engine, yard.label)


def sentences(raised: Mistake | KataError) -> tuple[str, str]:
    """Return both languages of what somebody reads."""
    if isinstance(raised, Mistake):
        text = phrase(raised.key).fill(raised.blanks)
        return text.en, text.ko
    return f"{raised.cause.en}\n{raised.remedy.en}", f"{raised.cause.ko}\n{raised.remedy.ko}"


def a_docker(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a docker command first in PATH that does what ``script`` says."""
    tool = folder / "bin" / "docker"
    tool.parent.mkdir()
    tool.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    tool.chmod(stat.S_IRWXU)
    monkeypatch.setenv("PATH", f"{tool.parent}{os.pathsep}{os.environ['PATH']}")


@pytest.mark.docker
def test_builds_and_tells_the_steps(yard: Yard, client: DockerClient) -> None:
    """An image comes out under its name, labelled as ours, and each instruction is told with whether it was cached."""
    dockerfile = f"FROM busybox:1\nRUN echo {secrets.token_hex(8)}\nCMD true\n"
    first, second = yard.build(dockerfile), yard.build(dockerfile)
    found = client.api.inspect_image(first.reference)
    assert found["Id"] == second.image_id
    assert found["Config"]["Labels"]["kata.run"] == yard.label
    assert [step.name.partition(" ")[0] for step in first.steps] == ["FROM", "RUN"]
    assert (first.steps[1].cached, second.steps[1].cached) == (False, True)
    assert 0 < first.steps[1].seconds < first.seconds


@pytest.mark.docker
def test_builds_a_stage_with_arguments_secrets_and_no_cache(yard: Yard, client: DockerClient) -> None:
    """Everything that can be ordered reaches the builder; an image need not be labelled."""
    (yard.folder / "key.txt").write_text("open sesame", encoding="utf-8")
    dockerfile = (
        "FROM busybox:1 AS wanted\nARG WHO\n"
        'RUN --mount=type=secret,id=key test "$WHO" = me && grep -q sesame /run/secrets/key\n'
        "LABEL is=wanted\nFROM busybox:1\nRUN false\n"
    )
    name = f"kata-test-{secrets.token_hex(4)}"
    order: dict[str, Any] = {
        "reference": name,
        "dockerfile": "other.Dockerfile",
        "target": "wanted",
        "arguments": {"WHO": "me"},
        "secrets": {"key": yard.folder / "key.txt"},
        "no_cache": True,
    }
    for label in (yard.label, ""):  # the first one loses its name to the second
        steps = yard.build(dockerfile, label=label, **order).steps
        assert [step.cached for step in steps if step.name.startswith("RUN")] == [False]
    labels = client.api.inspect_image(name)["Config"]["Labels"]
    client.api.remove_image(name, force=True)
    assert labels["is"] == "wanted"
    assert "kata.run" not in labels


@pytest.mark.docker
def test_run_has_no_network(yard: Yard) -> None:
    """A RUN step sees no network but its own loopback."""
    yard.build('FROM busybox:1\nRUN test "$(ls /sys/class/net)" = lo\n')


@pytest.mark.docker
def test_the_machines_own_settings_make_no_other_build(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the learner has set for builds of their own does not matter here."""
    monkeypatch.setenv("BUILDX_BUILDER", "nobody")
    monkeypatch.setenv("BUILDKIT_PROGRESS", "plain")
    assert yard.build("FROM busybox:1\nRUN true\n").steps


@pytest.mark.docker
def test_a_step_that_fails_is_explained_from_its_log(yard: Yard) -> None:
    """The sentence names file and line and quotes what the step printed, in both languages."""
    mistake = yard.refused("FROM busybox:1\nRUN echo good so far\nRUN echo alas; exit 3\n")
    assert mistake.key == "docker.run_failed"
    for sentence in sentences(mistake):
        assert "Dockerfile:3" in sentence
        assert "alas" in sentence


@pytest.mark.docker
def test_a_step_that_never_ends_is_ended(yard: Yard) -> None:
    """After the time limit the learner is told which line went on, and nothing goes on any more."""
    nonce = secrets.token_hex(8)
    started = time.monotonic()
    mistake = yard.refused(f"FROM busybox:1\n\nRUN sleep 1000; : {nonce}\n", seconds=3)
    assert time.monotonic() - started < 30
    assert mistake.key == "build.step_never_ends"
    for sentence in sentences(mistake):
        assert "Dockerfile:3" in sentence
        assert "RUN sleep 1000" in sentence
        assert "3" in sentence


@pytest.mark.docker
def test_a_step_that_keeps_trying_to_reach_the_internet(yard: Yard) -> None:
    """What a program said while it tried again and again explains more than that it did not end."""
    said = "Failed to establish a new connection: [Errno 101] Network is unreachable"
    mistake = yard.refused(f"FROM busybox:1\nRUN echo '{said}'; sleep 1000\n", seconds=3)
    assert mistake.key == "docker.run_needs_network"
    for sentence in sentences(mistake):
        assert "Dockerfile:2" in sentence
        assert "Network is unreachable" in sentence


@pytest.mark.docker
def test_a_step_that_prints_without_end(yard: Yard) -> None:
    """A step may print as much as it likes: it ends with the time limit, and nobody's memory is filled."""
    assert yard.refused("FROM busybox:1\nRUN yes\n", seconds=4).key == "build.step_never_ends"


@pytest.mark.docker
def test_a_frontend_that_no_registry_has(yard: Yard) -> None:
    """A syntax line that cannot be fetched is named, also where an internet is there to ask."""
    mistake = yard.refused("# syntax=docker/dockerfile:no-such-edition\nFROM busybox:1\n")
    assert mistake.key == "build.syntax_line"
    for sentence in sentences(mistake):
        assert "docker/dockerfile:no-such-edition" in sentence


@pytest.mark.docker
def test_a_dockerfile_in_utf_16(yard: Yard) -> None:
    """Notepad's "Unicode" is told as what it is, not as an unknown instruction."""
    (yard.folder / "Dockerfile").write_text("FROM busybox:1\n", encoding="utf-16")
    order = Order(context=yard.folder, reference="kata-test-x", label=yard.label)
    with pytest.raises(Mistake) as caught:
        build(yard.engine, order, seconds=60)
    assert caught.value.key == "work.not_utf8"


@pytest.mark.docker
def test_a_comment_in_another_encoding_is_no_mistake(yard: Yard) -> None:
    """A comment in EUC-KR builds, as it does for docker build."""
    (yard.folder / "Dockerfile").write_bytes("# 안녕\nFROM busybox:1\nRUN true\n".encode("euc-kr"))
    assert build(
        yard.engine, Order(context=yard.folder, reference="kata-test-euckr", label=yard.label), seconds=60
    ).steps


def test_a_context_that_is_not_there(tmp_path: Path) -> None:
    """A missing folder is the learner's to make, before any builder is asked."""
    with pytest.raises(Mistake) as caught:
        build(NOBODY, Order(context=tmp_path / "web", reference="x"), seconds=5)
    assert caught.value.key == "docker.context_missing"
    assert caught.value.blanks == {"path": "web"}


def test_a_machine_without_the_cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No docker command is the machine's fault, with what to install."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(KataError) as caught:
        build(NOBODY, Order(context=tmp_path, reference="x"), seconds=5)
    en, ko = sentences(caught.value)
    assert "PATH" in en
    assert "Install the Docker CLI" in en
    assert "설치" in ko


@pytest.mark.parametrize(
    "said",
    [
        "unknown flag: --builder\nSee 'docker --help'.",  # 26.1 without the plugin
        "docker: 'buildx' is not a docker command.\nSee 'docker --help'",  # 20.10
        "docker: unknown command: docker buildx\n\nRun 'docker --help' for more information",  # 28
        "ERROR: invalid progress mode rawjson",  # buildx 0.12
    ],
)
def test_a_cli_that_cannot_do_it(said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing or old buildx is the machine's fault, and the legacy builder is never asked instead."""
    (tmp_path / "said").write_text(said, encoding="utf-8")
    a_docker(tmp_path, f'echo "$1" >>"{tmp_path}/called"; cat "{tmp_path}/said" >&2; exit 125', monkeypatch)
    with pytest.raises(KataError) as caught:
        build(NOBODY, Order(context=tmp_path, reference="x"), seconds=5)
    assert caught.value.key == "build.no_buildx"
    assert (tmp_path / "called").read_text(encoding="utf-8") == "buildx\n"
    en, ko = sentences(caught.value)
    assert "0.13" in en
    assert "0.13" in ko


def test_a_failure_that_nobody_knows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What we cannot explain costs no points, and is quoted."""
    a_docker(tmp_path, "echo 'ERROR: the moon is full' >&2; exit 1", monkeypatch)
    with pytest.raises(KataError) as caught:
        build(NOBODY, Order(context=tmp_path, reference="x"), seconds=5)
    assert caught.value.key == "build.unknown"
    for sentence in sentences(caught.value):
        assert "the moon is full" in sentence


def test_a_refusal_that_nobody_knows_is_the_learners(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the builder will not build is the Dockerfile's fault, also where we have no better words than its own."""
    a_docker(tmp_path, "echo 'ERROR: failed to solve: the moon is not a stage' >&2; exit 1", monkeypatch)
    with pytest.raises(Mistake) as caught:
        build(NOBODY, Order(context=tmp_path, reference="x"), seconds=5)
    assert caught.value.key == "build.refused"
    assert caught.value.blanks["said"] == "the moon is not a stage"


@pytest.mark.parametrize("why", ["Internal: stream terminated", "Unavailable: error reading from server: EOF"])
def test_a_builder_that_breaks_is_nobodys_mistake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, why: str) -> None:
    """A failure of the builder's own costs nobody a point."""
    a_docker(tmp_path, f"echo 'ERROR: failed to solve: {why}' >&2; exit 1", monkeypatch)
    with pytest.raises(KataError) as caught:
        build(NOBODY, Order(context=tmp_path, reference="x"), seconds=5)
    assert caught.value.key == "build.unknown"


def test_a_build_that_waits_for_the_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no step of the learner's is running, the time limit is nobody's mistake; the CLI's child ends too."""
    a_docker(tmp_path, f'sleep 1000 & echo $! >"{tmp_path}/child"; wait', monkeypatch)
    with pytest.raises(KataError) as caught:
        build(NOBODY, Order(context=tmp_path, reference="x"), seconds=1)
    assert caught.value.key == "build.overdue"
    child = int((tmp_path / "child").read_text(encoding="utf-8"))
    deadline = time.monotonic() + 10
    while _is_alive(child):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    for sentence in sentences(caught.value):
        assert "./kata doctor" in sentence


def _is_alive(pid: int) -> bool:
    """Whether a process runs; one that nobody has collected yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
