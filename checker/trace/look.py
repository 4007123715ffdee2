"""How a conversation looks in a terminal: a gutter that sets it apart, numbers, who talks to whom, what is said."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from checker.layout import columns, inert, width, wrap
from checker.phrase import plain
from checker.trace.step import Stage, sections

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from checker.guard.transcript import Entry
    from checker.phrase import Language
    from checker.trace.step import Step

__all__ = ["Look", "duration"]

WIDEST = 120  # columns; longer lines are harder to read
_NUMBER = 4  # cells for a step's number
_LEAST = 26  # cells that what is said needs to stand beside who says it
_TYPEWRITER = str.maketrans(
    {"→": "->", "│": "|", "½": ".5", "“": '"', "”": '"', "’": "'", "…": "...", "\u00a0": " "}  # noqa: RUF001
)
_ID = re.compile(r"\b([0-9a-f]{12})[0-9a-f]{52}\b")
_SGR = {"gutter": "36", "title": "1;36", "who": "36", "said": "", "more": "2", "failed": "33", "refused": "31"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A terminal's width and abilities.

    Attributes:
        columns: Its width in cells.
        colour: Whether it shows colours.
        unicode: Whether it shows more than ASCII; where it does not, everything is said in English.
        language: The learner's language.
    """

    columns: int = 80
    colour: bool = False
    unicode: bool = True
    language: Language = "en"

    def steps(self, steps: Sequence[Step], before: Stage | None) -> Iterator[str]:
        """Yield the lines that tell ``steps``.

        Args:
            steps: What was said.
            before: The stage of what was told last; None where nothing was.
        """
        for step in steps:
            if step.stage is not before:
                yield from self._title(step.stage, is_first=before is None)
            before = step.stage
            yield from self._step(step)

    def request(self, entry: Entry) -> Iterator[str]:
        """Yield the lines that show a request that has ended, as it was: method, path, status and time."""
        query = "&".join(f"{key}={value}" for key, value in entry.query.items())
        path = _ID.sub(r"\1", entry.path)
        asked = plain(f"{entry.method} {path}{'?' if query else ''}{query[:80]}{'…' if len(query) > 80 else ''}")
        answer = f"→ {entry.status or entry.end}, {duration(entry.seconds)}"
        for line in self._wrapped(f"{asked} {answer}", self._room - _NUMBER - 2):
            yield self._line(" " * (_NUMBER + 2), line, "more")

    def summary(self, steps: Sequence[Step], totals: Sequence[str]) -> Iterator[str]:
        """Yield the lines of the summary: the sequence, how long each stage took, and what it adds up to."""
        found = sections(steps)
        numbers = [section.stage.value for section in found if section.stage is not Stage.NONE]
        yield self._line("", "", "said")
        if numbers:
            sequence = [number for number, before in zip(numbers, ["", *numbers], strict=False) if number != before]
            if len(sequence) > 1:
                yield from (self._line("", line, "title") for line in self._wrapped(" → ".join(sequence), self._room))
            yield from self._times(
                {stage: sum(s.seconds for s in found if s.stage is stage) for stage in {s.stage for s in found}}
            )
        for line in self._wrapped(", ".join(totals), self._room):
            yield self._line("", line, "title")

    def _times(self, times: dict[Stage, float]) -> Iterator[str]:
        for stage in [*(stage for stage in Stage if stage is not Stage.NONE), Stage.NONE]:
            if stage in times:
                title = self._text(stage.title.in_language(self.speaks))
                first, *rest = columns(title, duration(times[stage]), min(self._room, 72) - _NUMBER)
                yield self._line(self._text(stage.value).ljust(_NUMBER), first, "said")
                yield from (self._line(" " * _NUMBER, line, "said") for line in rest)

    def _title(self, stage: Stage, *, is_first: bool) -> Iterator[str]:
        if stage is Stage.NONE:
            yield from () if is_first else (self._line("", "", "said"),)
            return
        first, *rest = self._wrapped(stage.title.in_language(self.speaks), self._room - _NUMBER)
        yield self._line("", f"{self._text(stage.value).ljust(_NUMBER)}{first}", "title")
        yield from (self._line(" " * _NUMBER, line, "title") for line in rest)

    def _step(self, step: Step) -> Iterator[str]:
        speaker = self._speaker(step)
        said = [(line, step.kind.value) for line in self._said(step.text.in_language(self.speaks))]
        for more in step.more:
            said += [(line, "more") for line in self._said(f"  {more.in_language(self.speaks)}")]
        blank = " " * _NUMBER
        if not self._is_wide:
            yield self._line(blank, speaker, "who")
            yield from (self._line(f"{blank}  ", line, style) for line, style in said)
            return
        margin = speaker + " " * (self._beside - width(speaker))
        for line, style in said:
            yield self._line(f"{blank}{self._paint(margin, 'who')}", line, style)
            margin = " " * self._beside

    def _speaker(self, step: Step) -> str:
        source, target = (actor.text.in_language(self.speaks) for actor in (step.source, step.target))
        return self._text(source if step.source is step.target else f"{source} → {target}")

    def _said(self, text: str) -> list[str]:
        room = self._room - _NUMBER - (self._beside if self._is_wide else 2)
        indent = len(text) - len(text.lstrip())
        return [" " * indent + line for line in self._wrapped(text.lstrip(), room - indent)]

    @property
    def speaks(self) -> Language:
        """The language it is told in."""
        return self.language if self.unicode else "en"

    @property
    def _room(self) -> int:
        return max(min(self.columns, WIDEST) - 2, 20)

    @property
    def _beside(self) -> int:
        """Return the cells for who talks to whom, with the gap behind it."""
        return len("registry -> server") + 2 if not self.unicode else len("registry → server") + 2

    @property
    def _is_wide(self) -> bool:
        return self._room - _NUMBER - self._beside >= _LEAST

    def _text(self, text: str) -> str:
        return text if self.unicode else text.translate(_TYPEWRITER).encode("ascii", "replace").decode("ascii")

    def _wrapped(self, text: str, room: int) -> list[str]:
        return wrap(self._text(text), room)

    def _line(self, margin: str, text: str, style: str) -> str:
        """Return one line: the gutter, what stands before the text, the text."""
        gutter = self._paint(self._text("│"), "gutter")
        return inert(f"{gutter} {margin}{self._paint(text, style)}").rstrip()

    def _paint(self, text: str, style: str) -> str:
        code = _SGR[style] if self.colour and text.strip() else ""
        return f"\x1b[{code}m{text}\x1b[0m" if code else text


def duration(seconds: float) -> str:
    """Return a time for people: ``38 ms``, ``3.2 s``."""
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"
