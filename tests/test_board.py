"""What is seen while a class is graded: lines in a log, a table on a terminal of any width."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from checker.cli.board import Lines, Table, Tally, board
from checker.layout import width
from checker.phrase import Text
from checker.report.result import Result
from checker.verdict import Check, Grade, Outcome, Verdict

if TYPE_CHECKING:
    from checker.report.result import State

EXERCISE = "04_run_redis"
CHECKS = (Check(id="one", points=10, title=Text(en="One", ko="하나")),)


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def graded(student: str, outcome: Outcome = Outcome.PASSED) -> Result:
    verdict = Verdict(exercise=EXERCISE, check="one", outcome=outcome)
    return Result(
        student=student, exercise=EXERCISE, state="graded", grade=Grade.of(EXERCISE, CHECKS, [verdict]), work="a" * 64
    )


def other(student: str, state: State, reason: tuple[str, dict[str, str]] | None = None) -> Result:
    return Result(student=student, exercise=EXERCISE, state=state, reason=reason)


ALL = (
    graded("김하늘"),
    graded("lee", Outcome.FAILED),
    graded("park", Outcome.BROKEN),
    other("choi", "missing"),
    other("\x1b[31m::error::evil\nsecond", "refused", ("grading.twice", {"file": "run.sh"})),
    other("han", "broken", ("grading.no_time", {})),
)
ENGLISH = """\
[3/8] 김하늘  04_run_redis  10/10
[4/8] lee  04_run_redis  0/10
[5/8] park  04_run_redis  could not be judged: ?
[6/8] choi  04_run_redis  not handed in
[7/8] ::error::evil second  04_run_redis  refused: The archive has run.sh twice, or as a file and as a folder, so \
nobody can say which one counts. Pack your folder once more, into a new archive.
[8/8] han  04_run_redis  could not be judged: There was not enough time to judge this, although nothing of yours was \
running.
graded 2 · unchanged 2 · not handed in 1 · refused 1 · broken 2
"""
KOREAN = """\
[3/8] 김하늘  04_run_redis  10/10
[4/8] lee  04_run_redis  0/10
[5/8] park  04_run_redis  판정 불가: ?
[6/8] choi  04_run_redis  미제출
[7/8] ::error::evil second  04_run_redis  거절: 압축 파일 안에 run.sh가 두 번 들어 있거나 파일이면서 폴더이기도 해서, \
어느 쪽을 봐야 할지 알 수 없어요. 새 압축 파일로 다시 묶어 주세요.
[8/8] han  04_run_redis  판정 불가: 여러분의 파일은 실행되지도 않았는데, 판정할 시간이 모자랐어요.
채점 2 · 그대로 2 · 미제출 1 · 거절 1 · 판정 불가 2
"""


@pytest.mark.parametrize(("language", "expected"), [("en", ENGLISH), ("ko", KOREAN)])
def test_a_log_has_a_line_for_each_result(monkeypatch: pytest.MonkeyPatch, language: str, expected: str) -> None:
    """Without a terminal each result is one line that nobody's name can break, and the counts come last."""
    monkeypatch.setenv("KATA_LANG", language)
    out = io.StringIO()
    with Lines(Tally(8), out) as lines:
        lines.unchanged(2)
        for result in ALL:
            lines.began(result.student, result.exercise)
            lines.found(result)
            lines.ended(result.student)
            lines.tick()
    assert out.getvalue() == expected


@pytest.mark.parametrize("columns", [60, 80, 120])
@pytest.mark.parametrize(("language", "words"), [("en", ["Student", "3 of 8"]), ("ko", ["학생", "8건 중 3건"])])
def test_a_table_fits_its_terminal(
    monkeypatch: pytest.MonkeyPatch, columns: int, language: str, words: list[str]
) -> None:
    """On a terminal what is being graded now is a table that is no wider than the terminal, in either language."""
    monkeypatch.setenv("KATA_LANG", language)
    out = Terminal()
    console = Console(file=out, width=columns, height=24, force_terminal=True, color_system=None)
    table = Table(Tally(8), console)
    with console.capture() as shown:
        table.unchanged(2)
        table.began("김하늘" * 20, EXERCISE)
        table.began("lee\x1b]0;evil\x07", EXERCISE)
        table.found(graded("park"))
        console.print(table._picture())
    lines = shown.get().splitlines()
    assert all(width(line) <= columns for line in lines), lines
    assert all(any(word in line for line in lines) for word in words)
    assert any("lee" in line and EXERCISE in line for line in lines)
    assert "evil" not in shown.get()
    assert "\x07" not in shown.get()


def test_a_table_ends_with_the_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """When all is done the table shows nobody any more, and the counts stay."""
    monkeypatch.setenv("KATA_LANG", "en")
    out = Terminal()
    with Table(Tally(1), Console(file=out, width=80, height=24, force_terminal=True, color_system=None)) as table:
        table.began("kim", EXERCISE)
        table.tick()
        table.found(graded("kim"))
        table.ended("kim")
    last = out.getvalue().rpartition("1 of 1")[2]
    assert "graded 1 · unchanged 0" in last
    assert "kim" not in last


@pytest.mark.parametrize(
    ("terminal", "environ", "kind"),
    [
        (True, {"TERM": "xterm"}, Table),
        (True, {"TERM": "dumb"}, Lines),
        (True, {"TERM": "xterm", "CI": "1"}, Lines),
        (False, {"TERM": "xterm"}, Lines),
    ],
)
def test_the_table_is_for_who_looks(
    monkeypatch: pytest.MonkeyPatch,
    terminal: bool,  # noqa: FBT001 - a case
    environ: dict[str, str],
    kind: type,
) -> None:
    """A table is drawn on a real terminal only, never in CI."""
    monkeypatch.delenv("CI", raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert isinstance(board(3, Terminal() if terminal else io.StringIO()), kind)
