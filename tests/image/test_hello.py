from __future__ import annotations

import platform
import struct
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from checker.image.hello import GREETING, executable
from checker.phrase import KataError

if TYPE_CHECKING:
    from pathlib import Path

linux = pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() not in {"x86_64", "aarch64"}, reason="a program for Linux"
)


@linux
@pytest.mark.parametrize("text", ["", "x", GREETING, "안녕" * 8000])
def test_says_its_text_and_ends_well(tmp_path: Path, text: str) -> None:
    """The executable writes exactly its text to stdout, nothing to stderr, and exits with 0."""
    program = tmp_path / "hello"
    program.write_bytes(executable(platform.machine(), text))
    program.chmod(0o755)
    done = subprocess.run([program], capture_output=True, check=False)
    assert (done.returncode, done.stdout.decode(), done.stderr) == (0, text, b"")


def test_greets_on_a_line_of_its_own() -> None:
    """The greeting begins with an empty line and the line that everyone knows."""
    assert GREETING.splitlines()[:2] == ["", "Hello from Docker!"]


@pytest.mark.parametrize(("machine", "number"), [("x86_64", 62), ("aarch64", 183)])
def test_is_written_for_its_machine(machine: str, number: int) -> None:
    """Its header names the machine as ELF numbers it, and its one segment is as long as the file."""
    content = executable(machine, "hi\n")
    assert content[:4] == b"\x7fELF"
    assert struct.unpack_from("<H", content, 18) == (number,)
    assert struct.unpack_from("<Q", content, 64 + 32) == (len(content),)
    assert content.endswith(b"hi\n")


def test_the_text_is_where_the_aarch64_code_looks() -> None:
    """``adr x1`` is the second instruction and points to the first byte of the text."""
    content = executable("aarch64", "hi\n")
    (adr,) = struct.unpack_from("<I", content, 120 + 4)
    distance = (adr >> 5 & 0x7FFFF) << 2 | adr >> 29 & 3
    assert content[120 + 4 + distance :] == b"hi\n"


@pytest.mark.parametrize(("language", "words"), [("en", "for this CPU (riscv64)"), ("ko", "이 CPU(riscv64)용")])
def test_another_machine_is_an_error(monkeypatch: pytest.MonkeyPatch, language: str, words: str) -> None:
    """For a machine whose code we do not know there is a sentence, with what to do instead."""
    monkeypatch.setenv("KATA_LANG", language)
    with pytest.raises(KataError) as raised:
        executable("riscv64")
    assert words in str(raised.value)
    assert "./kata images pull" in str(raised.value)
