"""An invented course and an invented class: the same one every time, with everything in it that a class can have."""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING

from checker.exercise import Exercise
from checker.phrase import Text
from checker.report.result import Result
from checker.verdict import Check, Grade, Outcome, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

TITLES = (
    ("Say hello, and see who answers", "인사하고, 누가 대답하는지 보기"),
    ("Keep an image, lose an image", "이미지 남기기와 지우기"),
    ("Install by hand", "손으로 설치하기"),
    ("Run Redis on a terminal, in the background, and stop it well", "Redis를 터미널과 뒤에서 띄우고 잘 멈추기"),
    ("An image is not a container", "이미지와 컨테이너 구별하기"),
    ("Write a Dockerfile", "Dockerfile 쓰기"),
    ("Build in stages", "여러 단계로 빌드하기"),
    ("Keep data in a volume", "볼륨에 데이터 남기기"),
)
CHECKS = (
    ("answers", 2, "It answers on a port of this machine, and of this machine only", "이 컴퓨터의 포트에서만 대답해요"),
    ("keeps_running", 2, "run.sh comes back, and it keeps running", "run.sh가 끝난 뒤에도 계속 돌아요"),
    ("remembers", 3, "Your value is still there after a restart", "다시 켜도 값이 그대로 있어요"),
    ("stops_well", 2, "It stops within 3 s with exit code 0", "3초 안에 exit code 0으로 멈춰요"),
    ("touches_nothing", 1, "Nothing else on your machine was touched", "컴퓨터의 다른 것은 건드리지 않았어요"),
)
MISTAKES = {
    "answers": Text(
        en="Redis is published on 0.0.0.0: everyone who can reach this machine can reach it.",
        ko="Redis가 0.0.0.0에 열려 있어요. 이 컴퓨터에 닿을 수 있는 사람은 누구나 들어올 수 있어요.",
    ),
    "keeps_running": Text(
        en="run.sh came back, but kata-04-redis is not running any more. Its last words:\nFATAL CONFIG FILE ERROR",
        ko="run.sh는 끝났는데 kata-04-redis는 더 이상 돌고 있지 않아요. 마지막 로그는 이래요.\nFATAL CONFIG FILE ERROR",
    ),
    "remembers": Text(
        en="After stop and start the key greeting was empty, not 4711.",
        ko="멈췄다가 다시 켰더니 greeting 키가 4711이 아니라 비어 있어요.",
    ),
    "stops_well": Text(
        en="Asked to stop, Redis ended with exit code 137 instead of 0.",
        ko="멈춰 달라고 했더니 Redis가 exit code 0이 아니라 137로 끝났어요.",
    ),
    "touches_nothing": Text(en="A container of yours is gone.", ko="여러분의 컨테이너 하나가 사라졌어요."),
}
FAMILY = ("김", "이", "박", "최", "정", "Garcia", "Okafor", "Smith", "Nguyễn", "Müller")
GIVEN = ("민지", "서준", "하은", "도윤", "지우", "Ana", "Chidi", "Emma", "Linh", "Jürgen", "الياس")


def checks() -> tuple[Check, ...]:
    """Return the checks that each of the invented exercises has."""
    return tuple(Check(id=key, points=points, title=Text(en=en, ko=ko)) for key, points, en, ko in CHECKS)


def exercises(count: int) -> tuple[Exercise, ...]:
    """Return an invented course."""
    titles = [TITLES[index % len(TITLES)] for index in range(count)]
    return tuple(exercise(f"{number:02}_invented", *title) for number, title in enumerate(titles, 1))


def exercise(name: str, en: str, ko: str) -> Exercise:
    """Return an invented exercise with the checks of ``checks``."""
    return Exercise(
        folder=Path(name),
        title=Text(en=en, ko=ko),
        files=("run.sh",),
        made=(),
        images=(),
        pulls=(),
        changes=(),
        seconds=60,
        allow=(),
        checks=checks(),
        hints=(),
        mistakes={},
    )


def graded(student: str, exercise: Exercise, outcomes: Iterable[Outcome], *, report: str = "") -> Result:
    """Return what a student earned whose checks, in their order, came to these outcomes."""
    verdicts = (
        Verdict(
            exercise=exercise.name,
            check=check.id,
            outcome=outcome,
            feedback=MISTAKES[check.id] if outcome is Outcome.FAILED else None,
            mistake=check.id if outcome is Outcome.FAILED else "",
        )
        for check, outcome in zip(exercise.checks, outcomes, strict=False)
    )
    grade = Grade.of(exercise.name, exercise.checks, verdicts)
    state = "graded" if grade.is_final else "broken"
    return Result(student=student, exercise=exercise.name, state=state, grade=grade, report=report)  # type: ignore[arg-type]  # one of the two it may be


def a_class(count: int, course: Sequence[Exercise]) -> tuple[Result, ...]:
    """Return the results of an invented class: good ones, bad ones, and everything that can go wrong."""
    dice = random.Random(42)  # noqa: S311 - the same class each time
    results = []
    for number in range(count):
        student = f"{dice.choice(FAMILY)}-{dice.choice(GIVEN)}-{number:03}"
        skill = dice.betavariate(4, 1.6)
        for at, one in enumerate(course):
            result = _result(dice, student, one, skill - 0.25 * at / len(course))
            results += [] if result is None else [result]
    return tuple(results)


def _result(dice: random.Random, student: str, one: Exercise, skill: float) -> Result | None:
    luck = dice.random()
    if luck < 0.004:
        return None
    if luck < 0.05 + (0.3 if skill < 0.3 else 0):
        return Result(student=student, exercise=one.name, state="missing")
    if luck > 0.996:
        reason = ("work.too_large", {"file": "run.sh", "megabytes": "120"})
        return Result(student=student, exercise=one.name, state="refused", reason=reason)
    outcomes = [Outcome.PASSED if dice.random() < skill + 0.12 else Outcome.FAILED for _ in one.checks]
    if outcomes[1] is Outcome.FAILED:
        outcomes[2:4] = [Outcome.BLOCKED, Outcome.BLOCKED]
    if luck > 0.99:
        outcomes[-1] = Outcome.BROKEN
    return graded(student, one, outcomes, report=f"students/{student}/{one.name}.html")
