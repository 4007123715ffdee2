"""What BuildKit tells of a build while it goes on (``--progress=rawjson``), kept in bounded memory.

The objects are BuildKit's ``SolveStatus`` (``moby/buildkit``, client/graph.go): ``vertexes`` are the steps, each told
again whenever something about it changes, and ``logs`` what they printed. buildx indents the objects and writes them
one after the other; what comes between or after them is meant for a reader.
"""

from __future__ import annotations

import base64
import codecs
import json
import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from checker.workbench.ends import Ends

__all__ = ["Progress", "Step"]

LARGEST_OBJECT = 4_000_000  # characters; BuildKit cuts a step's log into pieces of some 10,000
KEPT_TEXT = 100_000  # characters of what is meant for a reader, at its beginning and at its end
KEPT_LOG = 50_000  # bytes of what a step printed, likewise

# A step is "RUN x" with [2/3] before it, or [build 2/3] where there are several stages
_STEP = re.compile(r"^\[(?:(?P<stage>[^\]]*) )?\d+/\d+\] (?P<name>.*)$", re.DOTALL)
_FRONTEND = re.compile(r"^resolve image config for (?:docker-image://)?(?:docker\.io/)?(?P<image>\S+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a build.

    Attributes:
        name: The instruction as the builder writes it, ``RUN echo hi``.
        stage: The stage that it belongs to; empty where the Dockerfile has only one.
        cached: Whether its result was there already.
        seconds: How long it took.
    """

    name: str
    stage: str
    cached: bool
    seconds: float


@dataclass(slots=True)
class _Vertex:
    name: str = ""
    started: str = ""
    completed: str = ""
    cached: bool = False
    error: str = ""
    log: Ends = field(default_factory=lambda: Ends(KEPT_LOG, KEPT_LOG))


class Progress:
    """The account of one build, fed piece by piece as the CLI writes it."""

    def __init__(self) -> None:
        self.spoke_json = False
        self._text = Ends(KEPT_TEXT, KEPT_TEXT)
        self._pending = ""
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._vertices: dict[str, _Vertex] = {}

    @property
    def text(self) -> str:
        """What was meant for a reader: everything between and after the JSON."""
        return str(self._text)

    def feed(self, said: bytes) -> None:
        """Take in the next piece of standard error; an empty one means that it has ended."""
        self._pending += self._decode(said, final=not said)
        at = 0
        while at < len(self._pending):
            end = self._object(at) if self._pending[at] == "{" else self._line(at, ended=not said)
            if end is None and not said:
                end = self._line(at, ended=True)
            if end is None:
                break
            at = end
        self._pending = self._pending[at:]

    def _object(self, at: int) -> int | None:
        """Take in the object that begins ``at`` and return where it ends; None where it is not complete."""
        try:
            told, end = json.JSONDecoder().raw_decode(self._pending, at)
        except ValueError:
            return self._line(at, ended=True) if len(self._pending) - at > LARGEST_OBJECT else None
        self.spoke_json = True
        self._note(told)
        return end + 1 if self._pending[end : end + 1] == "\n" else end

    def _line(self, at: int, *, ended: bool) -> int | None:
        """Take in the line that begins ``at`` and return where it ends; None where it is not complete."""
        end = self._pending.find("\n", at) + 1
        if not end and not ended and len(self._pending) - at <= LARGEST_OBJECT:
            return None
        end = end or len(self._pending)
        if self._pending[at:end].strip() or self.text:
            self._text.add(self._pending[at:end].encode())
        return end

    def _note(self, told: dict[str, Any]) -> None:
        for told_vertex in told.get("vertexes") or ():
            vertex = self._vertex(told_vertex)
            vertex.name = told_vertex.get("name") or vertex.name
            vertex.started = told_vertex.get("started") or vertex.started
            vertex.completed = told_vertex.get("completed") or ""
            vertex.cached |= bool(told_vertex.get("cached"))
            vertex.error = told_vertex.get("error") or vertex.error
        for log in told.get("logs") or ():
            try:
                said = base64.b64decode(log.get("data") or "")
            except ValueError:
                continue
            self._vertex({"digest": log.get("vertex")}).log.add(said)

    def _vertex(self, told: dict[str, Any]) -> _Vertex:
        return self._vertices.setdefault(str(told.get("digest")), _Vertex())

    def steps(self) -> tuple[Step, ...]:
        """Return the steps that were carried out or found in the cache, in the order in which they began."""
        done = sorted((v for v in self._vertices.values() if v.completed and v.started), key=lambda v: v.started)
        matches = ((_STEP.match(vertex.name), vertex) for vertex in done)
        return tuple(
            Step(
                name=match["name"],
                stage=match["stage"] or "",
                cached=vertex.cached,
                seconds=_seconds(vertex.started, vertex.completed),
            )
            for match, vertex in matches
            if match is not None
        )

    def running(self) -> tuple[str, str] | None:
        """Return the instruction that has begun and not ended, and what it printed; None where there is none."""
        for vertex in self._vertices.values():
            match = _STEP.match(vertex.name)
            if match is not None and vertex.started and not vertex.completed and not match["name"].startswith("FROM "):
                return match["name"], str(vertex.log)
        return None

    def log_of_failed(self) -> str:
        """Return what the step that failed had printed; of several, those cancelled on its account do not count."""
        failed = [vertex for vertex in self._vertices.values() if vertex.error]
        own = [vertex for vertex in failed if "context canceled" not in vertex.error]
        return str(own[0].log) if own else ""

    def unresolved_frontend(self) -> str:
        """Return the image of a ``# syntax=`` line where it could not be had; empty where there is no such trouble."""
        for vertex in self._vertices.values():
            match = _FRONTEND.match(vertex.name)
            if match is not None and vertex.error:
                return match["image"]
        return ""


def _seconds(started: str, completed: str) -> float:
    return max((datetime.fromisoformat(completed) - datetime.fromisoformat(started)).total_seconds(), 0.0)
