"""Where the engine has lost what a container said, a check looks again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.plugin.conftest import SmallCourse

LOSES = """
import time, types
from datetime import UTC, datetime
from checker.plugin.kept import BENCH
from checker.engine import Place

benches, events = [], []

@pytest.fixture(scope="module", autouse=True)
def bench(request):
    engine = types.SimpleNamespace(host=f"unix://{Place.here().socket}")
    client = types.SimpleNamespace(api=types.SimpleNamespace(events=lambda **_: events))
    gate = types.SimpleNamespace(refusal=lambda: None)
    made = types.SimpleNamespace(engine=engine, client=client, opened=time.time(), gate=gate, run_id="r")
    benches.append(made)
    request.config.stash[BENCH] = made

def tell(action):
    events.append({"Action": action, "Actor": {"ID": "x"}, "timeNano": time.time_ns()})

def lose():
    log = Place.here().log
    log.parent.mkdir(parents=True, exist_ok=True)
    tell("start")
    when = datetime.now(UTC).isoformat()
    with log.open("a") as file:
        file.write(f'time="{when}" level=error msg="stream copy error: reading from a closed fifo"\\n')
    tell("die")

def missing(losses):
    if len(benches) <= losses:
        lose()
    raise Mistake("wrong", what=f"bench {len(benches)}")

@pytest.fixture(scope="module")
def step():
    return STEP

def test_one(step): ONE
def test_two(step): pass
"""
AT_FIRST = "missing(losses=1) if len(benches) == 1 else None"


@pytest.mark.parametrize(
    ("step", "one"), [(AT_FIRST, "pass"), ("None", AT_FIRST)], ids=["by a step", "by a check that had its steps"]
)
def test_what_the_engine_lost_is_looked_for_again(small: SmallCourse, step: str, one: str) -> None:
    """A check that misses something is asked again, with a bench of its own, where the engine has lost something."""
    small.write(LOSES.replace("STEP", step).replace("ONE", one))
    ran = small.run(KATA_DATA=str(small.root / "data"))
    assert [verdict["outcome"] for verdict in ran.grades[0]["verdicts"]] == ["passed", "passed"], ran.out


@pytest.mark.parametrize(("losses", "benches"), [(0, 1), (1, 2), (2, 2)])
def test_what_is_missed_again_is_a_mistake(small: SmallCourse, losses: int, benches: int) -> None:
    """It is looked for once more where something was lost, and no third time: a log can mean other things too."""
    small.write(LOSES.replace("STEP", "None").replace("ONE", f"missing({losses})"))
    ran = small.run(KATA_DATA=str(small.root / "data"))
    one, two = ran.grades[0]["verdicts"]
    assert (one["outcome"], one["feedback"]["en"]) == ("failed", f"bench {benches} is wrong.")
    assert two["outcome"] == "passed"
