"""What an author of checks imports: the whole vocabulary, in one place.

``docs/writing-an-exercise.md`` tells how it is used.
"""

import pytest

from checker.guard import Entry, Transcript
from checker.phrase import KataError
from checker.verdict import Mistake
from checker.work import Work
from checker.workbench.bench import Bench
from checker.workbench.build import Built, Step
from checker.workbench.compose import Composition
from checker.workbench.container import Answer, Binding, Container, wait_for
from checker.workbench.events import Event
from checker.workbench.hedged import hedges, without_quotes
from checker.workbench.packed import packed
from checker.workbench.probe import Redis, Web
from checker.workbench.registry import Registry
from checker.workbench.runner import Ended, Runner
from checker.workbench.script import Finished, Script
from checker.workbench.service import Reply, Served
from checker.workbench.together import together
from checker.workbench.workflow import Happening, Workflow, read_workflow

__all__ = [
    "Answer",
    "Bench",
    "Binding",
    "Built",
    "Composition",
    "Container",
    "Ended",
    "Entry",
    "Event",
    "Finished",
    "Happening",
    "KataError",
    "Mistake",
    "Redis",
    "Registry",
    "Reply",
    "Runner",
    "Script",
    "Served",
    "Step",
    "Transcript",
    "Web",
    "Work",
    "Workflow",
    "hedges",
    "packed",
    "read_workflow",
    "step",
    "together",
    "wait_for",
    "without_quotes",
]

step = pytest.fixture(scope="module")
"""Marks something that several checks need: it happens once, and what goes wrong in it is charged to the first."""
