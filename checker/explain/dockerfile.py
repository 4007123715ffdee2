"""What a builder says of a Dockerfile, turned into what the learner did, with the learner's file and line.

Knows BuildKit from 0.9 to 0.26, as ``docker build``, ``docker buildx build`` and Compose print it, and the
classic builder. Expects plain lines (``said.legible``).
"""

from __future__ import annotations

import difflib
import posixpath
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from checker.explain.dockerignore import excluded_by
from checker.explain.executable import SHELL_REFUSAL, Refused
from checker.explain.folder import files_below, head_of, lines_of
from checker.explain.said import tail
from checker.explain.written import empty_in_base, no_json, out_of_scope
from checker.phrase import KataError
from checker.verdict import Mistake

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["Build"]

_Meaning: TypeAlias = "Callable[[Build, re.Match[str]], Mistake | KataError]"

INSTRUCTIONS = (
    "ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "MAINTAINER",
    "ONBUILD", "RUN", "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR",
)  # fmt: skip

# What buildx prints above its last line: the file, and its lines with >>> before the one at fault
_EXCERPT = re.compile(r"^(?P<file>\S[^\n:]*):(?P<line>\d+)\n-{10,}\n(?P<block>.*?)\n-{10,}$", re.MULTILINE | re.DOTALL)
_MARKED = re.compile(r"^\s*\d+ \| >>> ?(?P<text>.*)$", re.MULTILINE)
# The log of the step that failed, as it is repeated below a plain or fancy progress display
_STEP_LOG = re.compile(
    r"^------\n > \[[^\n]*?\] (?P<step>[^\n]*):\n(?P<log>.*?)(?:^------$|\Z)", re.MULTILINE | re.DOTALL
)
_STEP_ERROR = re.compile(r"^#(\d+) ERROR: ", re.MULTILINE)
_CLASSIC_STEP = re.compile(r"^Step \d+/\d+ : (?P<step>.*)$", re.MULTILINE)
_LINE_IN_WORDS = re.compile(r"(?:parse error )?(?:on )?line (\d+)")
_TIMED = re.compile(r"^(?:#\d+ )?\d+\.\d+ ?|^ ---> .*\n", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """A build that failed.

    Attributes:
        why: The builder's reason: its last line without "ERROR: failed to solve:".
        printed: Everything it printed before that line.
        work: The build's context on this machine; None where unknown.
    """

    why: str
    printed: str
    work: Path | None = None

    def mistake(self) -> Mistake | KataError | None:
        """Return what the learner did; None where the reason is nothing that is known here."""
        for pattern, meaning in _MEANINGS:
            match = pattern.search(self.why)
            if match is not None:
                return meaning(self, match)
        if self._excerpt is None:
            return None
        return Mistake("docker.build_refused", place=self.place, said=self.why[:300])

    @property
    def _excerpt(self) -> re.Match[str] | None:
        return max(_EXCERPT.finditer(self.printed), key=re.Match.start, default=None)

    @property
    def file(self) -> str:
        """The Dockerfile's name as the builder was given it."""
        named = self._excerpt["file"] if self._excerpt else ""
        loaded = re.findall(r"load build definition from (\S+)", self.printed)
        return named or (loaded[-1] if loaded else "Dockerfile")

    @property
    def place(self) -> str:
        """The learner's file and line, ``Dockerfile:3``; the file alone where the line is not known."""
        worded = _LINE_IN_WORDS.search(self.why)
        line = self._excerpt["line"] if self._excerpt else worded[1] if worded else self._line_of(self.step)
        return f"{self.file}:{line}" if line else self.file

    @property
    def lines(self) -> list[str]:
        """The learner's Dockerfile; empty where it cannot be read."""
        return lines_of(self.work, self.file)

    @property
    def instruction(self) -> str:
        """The learner's instruction that failed, in one line; empty where it is not known."""
        if self._excerpt is None:
            return self.step
        lines = (match["text"].rstrip("\\ ") for match in _MARKED.finditer(self._excerpt["block"]))
        return " ".join(lines).strip()

    @property
    def step(self) -> str:
        """The failed step as the builder itself writes it."""
        logged = [match["step"] for match in _STEP_LOG.finditer(self.printed)]
        return (logged or _CLASSIC_STEP.findall(self.printed) or [""])[-1]

    @property
    def log(self) -> str:
        """What the failed step printed.

        From the progress lines where there are any: the repetition at the end sometimes lacks the beginning
        of a line that was written in pieces (seen with buildx 0.13).
        """
        failed = _STEP_ERROR.findall(self.printed)
        if failed:
            lines = re.findall(rf"^#{failed[-1]} \d+\.\d+ ?(.*)$", self.printed, re.MULTILINE)
            return "\n".join(lines)
        logs = [match["log"] for match in _STEP_LOG.finditer(self.printed)]
        if logs:
            return _TIMED.sub("", logs[-1])
        before = self.printed[: self._excerpt.start()] if self._excerpt else self.printed
        start = [match.end() for match in _CLASSIC_STEP.finditer(before)]
        return _TIMED.sub("", before[start[-1] :] if start else before).strip("\n")

    def _line_of(self, step: str) -> str:
        """Find a step in the learner's Dockerfile: the first line whose words begin it."""
        words = step.split()
        for number, line in enumerate(self.lines, start=1):
            written = line.rstrip("\\ ").split()
            if words and written and written == words[: len(written)]:
                return str(number)
        return ""


# What each reason means. The first pattern that is found decides.


def _unknown_instruction(build: Build, match: re.Match[str]) -> Mistake:
    word = match["word"]
    near = difflib.get_close_matches(word.upper()[:40], INSTRUCTIONS, n=1, cutoff=0.6)
    if near:
        return Mistake("docker.unknown_instruction", place=build.place, instruction=word, nearest=near[0])
    return Mistake("docker.no_instruction", place=build.place, instruction=word)


def _unknown_flag(build: Build, match: re.Match[str]) -> Mistake:
    return Mistake("docker.unknown_flag", place=build.place, flag=match["flag"])


def _before_from(build: Build, _: re.Match[str]) -> Mistake:
    return Mistake("docker.before_from", place=build.place)


def _empty(build: Build, _: re.Match[str]) -> Mistake:
    return Mistake("docker.empty_dockerfile", file=build.file)


def _arguments(build: Build, match: re.Match[str]) -> Mistake:
    return Mistake("docker.instruction_arguments", place=build.place, said=match["said"])


def _blank_base(build: Build, match: re.Match[str]) -> Mistake:
    return Mistake("docker.blank_base", place=build.place, name=match["name"])


def _base_name(build: Build, match: re.Match[str]) -> Mistake:
    """Explain a name of an image that Docker cannot read: a variable in it, or a capital letter."""
    copied = re.search(r"--from=(\S*\$\S*)", build.instruction)
    if copied:
        return Mistake("docker.copy_from_variable", place=build.place, name=copied[1])
    substituted = re.search(r"\$\(\w+\)", build.instruction)
    if substituted:
        return Mistake("docker.parentheses", place=build.place, written=substituted[0])
    empty = empty_in_base(build.lines, build.instruction)
    if empty:
        return Mistake("docker.base_variable_empty", place=build.place, variable=empty, image=match["name"])
    if "must be lowercase" in build.why:
        return Mistake("docker.upper_case_name", image=match["name"])
    return Mistake("docker.build_refused", place=build.place, said=build.why[:300])


def _out_of_scope(build: Build) -> Mistake | None:
    """Look in the failed instruction for a variable whose ARG only the FROM lines know."""
    number = build.place.rpartition(":")[2]
    name = out_of_scope(build.lines, build.instruction, int(number)) if number.isdecimal() else ""
    return Mistake("docker.arg_out_of_scope", place=build.place, name=name) if name else None


def _bad_pattern(build: Build, match: re.Match[str]) -> Mistake:
    """Explain a file name that is no pattern; the builder names no line."""
    number = no_json(build.lines, "COPY", "ADD")
    if number:
        return Mistake("docker.copy_no_json", place=f"{build.file}:{number}")
    return Mistake("docker.build_refused", place=build.place, said=match[0])


def _no_dockerfile(build: Build, match: re.Match[str]) -> Mistake:
    wanted = posixpath.basename(match["name"] or "") or "Dockerfile"
    here = build.work.iterdir() if build.work else ()
    names = [path.name for path in here if path.is_file() and path.name != wanted]
    alike = [name for name in names if name.lower().startswith("dockerfile") and not name.endswith("ignore")]
    alike += difflib.get_close_matches(wanted, names, n=1, cutoff=0.75)
    if alike:
        return Mistake("docker.misnamed_dockerfile", wanted=wanted, found=", ".join(sorted(set(alike))[:3]))
    return Mistake("docker.no_dockerfile", wanted=wanted)


def _disk_full(_build: Build, _match: re.Match[str]) -> KataError:
    return KataError("docker.disk_full")


def _copy_failed(build: Build, match: re.Match[str]) -> Mistake:
    unknown = _out_of_scope(build)
    if unknown is not None:
        return unknown
    missing = match["path"].strip("/")
    instruction = build.instruction
    stage = re.search(r"--from=(\S+)", instruction)
    if stage:
        return Mistake("docker.copy_not_in_stage", place=build.place, path=f"/{missing}", stage=stage[1])
    written = _as_written(instruction, missing, build.work)
    if posixpath.normpath(written).startswith(".."):
        return Mistake("docker.copy_outside_context", place=build.place, path=written)
    if build.work is None:
        return Mistake("docker.copy_missing", place=build.place, path=written)
    return _look_in_context(build, build.work, posixpath.normpath(written).lstrip("/"))


def _look_in_context(build: Build, work: Path, missing: str) -> Mistake:
    where = {"place": build.place, "path": missing}
    if (work / missing).exists():
        exclusion = excluded_by(work, missing)
        if exclusion is None:
            return Mistake("docker.copy_other_context", **where)
        return Mistake("docker.copy_ignored", **where, line=exclusion.place, pattern=exclusion.pattern)
    near = _files_like(missing, list(files_below(work)))
    if near:
        return Mistake("docker.copy_misspelt", **where, nearest=", ".join(near))
    return Mistake("docker.copy_missing", **where)


def _files_like(missing: str, names: list[str]) -> list[str]:
    """Return at most three files: of the same name in another folder or case, then of like spelling."""
    base = posixpath.basename(missing).lower()
    same = [name for name in names if posixpath.basename(name).lower() == base]
    bases = {posixpath.basename(name).lower() for name in names}
    bases = set(difflib.get_close_matches(base, bases, n=3, cutoff=0.7))
    alike = [name for name in names if posixpath.basename(name).lower() in bases]
    return list(dict.fromkeys([*same, *alike]))[:3]


def _as_written(instruction: str, missing: str, work: Path | None) -> str:
    """Return the source that failed as the learner wrote it.

    BuildKit reports ``../x`` as ``/x``, and of ``app/x`` only the folder where nothing else of it is used.
    Of several sources that it may mean, one that is not there is the one.
    """
    sources = re.findall(r"[^\s\[\]\",]+", instruction)[1:-1]
    clean = {source: posixpath.normpath(f"/{source}").lstrip("/") for source in sources}
    meant = [source for source, path in clean.items() if f"{path}/".startswith(f"{missing}/")]
    absent = [source for source in meant if work is not None and not (work / clean[source]).exists()]
    return next(iter(absent or meant), missing)


def _forbidden(build: Build, match: re.Match[str]) -> Mistake:
    return Mistake("docker.copy_outside_context", place=build.place, path=match["path"])


def _nothing_copied(build: Build, _: re.Match[str]) -> Mistake:
    return Mistake("docker.copy_missing", place=build.place, path=build.instruction.partition(" ")[2])


# What a failed RUN printed

_ASKS = re.compile(r"Do you want to continue\? \[Y/n\]")
_NO_NETWORK = re.compile(
    r"^.*(?:Temporary failure (?:resolving|in name resolution)|Could not resolve|unable to resolve host"
    r"|bad address|Name or service not known|Network is unreachable|(?-i:\bEAI_AGAIN\b|\bENOTFOUND\b)"
    r"|Failed to establish a new connection|nodename nor servname|Name does not resolve"
    r"|no such host|DNS lookup error|Could not connect to).*$",
    re.MULTILINE | re.IGNORECASE,
)
# not only at the beginning of a line: apt's two streams run into each other
_NO_PACKAGE = re.compile(
    r"\bE: (?:Unable to locate package (?P<package>\S+)"
    r"|Package '(?P<other>[^']+)' has no installation candidate)"
)
_NO_WHEEL = re.compile(r"^ERROR: No matching distribution found for (?P<package>.{1,80})", re.MULTILINE)
# A shell's refusal without the shell's name in front, which was cut off
_CUT_REFUSAL = re.compile(
    r"^(?P<program>[^\s:]+): (?P<said>not found|no such file or directory|permission denied)$",
    re.MULTILINE | re.IGNORECASE,
)
_NO_SPACE = re.compile(r"no space left on device", re.IGNORECASE)


def _run_failed(build: Build, match: re.Match[str]) -> Mistake | KataError:
    log, place = build.log, build.place
    if _NO_SPACE.search(log):
        return KataError("docker.disk_full")
    if _ASKS.search(log):
        return Mistake("docker.apt_asks", place=place)
    network = _NO_NETWORK.search(log)
    if network:
        return Mistake("docker.run_needs_network", place=place, said=network[0].strip()[:160])
    return _out_of_scope(build) or _program_or_package(build, match, log)


def _program_or_package(build: Build, match: re.Match[str], log: str) -> Mistake:
    place = build.place
    package = _NO_PACKAGE.search(log)
    if package:
        return Mistake("docker.apt_knows_no_package", place=place, package=package["package"] or package["other"])
    wheel = _NO_WHEEL.search(log)
    if wheel:
        return Mistake("docker.pip_found_nothing", place=place, package=wheel["package"])
    return _program_failed(build, match["code"], log) or _run_ended(build, match, log)


def _program_failed(build: Build, code: str, log: str) -> Mistake | None:
    """Look whether the step's shell could not start a program, and why."""
    refused = SHELL_REFUSAL.search(log) or (_CUT_REFUSAL.search(log) if code in {"126", "127"} else None)
    if refused is None:
        return None
    program, said = refused["program"], refused["said"].lower()
    if program.startswith("[") and re.match(r"RUN\s*\[", build.instruction, re.IGNORECASE):
        return Mistake("docker.single_quotes", place=build.place)
    head = head_of(build.work, program) if "/" in program else None
    if "not found" in said and head is None:
        return Mistake("docker.run_no_program", place=build.place, program=program)
    return Refused(file=program, said=said, head=head).mistake()


def _run_ended(build: Build, match: re.Match[str], log: str) -> Mistake:
    command = re.sub(r"^RUN\s+", "", build.instruction) or match["command"]
    blanks = {"place": build.place, "command": command[:100], "code": match["code"]}
    quoted = tail(log)
    if quoted:
        return Mistake("docker.run_failed", **blanks, tail=quoted)
    return Mistake("docker.run_failed_silently", **blanks)


def _row(meaning: _Meaning, pattern: str) -> tuple[re.Pattern[str], _Meaning]:
    return re.compile(pattern, re.IGNORECASE), meaning


_MEANINGS = (
    _row(_unknown_instruction, r"unknown instruction: \"?(?P<word>[^\s\"]+)"),
    _row(_unknown_flag, r"unknown flag: (?P<flag>\S+)"),
    _row(_before_from, r"no build stage in current context|no FROM statement"),
    _row(_empty, r"Dockerfile\b.* cannot be empty|file with no instructions"),
    _row(
        _no_dockerfile,
        r"(?:failed to read dockerfile|in Dockerfile path|Cannot locate specified Dockerfile)"
        r"(?:.*?(?:open|lstat) (?P<name>[^:]+):)?",
    ),
    _row(_arguments, r"(?P<said>\w+ (?:requires|must have) (?:[^,.]*) arguments?)"),
    _row(_blank_base, r"base name \((?P<name>.*)\) should not be blank"),
    _row(_base_name, r"failed to parse stage name \"(?P<name>[^\"]*)\": invalid reference format"),
    _row(_bad_pattern, r"syntax error in pattern"),
    _row(_run_failed, r"process \"(?P<command>.*)\" did not complete successfully: exit code: (?P<code>\d+)"),
    _row(_run_failed, r"executor failed running \[(?P<command>.*)\]: exit code: (?P<code>\d+)"),
    _row(_run_failed, r"The command '(?P<command>.*)' returned a non-zero code: (?P<code>\d+)"),
    _row(_forbidden, r"forbidden path outside the build context: (?P<path>\S+)"),
    _row(_copy_failed, r"\"(?P<path>/[^\"]*)\":? not found"),
    _row(_copy_failed, r"lstat \S*buildkit-mount\d+/(?P<path>[^:]+): no such file"),
    _row(_copy_failed, r"excluded by \.dockerignore: stat (?P<path>[^:]+): file does not exist"),
    _row(_nothing_copied, r"no source files were specified"),
    _row(_disk_full, r"no space left on device"),
)
