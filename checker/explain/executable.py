r"""Why a program would not start: the kernel's one short answer, and what the file itself shows.

``execve`` says "no such file" of a script whose interpreter is missing (and ``/bin/sh\r`` is), and "exec
format error" of one without ``#!`` and of a program for another CPU alike (execve(2), elf(5)). Only the file
tells them apart.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from checker.verdict import Mistake

__all__ = [
    "CARRIAGE_RETURNS",
    "ENGINE_REFUSAL",
    "RUN_OPTIONS",
    "SHELL_REFUSAL",
    "SINGLE_QUOTES",
    "Refused",
    "not_found",
]

RUN_OPTIONS = frozenset(
    {
        "-P", "-d", "-di", "-dit", "-e", "-h", "-i", "-id", "-it", "-itd", "-m", "-p", "-t", "-ti", "-u",
        "-v", "-w", "--cap-add", "--cap-drop", "--cpus", "--detach", "--entrypoint", "--env",
        "--env-file", "--health-cmd", "--hostname", "--init", "--interactive", "--label", "--link",
        "--memory", "--name", "--net", "--network", "--platform", "--privileged", "--publish",
        "--publish-all", "--pull", "--read-only", "--restart", "--rm", "--tmpfs", "--tty", "--user",
        "--volume", "--workdir",
    }
)  # fmt: skip
"""Options of ``docker run`` that a beginner writes behind the image, where they become the program's."""

ENGINE_REFUSAL = re.compile(
    r"exec: \"(?P<program>[^\"]*)\": (?P<said>executable file not found in \$PATH"
    r"|(?:stat [^:]+: )?no such file or directory|permission denied|exec format error)"
    r"|executable file `(?P<other>[^`]+)` not found"
)
"""How the engine says that it could not start a container's program, in the words of runc and of crun."""

SHELL_REFUSAL = re.compile(
    r"^(?:exec |(?:\S*sh: )(?:(?:line )?\d+: )?)(?P<program>[^\s:]+): "
    r"(?P<said>(?:command )?not found|no such file or directory|permission denied|exec format error)$",
    re.MULTILINE | re.IGNORECASE,
)
"""How runc's last step ("exec /x: …"), dash, busybox and bash say that they could not start a program."""

SINGLE_QUOTES = re.compile(r"^\S*sh: (?:(?:line )?\d+: )?\['?[^\s:\]]+'?,: (?:command )?not found$", re.MULTILINE)
"""A shell that was given ``['echo', 'hi']`` to run."""

CARRIAGE_RETURNS = re.compile(
    r"\$'\\r'|env: [^\n]*?(?:\\r|\r)['\u2019]|\^M: bad interpreter|: ?\r: not found|llegal option -\r"
)
"""Shells and env(1) that stumble over CRLF, in text that still has its carriage returns."""

_SHELLS_OWN = re.compile(r"[A-Za-z_]\w*=|(?:cd|export|source|set|unset|exec|alias|umask|if|for|while|&&)\Z")
"""What only a shell understands, in the place of a program: an assignment, or a word of its own."""

# e_machine of an ELF header (elf(5)), as Docker names the architecture
_MACHINES = {3: "386", 40: "arm", 62: "amd64", 183: "arm64", 243: "riscv64", 21: "ppc64le", 22: "s390x"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A file that the kernel would not execute.

    Attributes:
        file: Its name, for the learner.
        said: The kernel's words: "no such file or directory", "permission denied" or "exec format error".
        head: How the file begins, at least its first line; None where nobody could look.
        here: The engine's architecture, ``amd64``; empty where unknown.
        wanted: The image's architecture; empty where unknown.
    """

    file: str
    said: str
    head: bytes | None = None
    here: str = ""
    wanted: str = ""

    def mistake(self) -> Mistake:
        """Return what the learner did."""
        said = self.said.lower()
        if "permission denied" in said:
            return Mistake("docker.not_executable", file=self.file)
        if "format error" in said:
            return self._wrong_format()
        return self._nothing_to_run_it()

    def _wrong_format(self) -> Mistake:
        wanted = _machine(self.head) or self.wanted
        if wanted and self.here and wanted != self.here:
            return Mistake("docker.other_cpu", file=self.file, wanted=wanted, here=self.here)
        if self.head is None or _is_elf(self.head):
            return Mistake("docker.exec_format", file=self.file)
        return Mistake("docker.no_shebang", file=self.file)

    def _nothing_to_run_it(self) -> Mistake:
        if self.head is None:
            return Mistake("docker.interpreter_unknown", file=self.file)
        if _is_elf(self.head):
            return Mistake("docker.no_loader", file=self.file)
        first = self.head.split(b"\n", 1)[0]
        if not first.startswith(b"#!"):
            return Mistake("docker.no_shebang", file=self.file)
        if first.endswith(b"\r"):
            return Mistake("docker.crlf", file=self.file)
        line = first[:100].decode(errors="replace")
        return Mistake("docker.no_interpreter", file=self.file, line=line)


def not_found(program: str) -> Mistake:
    """Return what the learner did when Docker finds no program of this name in the container."""
    if program.startswith("-"):
        return Mistake("docker.option_after_image", option=program)
    if _SHELLS_OWN.match(program):
        return Mistake("docker.only_a_shell", program=program)
    if re.search(r"\s", program.strip()):
        return Mistake("docker.command_in_one_word", program=program)
    return Mistake("docker.no_program", program=program)


def _is_elf(head: bytes) -> bool:
    return head.startswith(b"\x7fELF")


def _machine(head: bytes | None) -> str:
    if head is None or not _is_elf(head) or len(head) < 20:
        return ""
    machine = int.from_bytes(head[18:20], "big") if head[5] == 2 else int.from_bytes(head[18:20], "little")
    return _MACHINES.get(machine, "")
