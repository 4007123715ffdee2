"""Writes the one program of the hello-world stand-in: a static Linux executable that says hello and exits.

There is no compiler on a learner's machine, so the few machine instructions it takes are put down here, for
the two architectures that Docker is mostly used on. File layout: elf(5) and the ELF specification,
https://refspecs.linuxfoundation.org/elf/elf.pdf; how a system call is made: syscall(2).
"""

from __future__ import annotations

import struct

from checker.phrase import KataError

__all__ = ["GREETING", "executable"]

GREETING = """
Hello from Docker!
You read this, so everything between your keyboard and a container works.

What happened on the way:
 1. The client, the docker command, asked the server to run hello-world.
 2. The server looked into its cache for an image of that name.
 3. If there was none, it fetched hello-world:latest from a registry and cached it.
 4. It made a container out of the image and started the one program in it:
    the one that is talking. The client passed on what it said.

This hello-world is docker-kata's stand-in, made on this very machine,
for places where the one on Docker Hub is out of reach.

"""

_BASE = 0x400000
_HEADERS = 64 + 56  # the file's header and that of its one segment, in bytes
_MACHINES = {"x86_64": 62, "aarch64": 183}


def executable(machine: str, text: str = GREETING) -> bytes:
    """Return an executable for Linux that writes ``text`` to its stdout and exits with 0.

    Args:
        machine: The architecture as uname(1) calls it: ``x86_64`` or ``aarch64``.
        text: What it says, shorter than 64 KiB in UTF-8.

    Raises:
        KataError: ``image.machine``: we know no machine code for that architecture.
    """
    if machine not in _MACHINES:
        raise KataError("image.machine", machine=machine)
    said = text.encode()
    code = _x86_64(len(said)) if machine == "x86_64" else _aarch64(len(said))
    size = _HEADERS + len(code) + len(said)
    return _file_header(_MACHINES[machine]) + _segment_header(size) + code + said


def _file_header(machine: int) -> bytes:
    identity = b"\x7fELF" + bytes([2, 1, 1]) + bytes(9)  # 64 bits, little endian, version 1
    # executable file; entry right behind the headers; one program header at 64; no sections
    return identity + struct.pack("<HHIQQQIHHHHHH", 2, machine, 1, _BASE + _HEADERS, 64, 0, 0, 64, 56, 1, 64, 0, 0)


def _segment_header(size: int) -> bytes:
    # one segment to load, readable and executable, aligned for kernels with pages of up to 64 KiB
    return struct.pack("<IIQQQQQQ", 1, 5, 0, _BASE, _BASE, size, size, 0x10000)


def _x86_64(length: int) -> bytes:
    write = b"\xb8\x01\x00\x00\x00" + b"\xbf\x01\x00\x00\x00"  # mov eax, 1 (write); mov edi, 1 (stdout)
    count = b"\xba" + struct.pack("<I", length)  # mov edx, length
    leave = b"\x0f\x05" + b"\xb8\x3c\x00\x00\x00" + b"\x31\xff" + b"\x0f\x05"  # syscall; exit(0)
    # lea rsi, [rip + distance to the text, which follows the code]
    return write + count + b"\x48\x8d\x35" + struct.pack("<I", len(leave)) + leave


def _aarch64(length: int) -> bytes:
    instructions = (
        _movz(0, 1),  # stdout
        0x10000001 | (7 << 5),  # adr x1, the text, seven instructions ahead
        _movz(2, length),
        _movz(8, 64),  # write
        0xD4000001,  # svc 0
        _movz(0, 0),
        _movz(8, 93),  # exit
        0xD4000001,
    )
    return struct.pack(f"<{len(instructions)}I", *instructions)


def _movz(register: int, value: int) -> int:
    return 0xD2800000 | (value << 5) | register
