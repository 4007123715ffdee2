from __future__ import annotations

import fcntl
import threading
from typing import TYPE_CHECKING

import pytest

from checker.engine import Engine, Place, embedded, ready
from checker.phrase import KataError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.engine.conftest import FakeEngine


def _provide(engine: Engine, tell: Callable[[str], None]) -> None:
    del engine, tell


@pytest.mark.usefixtures("bare")
def test_uses_the_engine_that_is_there(fake_engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """With an engine that answers, nothing is installed, started or said."""
    monkeypatch.setenv("DOCKER_HOST", fake_engine.host)
    monkeypatch.setattr(embedded, "install", pytest.fail)
    said: list[str] = []
    provided: list[str] = []
    engine = ready.up(lambda engine, _: provided.append(engine.host), said.append)
    assert engine.host == fake_engine.host
    assert provided == [fake_engine.host]
    assert said == []


@pytest.mark.parametrize(
    ("platform", "user", "language", "words"),
    [
        ("darwin", 501, "en", "Colima"),
        ("darwin", 501, "ko", "Docker Desktop이나 Colima를 설치"),
        ("linux", 1000, "en", "sudo ./kata up"),
        ("linux", 1000, "ko", "root로 한 번 실행하거나"),
        ("linux", 0, "en", "docker-compose-v2"),
        ("linux", 0, "ko", "Docker를 buildx, compose와 함께 설치"),
    ],
)
@pytest.mark.usefixtures("bare")
def test_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, platform: str, user: int, language: str, words: str
) -> None:
    """Where no engine can be brought along, the error names what to install on this system."""
    monkeypatch.setattr("sys.platform", platform)
    monkeypatch.setattr("os.geteuid", lambda: user)
    monkeypatch.setattr(embedded, "is_possible", lambda: False)
    monkeypatch.setenv("KATA_LANG", language)
    with pytest.raises(KataError, match=words):
        ready.up(_provide, pytest.fail)


@pytest.mark.usefixtures("bare")
def test_named_engine_is_not_replaced_by_ours(monkeypatch: pytest.MonkeyPatch, short: Path) -> None:
    """A DOCKER_HOST that does not answer is an error; our own engine is not started behind its back."""
    monkeypatch.setenv("DOCKER_HOST", f"unix://{short}/none.sock")
    monkeypatch.setattr(embedded, "is_possible", lambda: True)
    monkeypatch.setattr(embedded, "install", pytest.fail)
    with pytest.raises(KataError) as caught:
        ready.up(_provide, lambda _: None)
    assert caught.value.key == "engine.not_answering"


def test_second_one_waits_and_says_so(tmp_path: Path) -> None:
    """While one process is at it, another waits and tells why."""
    place = Place(data=tmp_path)
    said = threading.Event()
    order: list[str] = []

    def second() -> None:
        with ready.alone(place, lambda _: said.set()):
            order.append("second")

    with ready.alone(place, pytest.fail):
        thread = threading.Thread(target=second)
        thread.start()
        assert said.wait(10)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


def test_lock_of_a_deleted_folder_is_not_a_lock(tmp_path: Path) -> None:
    """Who waited while the folder was deleted takes the lock of the new folder."""
    place = Place(data=tmp_path / "data")
    place.data.mkdir()
    old = (place.data / "up.lock").open("wb")
    fcntl.flock(old, fcntl.LOCK_EX)

    def delete(_: str) -> None:
        (place.data / "up.lock").unlink()
        old.close()

    with ready.alone(place, delete):
        assert (place.data / "up.lock").exists()


@pytest.mark.parametrize(("language", "words"), [("en", "cannot be written"), ("ko", "쓸 수 없어요")])
def test_says_that_the_data_folder_is_not_writable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, language: str, words: str
) -> None:
    """A data folder that cannot be made is named, with KATA_DATA as the way out."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("KATA_LANG", language)
    with (
        pytest.raises(KataError, match=words) as caught,
        ready.alone(Place(data=tmp_path / "file/data"), print),
    ):
        pass
    assert "KATA_DATA" in str(caught.value)
