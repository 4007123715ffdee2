from __future__ import annotations

import json
import os
import platform
import tarfile
from typing import TYPE_CHECKING

import pytest

from checker.image import catalogue, load, save
from checker.image.catalogue import on_engine
from checker.phrase import KataError

if TYPE_CHECKING:
    from pathlib import Path

    from checker.engine import Engine
    from tests.image.conftest import PaperEngine

# the only thing that matters here about what docker save writes: it is a tar with a manifest.json
SAVES = """
cd "${3%/*}"
echo [] > manifest.json
tar -cf "$3" manifest.json
rm manifest.json
"""
ALL = [image.tagged for image in catalogue()]


@pytest.fixture
def full(paper: PaperEngine) -> PaperEngine:
    """An engine that has the catalogue, and a CLI that saves it."""
    paper.has(*ALL)
    paper.answers["/info"] = (200, {"Architecture": "x86_64"})
    paper.speaks(f'[ "$1" = save ] || exit 0; {SAVES}')
    return paper


@pytest.fixture
def bundle(full: PaperEngine, tmp_path: Path) -> Path:
    """A bundle."""
    path = tmp_path / "images.tar"
    save(full, path, lambda _: None)
    return path


def failing(call: object, *arguments: object) -> KataError:
    """Return the error in which a call ends."""
    with pytest.raises(KataError) as raised:
        call(*arguments)  # type: ignore[operator]
    return raised.value


def test_a_bundle_is_what_docker_saves_and_a_word_about_it(bundle: Path) -> None:
    """``docker load`` can read it, and its last member says which images are in it and for which CPU."""
    with tarfile.open(bundle) as archive:
        assert archive.getnames() == ["manifest.json", "docker-kata.json"]
        member = archive.extractfile("docker-kata.json")
        assert member is not None
        about = json.loads(member.read())
    assert list(about["images"]) == ALL
    assert about["architecture"] == "x86_64"


def test_nothing_lies_beside_it(bundle: Path) -> None:
    """No half of it is left beside a bundle."""
    assert {entry.name for entry in bundle.parent.iterdir()} == {"images.tar", "tools"}


def test_what_is_missing_is_pulled_first(full: PaperEngine, tmp_path: Path) -> None:
    """An image that is not cached (hello-world, after exercise 02) is pulled before it is saved."""
    full.has(*(name for name in ALL if name != "hello-world:latest"))
    full.speaks(f'[ "$1" = pull ] && exit 0; {SAVES}')
    said: list[str] = []
    with pytest.raises(KeyError):  # an engine of paper still lacks it afterwards
        save(full, tmp_path / "b.tar", said.append)
    assert full.calls[0] == "pull --quiet hello-world"
    assert "hello-world" in said[0]


def test_a_failed_save_leaves_the_earlier_bundle(full: PaperEngine, bundle: Path) -> None:
    """If saving fails, what was at that path is still there, whole, and nothing beside it."""
    before = bundle.read_bytes()
    full.speaks('echo half > "$3"; echo "write x: no space left on device" >&2; exit 1')
    assert failing(save, full, bundle, lambda _: None).key == "image.disk_full"
    assert bundle.read_bytes() == before
    assert {entry.name for entry in bundle.parent.iterdir()} == {"images.tar", "tools"}


@pytest.mark.parametrize(("language", "words"), [("en", "could not be written"), ("ko", "저장하지 못했어요")])
def test_a_folder_that_does_not_exist(
    full: PaperEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, language: str, words: str
) -> None:
    """Saving into a folder that is not there is an error about that file."""
    monkeypatch.setenv("KATA_LANG", language)
    error = failing(save, full, tmp_path / "no" / "b.tar", lambda _: None)
    assert words in str(error)
    assert "b.tar" in str(error)


def test_a_bundle_is_loaded_by_docker(full: PaperEngine, bundle: Path) -> None:
    """Loading hands the file to docker and says what was in it."""
    said: list[str] = []
    load(full, bundle, said.append)
    assert full.calls[-1] == f"load --quiet --input {bundle}"
    assert "redis:7" in said[-1]


@pytest.mark.parametrize(("language", "words"), [("en", "cannot be read"), ("ko", "읽을 수 없어요")])
def test_no_such_file(
    full: PaperEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, language: str, words: str
) -> None:
    """A file that is not there is named."""
    monkeypatch.setenv("KATA_LANG", language)
    assert words in str(failing(load, full, tmp_path / "none.tar", lambda _: None))


@pytest.mark.parametrize("content", [b"", b"hello", b"\x1f\x8b" + bytes(600), bytes(100)])
@pytest.mark.parametrize(("language", "words"), [("en", "is not a file of images"), ("ko", "들어 있지 않아요")])
def test_another_kind_of_file(
    full: PaperEngine,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    content: bytes,
    language: str,
    words: str,
) -> None:
    """What is no archive at all is no bundle, and docker is not bothered with it."""
    monkeypatch.setenv("KATA_LANG", language)
    (tmp_path / "other").write_bytes(content)
    assert words in str(failing(load, full, tmp_path / "other", lambda _: None))
    assert full.calls == []


def test_another_archive(full: PaperEngine, tmp_path: Path) -> None:
    """An archive of something else is no bundle."""
    with tarfile.open(tmp_path / "other.tar", "w") as archive:
        archive.add(__file__, "notes.txt")
    assert failing(load, full, tmp_path / "other.tar", lambda _: None).key == "image.not_a_bundle"


@pytest.mark.parametrize("kept", [700, 1536])
@pytest.mark.parametrize(("language", "words"), [("en", "ends too early"), ("ko", "뒷부분이 없어요")])
def test_a_bundle_that_was_cut_off(
    full: PaperEngine, bundle: Path, monkeypatch: pytest.MonkeyPatch, kept: int, language: str, words: str
) -> None:
    """A bundle whose end is missing, within a member or between two, is told from another kind of file."""
    monkeypatch.setenv("KATA_LANG", language)
    os.truncate(bundle, kept)
    assert words in str(failing(load, full, bundle, lambda _: None))


@pytest.mark.parametrize(("language", "words"), [("en", "for another CPU (x86_64)"), ("ko", "다른 CPU(x86_64)용")])
def test_a_bundle_for_another_cpu(
    full: PaperEngine, bundle: Path, monkeypatch: pytest.MonkeyPatch, language: str, words: str
) -> None:
    """Images for another CPU are refused before they are loaded, and both CPUs are named."""
    monkeypatch.setenv("KATA_LANG", language)
    full.answers["/info"] = (200, {"Architecture": "aarch64"})
    error = failing(load, full, bundle, lambda _: None)
    assert words in str(error)
    assert "aarch64" in str(error)


def test_a_full_disk_while_loading(full: PaperEngine, bundle: Path) -> None:
    """A disk that fills up on the engine's side is named as what it is."""
    full.speaks("echo 'Error processing tar file(exit status 1): write /x: no space left on device' >&2; exit 1")
    assert failing(load, full, bundle, lambda _: None).key == "image.disk_full"


@pytest.mark.docker
@pytest.mark.alone
def test_a_real_bundle_comes_back(engine: Engine, tmp_path: Path) -> None:
    """What a real engine saves it can load again: the same images under the same names."""
    save(engine, tmp_path / "images.tar", lambda _: None)
    before = {name: on_engine(engine)[name]["Id"] for name in ALL}
    load(engine, tmp_path / "images.tar", lambda _: None)
    assert {name: on_engine(engine)[name]["Id"] for name in ALL} == before
    assert platform.machine()
