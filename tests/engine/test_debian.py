from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from checker.engine.debian import Apt, Source, system_source, unpack
from checker.phrase import KataError

if TYPE_CHECKING:
    from pathlib import Path

ONE_LINE = """\
# deb http://old.example/debian bookworm main
deb https://packages.example/apt tool-bookworm main
deb [arch=amd64 trusted=yes] http://mirror.example/debian bookworm main contrib # ours
deb-src http://src.example/debian bookworm main
"""

DEB822 = """\
Types: deb
# a comment between the fields
URIs: http://mirror.example/debian/
Suites: bookworm bookworm-updates
Components: main
Signed-By: {keyring}

Types: deb
URIs: https://node.example/node
Suites: nodistro
Components: main
"""


def _sources(etc: Path, name: str, text: str) -> Path:
    file = etc / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return etc


def test_reads_one_line_sources(tmp_path: Path) -> None:
    """The Debian mirror is found among one-line sources; comments, sources and third parties are not it."""
    source = system_source(_sources(tmp_path, "sources.list", ONE_LINE))
    assert source.uri == "http://mirror.example/debian"


def test_never_trusts_an_unsigned_mirror(tmp_path: Path) -> None:
    """``trusted=yes`` in the system's source is not taken over: our packages are verified."""
    assert "trusted" not in system_source(_sources(tmp_path, "sources.list", ONE_LINE)).line("bookworm")


def test_reads_deb822_sources(tmp_path: Path) -> None:
    """The Debian mirror and its keyring are found in a .sources file."""
    keyring = tmp_path / "keyring.gpg"
    keyring.touch()
    etc = _sources(tmp_path, "sources.list.d/debian.sources", DEB822.format(keyring=keyring))
    assert system_source(etc) == Source(uri="http://mirror.example/debian/", keyring=str(keyring))


def test_skips_disabled_stanzas(tmp_path: Path) -> None:
    """A stanza with ``Enabled: no`` does not count."""
    etc = _sources(tmp_path, "sources.list.d/debian.sources", "Enabled: no\n" + DEB822.format(keyring=""))
    with pytest.raises(KataError):
        system_source(etc)


def test_prefers_the_archive_to_a_third_party(tmp_path: Path) -> None:
    """A third party whose suite is called bookworm too does not win by coming first."""
    third = "deb https://third.example/stuff bookworm main\n"
    source = system_source(_sources(tmp_path, "sources.list", third + ONE_LINE))
    assert source.uri == "http://mirror.example/debian"


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "is Debian's own archive"), ("ko", "Debian 아카이브가 없어요")],
)
def test_says_that_there_is_no_debian_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, language: str, words: str
) -> None:
    """Where no source is Debian's, the error says so and how to go on."""
    monkeypatch.setenv("KATA_LANG", language)
    with pytest.raises(KataError, match=r"docs\.docker\.com") as caught:
        system_source(tmp_path)
    assert words in str(caught.value)
    assert str(tmp_path) in str(caught.value)


def test_writes_one_line_for_its_suite(tmp_path: Path) -> None:
    """The apt it runs sees one source, and a list of installed packages that is empty."""
    apt = Apt(tmp_path / "apt", "trixie", Source(uri="http://mirror.example/debian", keyring="/k.gpg"))
    written = (apt.root / "sources.list").read_text(encoding="utf-8")
    assert written == "deb [signed-by=/k.gpg] http://mirror.example/debian trixie main\n"
    assert apt.status.read_bytes() == b""


needs_apt = pytest.mark.skipif(shutil.which("apt-get") is None, reason="not a Debian")


@needs_apt
@pytest.mark.parametrize(("language", "words"), [("en", "could not fetch"), ("ko", "받지 못했어요")])
def test_says_what_apt_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, language: str, words: str) -> None:
    """A mirror that does not exist is an error with apt's own reason, not a warning."""
    monkeypatch.setenv("KATA_LANG", language)
    apt = Apt(tmp_path, "bookworm", Source(uri=f"file:{tmp_path}/nowhere"))
    with pytest.raises(KataError, match=words) as caught:
        apt.update()
    assert "nowhere" in str(caught.value)


@pytest.mark.parametrize(("language", "words"), [("en", "is missing"), ("ko", "프로그램이 없어서")])
def test_says_that_apt_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, language: str, words: str) -> None:
    """Without apt-get the error names it."""
    monkeypatch.setenv("KATA_LANG", language)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(KataError, match=words):
        Apt(tmp_path, "bookworm", Source(uri="file:/nowhere")).update()


@needs_apt
@pytest.mark.parametrize(("language", "words"), [("en", "could not be unpacked"), ("ko", "풀지 못했어요")])
def test_says_which_package_is_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, language: str, words: str
) -> None:
    """A package that is none is named."""
    monkeypatch.setenv("KATA_LANG", language)
    package = tmp_path / "broken_1.deb"
    package.write_bytes(b"not a package")
    with pytest.raises(KataError, match=words) as caught:
        unpack([package], tmp_path / "root")
    assert "broken_1.deb" in str(caught.value)


@needs_apt
def test_unpacks_files_without_running_scripts(tmp_path: Path) -> None:
    """A package's files arrive; its postinst does not run."""
    (tmp_path / "package/DEBIAN").mkdir(parents=True)
    control = "Package: trial\nVersion: 1\nArchitecture: all\nMaintainer: n <n@example.org>\nDescription: d\n"
    (tmp_path / "package/DEBIAN/control").write_text(control, encoding="utf-8")
    postinst = tmp_path / "package/DEBIAN/postinst"
    postinst.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n", encoding="utf-8")
    postinst.chmod(0o755)
    (tmp_path / "package/file").write_text("here", encoding="utf-8")
    subprocess.run(["dpkg-deb", "-b", tmp_path / "package", tmp_path / "t.deb"], check=True, capture_output=True)
    unpack([tmp_path / "t.deb"], tmp_path / "root")
    assert (tmp_path / "root/file").read_text(encoding="utf-8") == "here"
    assert not (tmp_path / "ran").exists()
