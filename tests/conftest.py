"""What every test finds: an engine where it is marked ``docker``, and a refusal of one where it is not.

With ``-n`` tests share the engine: those marked ``alone`` wait until no other is at it, and whether the engine is in
the end as it was at first is asked once, of all of them together.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import socket
import tempfile
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from checker.engine import find_engine
from checker.exercise import Course
from checker.phrase import KataError
from tests.once_more import pytest_runtest_protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker import DockerClient

    from checker.engine import Engine
    from checker.selfcheck import Inventory

__all__ = ["pytest_runtest_protocol"]

TOGETHER = {
    "tests/guard/test_cli_options.py": "options",  # what its tests share takes longer to make than each of them takes
    "tests/course/test_stores.py": "store",  # an engine of its own, and one is enough
    "tests/workbench/test_compose.py": "compose",  # they are all of one exercise, whose leftovers each clears away
    "tests/test_what_bad_input_gets.py": "04_run_redis",  # it makes what that exercise's cases make
}
ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's own folder."""
    return ROOT


@pytest.fixture(scope="session")
def course(root: Path) -> Course:
    """The real course."""
    return Course(root)


@pytest.fixture
def client(engine: Engine) -> Iterator[DockerClient]:
    """The engine through docker-py."""
    client = engine.client()
    yield client
    client.close()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:  # noqa: ANN401 - xdist has no types
    """Keep the cases of exercises together that cannot share something: they would only wait for one another.

    ``--dist loadgroup`` would say the same, but pytest 9.2 no longer has the attribute by which xdist 3.8 does it.
    """
    from xdist.scheduler import LoadScopeScheduling

    shared = {exercise.number: max(exercise.changes, default=exercise.name) for exercise in Course(ROOT).exercises()}

    class Scheduling(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
        def _split_scope(self, nodeid: str) -> str:
            case = re.search(r"test_(?:course|flicker)\.py::\w+\[(\d\d)-", nodeid)
            module = nodeid.partition("::")[0]
            return shared[case[1]] if case else TOGETHER.get(module, nodeid)

    return Scheduling(config, log)


_BEFORE = pytest.StashKey["Inventory"]()


def _inventory() -> Inventory | None:
    from checker.selfcheck import Inventory  # pytest reads this file also where an exercise is asked for by its number

    try:
        engine = find_engine()
    except KataError:
        return None
    client = engine.client()
    try:
        return Inventory.of(client)
    finally:
        client.close()


def pytest_sessionstart(session: pytest.Session) -> None:
    """Take stock of the engine before several processes begin to use it, and give their lock a name that we know."""
    option = session.config.option
    if getattr(option, "numprocesses", None):
        option.testrunuid = option.testrunuid or uuid.uuid4().hex
    found = _inventory() if getattr(option, "numprocesses", None) else None
    if found is not None:
        session.config.stash[_BEFORE] = found


def _cool_down(before: Inventory) -> None:
    """Take out of the cache what may be missing there, was missing, and was pulled by tests of what it is like."""
    from checker.image import catalogue

    engine = find_engine()
    for image in catalogue():
        if image.cold and not any(image.tagged in line for line in before.images):
            engine.request("DELETE", f"/images/{image.name}")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail where the tests together have left something behind, or taken something away."""
    if getattr(session.config.option, "numprocesses", None):
        _lock(session.config.option.testrunuid).unlink(missing_ok=True)
    before = session.config.stash.get(_BEFORE, None)
    if before is None:
        return
    _cool_down(before)
    after = _inventory()
    # what labs are made of is made once, as the catalogue is
    changed = [line for line in before.differences(after) if "+ kata-lab:" not in line] if after else []
    if changed:
        lines = "\n".join(changed)
        session.config.get_terminal_writer().line(f"\nThe engine is not as it was before the tests:\n{lines}", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(autouse=True)
def _share_the_engine(request: pytest.FixtureRequest) -> Iterator[None]:
    """Let tests that would disturb others run alone; the others run beside each other."""
    if request.node.get_closest_marker("docker") is None:
        yield
        return
    with at_the_engine(alone=request.node.get_closest_marker("alone") is not None):
        yield


def _lock(run: str) -> Path:
    return Path(tempfile.gettempdir()) / f"kata-tests-{run}.lock"


@contextlib.contextmanager
def at_the_engine(*, alone: bool = False) -> Iterator[None]:
    """Wait until the engine may be used, beside others or alone, and say so; for what several tests share."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        yield
        return
    with _lock(os.environ["PYTEST_XDIST_TESTRUNUID"]).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        yield


@pytest.fixture(autouse=True)
def _no_engine_unless_marked(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse Docker's socket to a test that is not marked as needing one."""
    if request.node.get_closest_marker("docker") is not None:
        return
    real = socket.socket.connect

    def connect(self: socket.socket, address: object) -> None:
        if isinstance(address, str) and address.endswith("docker.sock"):
            raise AssertionError(f"only tests marked docker may talk to an engine, and this one asked {address}")
        real(self, address)  # type: ignore[arg-type]  # whatever it is, socket knows it better

    monkeypatch.setattr(socket.socket, "connect", connect)
