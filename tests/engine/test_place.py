from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from checker.engine import Place

if TYPE_CHECKING:
    import pytest


def test_data_folder_can_be_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """KATA_DATA names the folder; two ways of writing one folder are one place."""
    monkeypatch.setenv("KATA_DATA", f"{tmp_path}/a/../b")
    assert Place.here() == Place(data=tmp_path / "b")


def test_data_folder_is_the_platforms_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without KATA_DATA it lies where the platform keeps data, named after the project."""
    monkeypatch.delenv("KATA_DATA", raising=False)
    assert Place.here().data.name == "docker-kata"


def test_socket_fits_however_long_the_folder_is() -> None:
    """A socket's path has at most 107 bytes and an interface's name 15, for any data folder."""
    place = Place(data=Path("/" + "long/" * 60))
    assert len(str(place.run / "exec/containerd/containerd.sock.ttrpc")) < 108
    assert len(place.bridge) <= 15


def test_two_folders_have_two_engines() -> None:
    """Two data folders share neither socket nor bridge."""
    one, other = Place(data=Path("/a")), Place(data=Path("/b"))
    assert one.socket != other.socket
    assert one.bridge != other.bridge
