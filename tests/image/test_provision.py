from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from checker.image import build, catalogue, provide, pull
from checker.image.mirror import Mirror
from checker.image.standin import Workshop
from checker.phrase import KataError

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from checker.engine import Engine
    from checker.image import Image
    from tests.image.conftest import Docker, PaperEngine

ALL = [image.tagged for image in catalogue()]
UNREACHABLE = "lookup registry-1.docker.io on 10.0.0.2:53: no such host"
ONCE = f'[ -e "$0.tried" ] && exit 0; touch "$0.tried"; echo "{UNREACHABLE}" >&2; exit 1;;'
"""Fails the first time, as a registry that cannot be reached, and succeeds from then on."""


class Registry:
    """What the mirror's side of a test remembers: which images were pushed."""

    def __init__(self, *served: str) -> None:
        self.served = set(served)

    def serves(self, image: Image) -> bool:
        """Say whether it was pushed."""
        return image.name in self.served

    def push(self, engine: Engine, image: Image) -> None:
        """Take it."""
        del engine
        self.served.add(image.name)


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Registry:
    """A mirror of paper, on a machine where stand-ins can be built, in no time."""
    registry = Registry()
    monkeypatch.setenv("KATA_DATA", str(tmp_path / "data"))
    monkeypatch.setattr("checker.image.provision._can_build", lambda: True)
    monkeypatch.setattr("checker.engine.sweep.sweep", lambda *_: [])
    monkeypatch.setattr(Mirror, "installed", lambda _: True)
    monkeypatch.setattr(Mirror, "install", lambda *_: None)
    monkeypatch.setattr(Mirror, "ensure", lambda *_: None)
    monkeypatch.setattr(Mirror, "address", "127.0.0.1:5")
    monkeypatch.setattr(Mirror, "serves", registry.serves)
    monkeypatch.setattr(Mirror, "push", registry.push)
    return registry


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Collects what is built, which is nothing."""
    built: list[str] = []
    monkeypatch.setattr(Workshop, "build", lambda _, image, reference: built.append(f"{image.name} {reference}"))
    return built


@pytest.fixture
def embedded(paper: PaperEngine) -> PaperEngine:
    """Our own engine."""
    return type(paper)(host=paper.host, origin="embedded", tools=paper.tools, answers=paper.answers)


def test_where_all_is_there_nothing_happens(paper: PaperEngine) -> None:
    """With every image in the cache it is silent, calls no docker, and asks the engine one thing."""
    paper.has(*ALL)
    said: list[str] = []
    provide(paper, said.append)
    assert (said, paper.calls, paper.asked) == ([], [], ["GET /images/json"])


def test_only_what_is_missing_is_pulled(paper: PaperEngine) -> None:
    """Each missing image is pulled, with a line that says which of how many."""
    paper.has(*(name for name in ALL if name not in {"redis:7", "hello-world:latest"}))
    said: list[str] = []
    provide(paper, said.append)
    assert paper.calls == ["pull --quiet hello-world", "pull --quiet redis:7"]
    assert "hello-world" in said[0]
    assert "redis:7" in said[1]
    assert all("2" in line for line in said)


def test_hello_world_need_not_be_cached_where_the_mirror_has_it(embedded: PaperEngine, registry: Registry) -> None:
    """Exercise 01 begins without hello-world in the cache: in the mirror is near enough."""
    registry.served = {"hello-world"}
    embedded.has(*(name for name in ALL if name != "hello-world:latest"))
    provide(embedded, lambda _: None)
    assert embedded.calls == []


@pytest.mark.parametrize(("language", "words"), [("en", "cannot reach Docker Hub"), ("ko", "연결할 수 없어요")])
def test_another_engine_offline_is_an_error(
    paper: PaperEngine, monkeypatch: pytest.MonkeyPatch, language: str, words: str
) -> None:
    """On an engine that is not ours nothing is built unasked: the remedy says what can be done."""
    monkeypatch.setenv("KATA_LANG", language)
    paper.speaks(f"echo '{UNREACHABLE}' >&2; exit 1")
    with pytest.raises(KataError) as raised:
        provide(paper, lambda _: None)
    assert words in str(raised.value)
    assert "./kata images load FILE" in str(raised.value)


def test_our_engine_offline_gets_stand_ins(embedded: PaperEngine, registry: Registry, built: list[str]) -> None:
    """Out of Docker Hub's reach all are built, pushed to the mirror, and pulled if they are to be cached."""
    embedded.speaks(f'case "$*" in *hello*) {ONCE} esac')
    said: list[str] = []
    provide(embedded, said.append)
    assert built == [f"{image.name} 127.0.0.1:5/library/{image.tagged}" for image in catalogue()]
    assert registry.served == {image.name for image in catalogue()}
    pulled = [call.removeprefix("pull --quiet ") for call in embedded.calls]
    assert pulled == ["hello-world", *(image.name for image in catalogue() if not image.cold)]
    assert UNREACHABLE in said[1]


def test_what_an_interrupted_run_has_pushed_is_not_built_again(
    embedded: PaperEngine, registry: Registry, built: list[str]
) -> None:
    """The next run goes on where the last one was killed."""
    registry.served = {"hello-world", "busybox:1", "debian:bookworm-slim"}
    embedded.speaks(f'case "$*" in *python*) {ONCE} esac')
    provide(embedded, lambda _: None)
    assert [line.split()[0] for line in built] == ["python:3.11-slim", "redis:7", "nginx:1.22", "registry:2"]


def test_a_stand_in_by_an_earlier_recipe_is_made_again(
    embedded: PaperEngine, registry: Registry, built: list[str]
) -> None:
    """What a stand-in is made by has changed: it is built, pushed and pulled anew, and nothing else is."""
    embedded.has(*ALL)
    embedded.has_as_standin("redis:7", "an earlier one")
    embedded.has_as_standin("busybox:1", next(image.recipe for image in catalogue() if image.name == "busybox:1"))
    registry.served = {image.name for image in catalogue()}
    provide(embedded, lambda _: None)
    assert built == ["redis:7 127.0.0.1:5/library/redis:7"]
    assert embedded.calls == ["pull --quiet redis:7"]


def test_an_earlier_stand_in_serves_on_where_no_other_can_be_made(
    embedded: PaperEngine, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without Debian's packages within reach nobody is kept from working: it is said, and that is all."""

    def fail(*_: object) -> None:
        raise KataError("engine.apt", suite="bookworm", detail="no network")

    monkeypatch.setattr(Workshop, "build", fail)
    embedded.has(*ALL)
    embedded.has_as_standin("redis:7", "an earlier one")
    said: list[str] = []
    provide(embedded, said.append)
    assert "stay as they are" in said[-1]
    assert "no network" in said[-1]


def test_on_an_engine_that_is_not_ours_nothing_is_made_again(
    paper: PaperEngine, registry: Registry, built: list[str]
) -> None:
    """Whoever loaded stand-ins into another engine keeps them."""
    paper.has(*ALL)
    paper.has_as_standin("redis:7", "an earlier one")
    provide(paper, lambda _: None)
    assert built == []


def test_a_full_disk_is_not_answered_by_building(embedded: PaperEngine, registry: Registry, built: list[str]) -> None:
    """Only what keeps Docker Hub away is answered by stand-ins; other trouble is said as it is."""
    del registry
    embedded.speaks("echo 'write /x: no space left on device' >&2; exit 1")
    with pytest.raises(KataError) as raised:
        provide(embedded, lambda _: None)
    assert raised.value.key == "image.disk_full"
    assert built == []


def test_names_of_the_mirror_do_not_stay_on_the_engine(
    embedded: PaperEngine, registry: Registry, built: list[str]
) -> None:
    """The names under which images are pushed are removed, those of an interrupted run too."""
    del registry, built
    embedded.has("127.0.0.1:5/library/redis:7", *ALL)
    build(embedded, lambda _: None)
    assert "DELETE /images/127.0.0.1%3A5%2Flibrary%2Fredis%3A7" in embedded.asked


def test_pull_pulls_everything(paper: PaperEngine) -> None:
    """``kata images pull`` pulls each image, cached or not."""
    paper.has(*ALL)
    pull(paper, lambda _: None)
    assert paper.calls == [f"pull --quiet {image.name}" for image in catalogue()]


def test_build_tags_on_another_engine(paper: PaperEngine, registry: Registry, built: list[str]) -> None:
    """Asked to, stand-ins are built on any engine; without a mirror they get the images' own names."""
    del registry
    build(paper, lambda _: None)
    assert built == [f"{image.name} {image.tagged}" for image in catalogue()]


@pytest.mark.parametrize(
    ("language", "words"), [("en", "only be built as root on Debian"), ("ko", "Debian에서 root로만")]
)
def test_where_no_stand_in_can_be_built(
    paper: PaperEngine, monkeypatch: pytest.MonkeyPatch, language: str, words: str
) -> None:
    """Elsewhere than on Debian, or not as root, building is refused with what to do instead."""
    monkeypatch.setenv("KATA_LANG", language)
    monkeypatch.setattr("checker.image.provision._can_build", lambda: False)
    with pytest.raises(KataError) as raised:
        build(paper, lambda _: None)
    assert words in str(raised.value)
    assert "./kata images load FILE" in str(raised.value)


def test_only_what_nobody_uses_leaves_the_build_cache(paper: PaperEngine, registry: Registry, built: list[str]) -> None:
    """What was in the build cache before, and what an image shares, stays there."""
    del registry, built
    rows = [
        {"ID": "aa", "Shared": False, "InUse": False, "CreatedAt": "1"},
        {"ID": "bb", "Shared": True, "InUse": False, "CreatedAt": "2"},
    ]
    paper.answers["/system/df"] = (200, {"BuildCache": rows})
    build(paper, lambda _: None)
    assert not [asked for asked in paper.asked if "prune" in asked]


@pytest.mark.docker
@pytest.mark.alone
def test_hello_world_is_pulled_as_the_course_tells_it(engine: Engine, docker: Docker) -> None:
    """Without it in the cache, ``docker run hello-world`` says so, pulls it from a registry and runs it."""
    provide(engine, lambda _: None)
    docker("image", "rm", "--force", "hello-world")
    ran: subprocess.CompletedProcess[str] = docker("run", "--rm", "--label", docker.label, "hello-world")
    assert ran.returncode == 0, ran.stderr
    assert "Unable to find image 'hello-world:latest' locally" in ran.stderr
    assert "latest: Pulling from library/hello-world" in ran.stderr
    assert "Hello from Docker!" in ran.stdout
