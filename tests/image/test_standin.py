from __future__ import annotations

import os
import shutil
import stat
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from checker.image import catalogue
from checker.image.catalogue import STANDINS
from checker.image.standin import Workshop, _version, unpack_system
from checker.phrase import KataError

if TYPE_CHECKING:
    from tests.image.conftest import PaperEngine

IMAGES = {image.folder: image for image in catalogue()}
debian = pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="needs Debian's dpkg-deb")


def package(folder: Path, name: str, *files: str) -> Path:
    """Make a Debian package that holds these files."""
    root = folder / name
    (root / "DEBIAN").mkdir(parents=True)
    about = f"Package: {name}\nVersion: 1\nArchitecture: all\nMaintainer: nobody\nDescription: nothing\n"
    (root / "DEBIAN/control").write_text(about, encoding="ascii")
    for file in files:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_text(name, encoding="ascii")
    subprocess.run(["dpkg-deb", "--build", root, folder / f"{name}.deb"], check=True, capture_output=True)
    return folder / f"{name}.deb"


@debian
def test_a_system_keeps_its_links(tmp_path: Path) -> None:
    """What a package puts into /bin and /lib lands in /usr, whatever the umask of who unpacks it."""
    packages = [package(tmp_path, "a", "bin/one", "lib/two"), package(tmp_path, "b", "usr/bin/three")]
    before = os.umask(0o077)
    try:
        root = tmp_path / "root"
        root.mkdir()
        unpack_system(packages, root)
    finally:
        os.umask(before)
    assert (root / "bin").readlink() == Path("usr/bin")
    assert {entry.name for entry in (root / "usr/bin").iterdir()} == {"one", "three"}
    assert (root / "usr/lib/two").read_text(encoding="ascii") == "a"
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in (root, root / "usr", root / "usr/bin")} == {0o755}


@debian
@pytest.mark.parametrize(("language", "words"), [("en", "could not be unpacked"), ("ko", "풀지 못했어요")])
def test_a_damaged_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, language: str, words: str) -> None:
    """A package that was cut off is named."""
    monkeypatch.setenv("KATA_LANG", language)
    damaged = package(tmp_path, "a", "bin/one")
    os.truncate(damaged, 200)
    (tmp_path / "root").mkdir()
    with pytest.raises(KataError) as raised:
        unpack_system([damaged], tmp_path / "root")
    assert "a.deb" in str(raised.value)
    assert words in str(raised.value)


@pytest.mark.parametrize(
    ("folder", "file", "version"),
    [
        ("redis", "redis-server_5%3a7.0.15-1~deb12u5_amd64.deb", "7.0.15"),
        ("python", "python3.11_3.11.2-6+deb12u6_amd64.deb", "3.11.2"),
        ("nginx", "nginx_1.22.1-9_amd64.deb", "1.22.1"),
        ("registry", "docker-registry_2.8.2+ds1-1+b5_amd64.deb", "2.8.2"),
        ("redis", "redis-tools_5%3a7.0.15-1~deb12u5_amd64.deb", ""),
        ("hello-world", "anything_1.0_all.deb", ""),
    ],
)
def test_the_version_is_the_main_packages(folder: str, file: str, version: str) -> None:
    """An image's version is that of its main package, without Debian's epoch and revision."""
    assert _version(IMAGES[folder], [Path(file)]) == version


def test_a_build_has_no_network_and_says_what_it_made(paper: PaperEngine, tmp_path: Path) -> None:
    """The build gets no network, and its result a name and the labels that tell it from the real image."""
    with Workshop(paper, tmp_path / "work") as workshop:
        workshop.build(IMAGES["hello-world"], "name:tag")
    (call,) = paper.calls
    assert call.startswith("buildx build --builder default --load")
    assert "--network none" in call
    assert f"--label kata.standin={IMAGES['hello-world'].recipe}" in call
    assert "docker-kata's stand-in for hello-world" in call
    assert "--tag name:tag" in call


def test_a_workshop_leaves_nothing(paper: PaperEngine, tmp_path: Path) -> None:
    """What an interrupted run left is deleted at the start, and everything at the end, after an error too."""
    (tmp_path / "work" / "half-built").mkdir(parents=True)
    paper.speaks(f'cd "{tmp_path}/work"; ls -d * */* >&2; exit 1')
    with pytest.raises(KataError) as raised, Workshop(paper, tmp_path / "work") as workshop:
        workshop.build(IMAGES["hello-world"], "name:tag")
    folder, context = str(raised.value.blanks["detail"]).splitlines()
    assert context.startswith(f"{folder}/hello-world-")
    assert not (tmp_path / "work").exists()


@pytest.mark.parametrize(("language", "words"), [("en", "stand-in for hello-world failed"), ("ko", "만들지 못했어요")])
def test_says_why_a_build_fails(
    paper: PaperEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, language: str, words: str
) -> None:
    """A build that fails is an error with the end of what it said."""
    monkeypatch.setenv("KATA_LANG", language)
    paper.speaks("echo 'unknown flag: --provenance' >&2; exit 125")
    with pytest.raises(KataError) as raised, Workshop(paper, tmp_path / "work") as workshop:
        workshop.build(IMAGES["hello-world"], "name:tag")
    assert words in str(raised.value)
    assert "unknown flag" in str(raised.value)


def test_a_full_disk_is_named(paper: PaperEngine, tmp_path: Path) -> None:
    """A build that fills the disk is an error about the disk."""
    paper.speaks("echo 'ERROR: failed to solve: write /var/x: no space left on device' >&2; exit 1")
    with pytest.raises(KataError) as raised, Workshop(paper, tmp_path / "work") as workshop:
        workshop.build(IMAGES["hello-world"], "name:tag")
    assert raised.value.key == "image.disk_full"


def test_stand_ins_name_no_address() -> None:
    """No file that goes into an image names a host on the internet."""
    for file in STANDINS.rglob("*"):
        if file.is_file():
            assert "://" not in file.read_text(encoding="utf-8"), file
