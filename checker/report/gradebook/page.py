"""The gradebook as one HTML file that needs nothing else: no server, no network, no script of others.

Whatever is printed is escaped by Jinja2 and freed of control characters on its way out, whoever it came from. Should
something get through all the same, the policy in the page's own head names the two pieces of code that may run, by
their hashes, and allows nothing to be loaded or sent (https://www.w3.org/TR/CSP3/).
"""

from __future__ import annotations

import base64
import hashlib
from functools import partial
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from checker.phrase import Text, phrase, plain
from checker.report.gradebook.sheet import Standing
from checker.report.gradebook.tally import Class
from checker.verdict import Outcome

if TYPE_CHECKING:
    from datetime import datetime

    from checker.phrase import Language
    from checker.report.gradebook.sheet import Cell, Sheet
    from checker.report.gradebook.tally import ColumnTally

__all__ = ["page"]

NOTHING = "\N{EN DASH}"
MARKS = {
    Standing.BLOCKED: "⊘",
    Standing.BROKEN: "!",
    Standing.REFUSED: "✕",
    Standing.MISSING: NOTHING,
    Standing.PENDING: "…",
}
SCORED = (Standing.FULL, Standing.PARTLY, Standing.BLOCKED, Standing.BROKEN)
"""Where a number of points says something; elsewhere the mark stands alone."""
LETTERS = {Outcome.PASSED: "p", Outcome.FAILED: "f", Outcome.BLOCKED: "b", Outcome.BROKEN: "x", None: "n"}
OUTCOME_MARKS = {Outcome.PASSED: "✓", Outcome.FAILED: "✕", Outcome.BLOCKED: "⊘", Outcome.BROKEN: "!", None: NOTHING}
PERCENTS = (*(f"{low}{NOTHING}{low + 9}" for low in range(0, 100, 10)), "100")
MOST_FAILED = 12  # checks; more is read exercise by exercise
LONGEST_SENTENCE = 600  # characters; what a program printed can be long, and the student's report has all of it


def page(sheet: Sheet, language: Language, when: datetime) -> str:
    """Return the gradebook.

    Args:
        sheet: The class's results.
        language: In which language those read who grade.
        when: What the results' age is reckoned from, shown as it is given.
    """
    style, script = _ours("gradebook.css"), _ours("gradebook.js")
    template = _environment(language).from_string(_ours("page.html.jinja"))
    return template.render(
        language=language,
        policy=_policy(style, script),
        style=Markup(style),  # noqa: S704 - our own file
        script=Markup(script),  # noqa: S704 - our own file
        words=_words(language),
        when=when.isoformat(sep=" ", timespec="minutes"),
        **_numbers(sheet),
    )


def _numbers(sheet: Sheet) -> dict[str, Any]:
    tally = Class.of(sheet)
    works = len(sheet.rows) * len(sheet.columns)
    handed_in = works - tally.standings[Standing.MISSING] - tally.standings[Standing.PENDING]
    return {
        "sheet": sheet,
        "tally": tally,
        "most_failed": tally.most_failed(MOST_FAILED),
        "works": works,
        "handed_in": handed_in,
        "share": f"{handed_in * 100 // works}%" if works else NOTHING,
        "not_final": sum(count for standing, count in tally.standings.items() if not standing.is_final),
    }


def _environment(language: Language) -> Environment:
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, finalize=_harmless, trim_blocks=True, lstrip_blocks=True
    )
    t = partial(_translated, language)
    environment.globals.update(
        t=t,
        here=partial(Text.in_language, wanted=language),
        marks={standing.value: mark for standing, mark in MARKS.items()},
        scored=SCORED,
        percents=PERCENTS,
        shown=t("shown", shown="<shown>", all="<all>"),
        number=_number,
        clip=_clipped,
        letters=_letters,
        bins=partial(_bins, language),
    )
    return environment


def _translated(language: Language, key: str, /, **blanks: object) -> str:
    return phrase(f"gradebook.{key}").fill(blanks).in_language(language)


def _harmless(value: object) -> object:
    return plain(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _ours(name: str) -> str:
    return files("checker.report.gradebook").joinpath(name).read_text(encoding="utf-8")


def _policy(style: str, script: str) -> str:
    return (
        f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; "
        "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'"
    )


def _hash(source: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()}'"


def _words(language: Language) -> dict[str, Any]:
    """Return what the script says, which is ours alone."""
    t = partial(_translated, language)
    return {
        "points": t("points_of", points="<points>", most="<most>"),
        "standings": {standing.value: t(standing.value) for standing in Standing},
        "outcomes": {
            LETTERS[outcome]: {
                "kind": f"was-{outcome or 'none'}",
                "mark": mark,
                "word": t(f"outcome_{outcome or 'none'}"),
            }
            for outcome, mark in OUTCOME_MARKS.items()
        },
    }


def _number(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.1f}".removesuffix(".0")


def _clipped(text: str) -> str:
    return text if len(text) <= LONGEST_SENTENCE else f"{text[: LONGEST_SENTENCE - 1]}…"


def _letters(cell: Cell) -> str:
    return "".join(LETTERS[outcome] for outcome in cell.outcomes)


def _bins(language: Language, tally: ColumnTally) -> str:
    """Return a distribution in words, for those who do not see it."""
    counted = zip(PERCENTS, tally.bins, strict=True)
    return ", ".join(_translated(language, "bin", percent=name, count=count) for name, count in counted if count)
