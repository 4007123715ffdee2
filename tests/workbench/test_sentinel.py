from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import pytest

from checker.phrase import phrase
from checker.verdict import Mistake
from checker.workbench.leftovers import remove_labelled
from checker.workbench.sentinel import Sentinels

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from docker import DockerClient

    from checker.engine import Engine

pytestmark = pytest.mark.docker


@pytest.fixture
def run(engine: Engine) -> Iterator[str]:
    run = secrets.token_hex(6)
    yield run
    remove_labelled(engine, run)


@pytest.fixture
def bystanders(engine: Engine, run: str) -> Iterator[Sentinels]:
    bystanders = Sentinels(engine, run)
    yield bystanders
    bystanders.remove()


def test_untouched_bystanders_say_nothing(bystanders: Sentinels) -> None:
    """As long as nobody touches them there is nothing to say, however often somebody looks."""
    bystanders.examine()
    bystanders.examine()


@pytest.mark.parametrize(
    ("harm", "kind", "en", "ko"),
    [
        (
            lambda api, it: api.remove_container(it.running, force=True),
            "running",
            "A running container that has nothing to do with this exercise was stopped",
            "상관없이 돌고 있던 컨테이너",
        ),
        (lambda api, it: api.kill(it.running), "running", "stopped, restarted or removed", "멈췄거나"),
        (lambda api, it: api.restart(it.running, timeout=0), "running", "restarted", "다시 시작됐거나"),
        (lambda api, it: api.pause(it.running), "running", "A running container", "돌고 있던 컨테이너"),
        (lambda api, it: api.rename(it.running, f"{it._name}-other"), "running", "A running container", "컨테이너"),
        (lambda api, it: api.remove_container(it.stopped), "stopped", "A stopped container", "멈춰 있던 컨테이너"),
        (lambda api, it: api.start(it.stopped), "stopped", "was removed or started", "지워지거나 시작됐어요"),
        (lambda api, it: api.remove_image(f"{it._name}:1"), "image", "An image that has nothing to do", "이미지가"),
        (
            lambda api, it: api.tag("busybox:1", it._name, "1", force=True),
            "image",
            "removed or changed",
            "지워지거나 바뀌었어요",
        ),
        (lambda api, it: api.remove_volume(it._name), "volume", "A volume that has nothing to do", "볼륨이 지워졌어요"),
        (
            lambda api, it: (api.remove_network(it._name), api.create_network(it._name, labels={"kata.run": it.run})),
            "network",
            "A network that has nothing to do",
            "네트워크가 지워졌어요",
        ),
    ],
    ids=[
        "removed",
        "killed",
        "restarted",
        "paused",
        "renamed",
        "rm",
        "started",
        "rmi",
        "retagged",
        "volume",
        "network",
    ],
)
def test_whoever_touches_one_is_told_which(
    client: DockerClient,
    bystanders: Sentinels,
    run: str,
    harm: Callable[..., object],
    kind: str,
    en: str,
    ko: str,
) -> None:
    """Stopping, starting, removing, renaming or replacing any of them is a mistake that names its kind."""
    bystanders.run = run  # type: ignore[attr-defined] # for the harm that puts another one in its place
    harm(client.api, bystanders)
    with pytest.raises(Mistake) as caught:
        bystanders.examine()
    assert caught.value.key == f"bystander.{kind}"
    text = phrase(caught.value.key)
    assert en in text.en
    assert ko in text.ko


def test_a_volume_that_was_made_anew_is_noticed(client: DockerClient, bystanders: Sentinels) -> None:
    """A volume of the same name is not the same volume."""
    client.api.remove_volume(bystanders._name)
    client.api.create_volume(bystanders._name)
    with pytest.raises(Mistake) as caught:
        bystanders.examine()
    assert caught.value.key == "bystander.volume"


def test_they_go_without_a_trace(client: DockerClient, bystanders: Sentinels, run: str) -> None:
    """What is left of them is removed, also where a learner has removed some already, and twice is harmless."""
    client.api.remove_container(bystanders.running, force=True)
    client.api.remove_volume(bystanders._name)
    bystanders.remove()
    bystanders.remove()
    label = {"label": f"kata.run={run}"}
    api = client.api
    assert api.containers(all=True, filters=label) == []
    assert api.images(filters=label) == []
    assert api.networks(filters=label) == []
    assert not api.volumes(filters=label)["Volumes"]


def test_their_image_is_like_no_other(client: DockerClient, bystanders: Sentinels, run: str, engine: Engine) -> None:
    """Each run's tagged image is an image of its own, so that removing one run's never removes another's."""
    other = Sentinels(engine, run)
    images = {client.api.inspect_image(f"{it._name}:1")["Id"] for it in (bystanders, other)}
    assert len(images) == 2
    other.remove()
