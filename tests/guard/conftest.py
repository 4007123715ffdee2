"""A guard before a fake engine, with a policy that lets everything through, and small limits."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from checker.engine import Engine
from checker.guard import Grants
from checker.guard.limits import Limits
from checker.guard.serve import Guard
from tests.guard.fake_engine import FakeEngine
from tests.guard.stand_in import Policy

if TYPE_CHECKING:
    from collections.abc import Iterator

SMALL = Limits(
    connections=24,
    idle=20,
    head=0.3,
    body=0.3,
    body_bytes=10_000,
    stalled=0.4,
    stream_bytes=2_000_000,
    answer=0.5,
    answer_bytes=100_000,
    line_bytes=10_000,
    linger=0.3,
    closing=1,
)


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder whose name is short enough for a socket."""
    folder = Path(tempfile.mkdtemp(prefix="kg-"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def fake(short: Path) -> Iterator[FakeEngine]:
    """An engine that does what a test tells it to."""
    with FakeEngine(short) as fake:
        yield fake


@pytest.fixture
def policy() -> Policy:
    """A policy that lets everything through until a test says otherwise."""
    return Policy()


@pytest.fixture
def guard(fake: FakeEngine, policy: Policy, short: Path) -> Iterator[Guard]:
    """A guard before the fake engine, which has no bug to tell of in the end."""
    engine = Engine(host=fake.host, origin="DOCKER_HOST")
    with Guard(engine, Grants(), "t", short / "g.sock", limits=SMALL, rules=policy.rules) as guard:
        yield guard
    if not policy.bug:
        assert guard.failure is None
