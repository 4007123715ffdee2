"""Draws a story as a sequence diagram: one SVG file without scripts or links, for a README or a lesson."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from checker.layout import wrap
from checker.phrase import Text, phrase, plain
from checker.trace.look import duration
from checker.trace.step import Actor, Kind, Stage, Step, sections

if TYPE_CHECKING:
    from collections.abc import Sequence

    from checker.phrase import Language
    from checker.trace.step import Section

__all__ = ["draw"]

WIDTH = 1040  # all lengths are in the picture's own units, at 100 % one pixel each
_X = {Actor.YOU: 140, Actor.CLIENT: 380, Actor.GUARD: 540, Actor.SERVER: 700, Actor.REGISTRY: 930}
_LIFELINES = (Actor.YOU, Actor.CLIENT, Actor.SERVER, Actor.REGISTRY)
_HEAD = 138  # where the first band begins
_CELL = 6.9  # a letter's usual width; Korean takes two
_LINE, _SMALL = 18, 16  # from one line of text to the next
_BOX = 236  # what somebody does by themselves stands in a box of this width
_MOST = 150  # steps; a longer picture is for nobody

_STYLE = """
    .paper { fill: #f6f8fa } .band { fill: #fff; stroke: #d0d7de } .box { fill: #f6f8fa; stroke: #8c959f }
    .head { fill: #1f2328 } .life { stroke: #8c959f; stroke-dasharray: 3 5 }
    text { fill: #1f2328; font-size: 13px } .soft { fill: #57606a; font-size: 12px }
    .name { font-size: 15px; font-weight: 600; fill: #fff } .under { font-size: 11px; fill: #c9d1d9 }
    .title { font-size: 14px; font-weight: 600 } .number { font-size: 13px; font-weight: 700; fill: #fff }
    .command { font: 600 15px ui-monospace, 'D2Coding', 'Noto Sans Mono CJK KR', monospace }
    .more { font: 12px ui-monospace, 'D2Coding', 'Noto Sans Mono CJK KR', monospace; fill: #57606a }
    .halo { paint-order: stroke; stroke: #fff; stroke-width: 5px; stroke-linejoin: round }
    .ask { stroke: #57606a; fill: #57606a } .far { stroke: #bc4c00; fill: #bc4c00 }
    .run { stroke: #1a7f37; fill: #1a7f37 } .bad { stroke: #cf222e; fill: #cf222e }
    text.bad { stroke: #fff; fill: #cf222e } .dot { fill: #0969da } .dot.far { fill: #bc4c00; stroke: none }
    @media (prefers-color-scheme: dark) {
      .paper { fill: #0d1117 } .band { fill: #161b22; stroke: #30363d } .box { fill: #21262d; stroke: #6e7681 }
      .head { fill: #30363d } text { fill: #e6edf3 } .soft, .more { fill: #9da7b3 } .halo { stroke: #161b22 }
      .ask { stroke: #9da7b3; fill: #9da7b3 } .far { stroke: #f0883e; fill: #f0883e }
      .run { stroke: #3fb950; fill: #3fb950 } .bad { stroke: #ff7b72; fill: #ff7b72 }
      text.bad { stroke: #161b22; fill: #ff7b72 } .dot { fill: #1f6feb } .dot.far { fill: #bd561d }
      .name, .number { fill: #fff }
    }
"""
_FONTS = "system-ui, 'Noto Sans KR', 'Noto Sans CJK KR', 'Apple SD Gothic Neo', 'Malgun Gothic', sans-serif"
# control characters and what else XML 1.0 has no room for, section 2.2
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Drawn:
    """A piece of the picture, and how high it is."""

    marks: tuple[str, ...]
    height: float


def draw(steps: Sequence[Step], command: str, language: Language) -> str:
    """Return the picture as SVG.

    Args:
        steps: What was said.
        command: The command line that led to it.
        language: The language of its words.
    """
    pen = _Pen(language)
    command = plain(" ".join(command.split()))
    shown, left = (*_typed(steps, command), *steps[:_MOST]), len(steps) - _MOST
    y: float = _HEAD
    marks: list[str] = []
    for section in sections(shown):
        drawn = pen.band(section, y)
        marks += drawn.marks
        y += drawn.height + 12
    if left > 0:
        marks.append(_text(WIDTH / 2, y + 12, pen.say("more", count=left), "soft", "middle"))
        y += 30
    return "\n".join([*pen.opening(shown, command, y + 4), *pen.lifelines(y - 12), *marks, "</svg>", ""])


def _typed(steps: Sequence[Step], command: str) -> tuple[Step, ...]:
    """Return what begins it all: somebody types a command."""
    text = Text(en=command, ko=command)
    return tuple(Step(source=Actor.YOU, target=Actor.CLIENT, text=text, stage=s.stage, at=s.at) for s in steps[:1])


class _Pen:
    """Draws in one language."""

    def __init__(self, language: Language) -> None:
        self._language = language

    def say(self, key: str, **blanks: object) -> str:
        return phrase(f"trace.{key}").fill(blanks).in_language(self._language)

    def opening(self, steps: Sequence[Step], command: str, height: float) -> list[str]:
        """Return the beginning of the file: what it is for those who cannot see it, colours, paper, the command."""
        lines = [self.say("picture_desc"), *(self._in_words(step) for step in steps)]
        shown = wrap(f"$ {command}", 104)
        return [
            (
                f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" width="{WIDTH}" '
                f'height="{height:.0f}" role="img" aria-labelledby="kata-title kata-desc" lang="{self._language}" '
                f'font-family="{_FONTS}">'
            ),
            f'  <title id="kata-title">{_safe(self.say("picture_title", command=command))}</title>',
            f'  <desc id="kata-desc">{_safe(chr(10).join(lines))}</desc>',
            f"  <style>{_STYLE}  </style>",
            f'  <rect class="paper" width="{WIDTH}" height="{height:.0f}" rx="14"/>',
            _text(32, 42, shown[0] + (" …" if len(shown) > 1 else ""), "command"),
        ]

    def lifelines(self, end: float) -> list[str]:
        """Return who takes part, each at the head of a line downwards."""
        marks = []
        for actor in _LIFELINES:
            x = _X[actor]
            marks += [
                f'  <line class="life" x1="{x}" y1="112" x2="{x}" y2="{end:.0f}"/>',
                f'  <rect class="head" x="{x - 70}" y="64" width="140" height="50" rx="9"/>',
                _text(x, 86, self.say(f"head_{actor.value}"), "name", "middle"),
                _text(x, 103, self.say(f"under_{actor.value}"), "under", "middle"),
            ]
        return marks

    def band(self, section: Section, top: float) -> _Drawn:
        """Return a stage's steps, with its number and its title above them."""
        y = top + (48.0 if section.stage is not Stage.NONE else 16.0)
        inside: list[str] = []
        for step in section.steps:
            drawn = self._alone(step, y) if step.source is step.target else self._arrow(step, y)
            inside += drawn.marks
            y += drawn.height
        height = y - top
        frame = f'  <rect class="band" x="16" y="{top:.0f}" width="{WIDTH - 32}" height="{height:.0f}" rx="10"/>'
        lines = [
            f'  <line class="life" x1="{_X[actor]}" y1="{top:.0f}" x2="{_X[actor]}" y2="{y:.0f}"/>'
            for actor in _LIFELINES
        ]
        return _Drawn(marks=(frame, *lines, *self._title(section, top), *inside), height=height)

    def _title(self, section: Section, top: float) -> list[str]:
        if section.stage is Stage.NONE:
            return []
        far = " far" if section.stage is Stage.PULL else ""
        return [
            f'  <rect class="dot{far}" x="28" y="{top + 12:.0f}" width="34" height="24" rx="12"/>',
            _text(45, top + 28.5, section.stage.value, "number", "middle"),
            _text(74, top + 29, section.stage.title.in_language(self._language), "title halo"),
            _text(WIDTH - 34, top + 29, duration(section.seconds), "soft halo", "end"),
        ]

    def _arrow(self, step: Step, top: float) -> _Drawn:
        """Return something that is said to somebody else: the words, and the arrow under them."""
        start, end = _X[step.source], _X[step.target]
        # a refusal is on a short way, but there is room for its words up to the server
        left, right = sorted((_X[Actor.SERVER] if step.source is Actor.GUARD else start, end))
        middle = (left + right) / 2
        lines = wrap(step.text.in_language(self._language), int((right - left - 16) / _CELL))
        colour = _colour(step)
        style = "halo bad" if step.kind is not Kind.SAID else "halo"
        marks = [_text(middle, top + 13 + _LINE * n, line, style, "middle") for n, line in enumerate(lines)]
        y = top + _LINE * len(lines) + 3
        head = 9 if end > start else -9
        marks += [
            f'  <path class="{colour}" stroke-width="1.6" d="M{start} {y:.1f}H{end - head}"/>',
            f'  <path class="{colour}" stroke="none" d="M{end} {y:.1f}l{-head} -4.5v9z"/>',
        ]
        if step.source is Actor.GUARD:
            marks += [
                f'  <path class="bad" stroke-width="2.4" d="M{start - 6} {y - 6:.1f}l12 12m0 -12l-12 12"/>',
                _text(start + 14, y + 4.5, step.source.text.in_language(self._language), "halo bad"),
            ]
        more = [_text(middle, y + _SMALL * (n + 1), line.in_language(self._language).replace("  ", " · "), "more halo",
                      "middle") for n, line in enumerate(step.more)]  # fmt: skip
        return _Drawn(marks=(*marks, *more), height=y - top + _SMALL * len(more) + 17)

    def _alone(self, step: Step, top: float) -> _Drawn:
        """Return something that somebody does by themselves, in a box on their line."""
        lines = wrap(step.text.in_language(self._language), int((_BOX - 20) / _CELL))
        x, height = _X[step.source], _LINE * len(lines) + 12
        box = f'  <rect class="box" x="{x - _BOX / 2:.0f}" y="{top:.0f}" width="{_BOX}" height="{height}" rx="8"/>'
        texts = [_text(x, top + 18.5 + _LINE * n, line, "", "middle") for n, line in enumerate(lines)]
        return _Drawn(marks=(box, *texts), height=height + 14)

    def _in_words(self, step: Step) -> str:
        source, target = (actor.text.in_language(self._language) for actor in (step.source, step.target))
        text = step.text.in_language(self._language)
        if step.source is step.target:
            return self.say("picture_alone", source=source, text=text)
        return self.say("picture_says", source=source, target=target, text=text)


def _colour(step: Step) -> str:
    if step.kind is not Kind.SAID:
        return "bad"
    if Actor.REGISTRY in {step.source, step.target}:
        return "far"
    return "run" if step.stage is Stage.RUN and step.source is Actor.SERVER else "ask"


def _text(x: float, y: float, text: str, style: str, anchor: str = "") -> str:
    anchored = f' text-anchor="{anchor}"' if anchor else ""
    styled = f' class="{style}"' if style else ""
    return f'  <text x="{x:g}" y="{y:g}"{styled}{anchored}>{_safe(text)}</text>'


def _safe(text: str) -> str:
    return escape(_NOT_XML.sub("", text))
