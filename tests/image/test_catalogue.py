from __future__ import annotations

import re
import shutil
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from checker.image import catalogue, listing
from checker.image.catalogue import STANDINS, Image, tag_of
from checker.image.mirror import Mirror
from checker.phrase import KataError

if TYPE_CHECKING:
    from pathlib import Path

    from checker.engine import Engine
    from tests.image.conftest import PaperEngine


def test_seven_images() -> None:
    """The catalogue is the course's seven images."""
    assert {image.name for image in catalogue()} == {
        "hello-world",
        "busybox:1",
        "debian:bookworm-slim",
        "python:3.11-slim",
        "redis:7",
        "nginx:1.22",
        "registry:2",
    }


def test_every_image_says_what_it_is_in_both_languages() -> None:
    """What an image is can be read in English and in Korean, and the two differ."""
    for image in catalogue():
        assert image.what.en
        assert re.search("[가-힣]", image.what.ko)


def test_every_image_has_a_dockerfile() -> None:
    """Each image's folder holds the Dockerfile of its stand-in."""
    assert all((STANDINS / image.folder / "Dockerfile").is_file() for image in catalogue())


def test_what_is_built_upon_comes_before() -> None:
    """An image that another is built upon stands before it."""
    names = [image.name for image in catalogue()]
    assert all(names.index(image.upon) < names.index(image.name) for image in catalogue() if image.upon)


def test_only_hello_world_may_be_cold() -> None:
    """hello-world is the one image that an exercise takes out of the cache."""
    assert [image.name for image in catalogue() if image.cold] == ["hello-world"]


@pytest.mark.parametrize(
    ("reference", "tagged"),
    [
        ("hello-world", "hello-world:latest"),
        ("redis:7", "redis:7"),
        ("docker.io/library/redis:7", "redis:7"),  # as Podman lists it
        ("docker.io/library/hello-world", "hello-world:latest"),
        ("docker.io/someone/redis:7", "someone/redis:7"),
    ],
)
def test_names_are_compared_with_their_tag(reference: str, tagged: str) -> None:
    """However an engine writes it, a name of Docker Hub is one name."""
    assert tag_of(reference) == tagged


def test_an_image_knows_its_parts() -> None:
    """Repository and tag are read out of the name; without a tag it is ``latest``."""
    parts = {image.name: (image.repository, image.tag) for image in catalogue()}
    assert parts["redis:7"] == ("redis", "7")
    assert parts["hello-world"] == ("hello-world", "latest")


def test_listing_tells_what_is_cached_and_what_is_missing(paper: PaperEngine) -> None:
    """Each image of the catalogue has an entry, in order, with what the engine says of it."""
    paper.has("redis:7")
    entries = {entry.name: entry for entry in listing(paper)}
    assert list(entries) == [image.name for image in catalogue()]
    assert [name for name, entry in entries.items() if entry.present] == ["redis:7"]
    redis = entries["redis:7"]
    assert (redis.cached, redis.standin, redis.id, redis.size, redis.created) == (
        True,
        False,
        "sha256:redis:7",
        7,
        9,
    )
    assert paper.asked == ["GET /images/json"]


def test_listing_tells_a_stand_in_by_its_label(paper: PaperEngine) -> None:
    """A stand-in is told from the real image by the label it carries, not by its looks."""
    paper.has("redis:7", Labels={"kata.standin": "1"})
    assert [entry.name for entry in listing(paper) if entry.standin] == ["redis:7"]


def test_what_the_mirror_serves_is_within_reach(paper: PaperEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """An image that is not cached, but that the engine's mirror has, counts as present."""
    ours = type(paper)(host=paper.host, origin="embedded", tools=paper.tools, answers=paper.answers)
    monkeypatch.setattr(Mirror, "serves", lambda _, image: image.name == "hello-world")
    assert [(entry.name, entry.cached) for entry in listing(ours) if entry.present] == [("hello-world", False)]


@pytest.mark.parametrize(("language", "words"), [("en", "does not say which images"), ("ko", "목록을 알려 주지")])
def test_an_engine_that_does_not_list_its_images(
    paper: PaperEngine, monkeypatch: pytest.MonkeyPatch, language: str, words: str
) -> None:
    """An engine that answers with an error instead of a list is an error with what it said."""
    monkeypatch.setenv("KATA_LANG", language)
    paper.answers["/images/json"] = (500, {"message": "out of order"})
    with pytest.raises(KataError) as raised:
        listing(paper)
    assert words in str(raised.value)
    assert "out of order" in str(raised.value)


@pytest.mark.docker
def test_a_real_engine_is_listed(engine: Engine) -> None:
    """What a real engine has is listed with an id, a size in bytes and a time."""
    for entry in listing(engine):
        if entry.cached:
            assert entry.id.startswith("sha256:")
            assert entry.size > 100
            assert entry.created > 0


def test_a_recipe_is_another_one_where_anything_of_it_has_changed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A file, a package, or the image that it is built upon: each of them makes another stand-in."""
    images = {image.name: image for image in catalogue()}
    before = {name: image.recipe for name, image in images.items()}
    assert len(set(before.values())) == len(before)
    assert replace(images["redis:7"], packages=("another",)).recipe != before["redis:7"]
    copy = tmp_path / "standins"
    shutil.copytree(STANDINS, copy)
    monkeypatch.setattr(sys.modules[Image.__module__], "STANDINS", copy)
    assert {name: image.recipe for name, image in images.items()} == before
    with (copy / "debian" / "Dockerfile").open("a", encoding="utf-8") as file:
        file.write("# more\n")
    changed = {name for name, image in images.items() if image.recipe != before[name]}
    assert changed == {"debian:bookworm-slim"} | {name for name, image in images.items() if image.upon}
