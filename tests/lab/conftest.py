"""Labs for tests, what the machine has of them, and scripts that run in one."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from checker.engine import Place, find_engine
from checker.forked import start_pytest
from checker.lab import LEARNER, Lab, Labs
from checker.lab.machine import LAB
from checker.lab.store import Store
from checker.selfcheck import Inventory
from checker.workbench.script import Finished, Script

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from checker.forked import Forked

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def labs() -> Iterator[Labs]:
    """Where a module's labs come from."""
    with Labs(find_engine()) as opened:
        yield opened


@pytest.fixture
def lab(labs: Labs) -> Iterator[Lab]:
    """A lab for one test."""
    with labs.open() as opened:
        yield opened


def run_in(lab: Lab, text: str, seconds: float = 20, *, docker: str = "unix:///nobody") -> Finished:
    """Run a script in a lab, as the workbench does, and return how it ended."""
    with start_in(lab, text, docker=docker) as script:
        return script.wait(seconds)


def start_in(lab: Lab, text: str, *, docker: str = "unix:///nobody") -> Script:
    """Start a script in a lab, as the workbench does."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("KATA_LAB", lab.environment["KATA_LAB"])
        described = json.loads(Path(lab.environment["KATA_LAB"]).read_text("utf-8"))
        folder = Path(described["runs"]) / "work"
        folder.mkdir(exist_ok=True)
        os.chown(folder, LEARNER, LEARNER)
        script = folder / "try.sh"
        script.write_text(text, encoding="utf-8")
        return Script(script, {"DOCKER_HOST": docker})


def started_grading(lab: Lab, exercise: str, work: Path | None, grades: Path, said: Path) -> Forked:
    """Start to grade an exercise in a lab, as a class is graded: pytest outside, its ports inside."""
    place = [f"--work={work}"] if work else []
    return start_pytest(
        ["-p", "no:cacheprovider", f"exercises/{exercise}", f"--grades={grades}", *place],
        root=ROOT,
        folder=ROOT,
        environment={**os.environ, **lab.environment},
        complaints=said,
        output=said,
        network=lab.network,
    )


def graded(lab: Lab, exercise: str, work: Path | None, grades: Path) -> dict[str, Any]:
    """Grade an exercise in a lab, and return the grade; what is broken is graded once more, as ``kata grade`` does."""
    grade: dict[str, Any] = {}
    for _ in range(2):
        said = grades.with_suffix(".txt")
        grading = started_grading(lab, exercise, work, grades, said)
        in_time = grading.wait(180)
        grading.send(signal.SIGTERM)
        assert in_time, said.read_text("utf-8")
        assert grades.exists(), said.read_text("utf-8")
        grade = json.loads(grades.read_text("utf-8"))["grades"][0]
        if all(verdict["outcome"] != "broken" for verdict in grade["verdicts"]):
            break
    return grade


@dataclass(frozen=True, slots=True)
class Machine:
    """What labs could leave on the machine; those of owners that live, other tests, are not looked at."""

    engine: Inventory
    left: frozenset[str]

    @classmethod
    def now(cls, *, labs_only: bool = False) -> Machine:
        """Take stock.

        Args:
            labs_only: Look at nothing that is no lab's: for tests that run beside others, whose things come and go.
        """
        place, engine = Place.here(), find_engine()
        living = Store(place, print).alive()
        client = engine.client()
        try:
            rows = client.api.containers(all=True)
            processes = dict(_contained(place))
            rows += client.api.containers(all=True)  # what has come while we looked
            found = Inventory.of(client)
        finally:
            client.close()
        theirs = {row["Id"] for row in rows if _owner(row) in living or (labs_only and not _owner(row))}
        found = replace(found, containers=frozenset(line for line in found.containers if line.split()[1] not in theirs))
        if labs_only:
            found = replace(found, images=frozenset(), volumes=frozenset(), networks=frozenset())
        left = {*_mounts(place), *_loops(place), *_files(place)}
        left |= {line for line, groups in processes.items() if not any(full_id in groups for full_id in theirs)}
        if living or labs_only:  # who comes or goes beside us mounts and unmounts what all share
            left = {line for line in left if not line.endswith(("labs/store", "labs/store.btrfs"))}
        return cls(found, frozenset(line for line in left if not any(owner in line for owner in living)))

    def came_since(self, before: Machine) -> list[str]:
        """Return what is here that was not; what went meanwhile may have been another test's."""
        came = (line for line in before.engine.differences(self.engine) if line.startswith("+"))
        return [*came, *sorted(self.left - before.left)]


def _owner(row: dict[str, Any]) -> str:
    return str(row["Labels"].get(LAB, "")).rpartition(".")[2]


def _mounts(place: Place) -> Iterator[str]:
    folders = (f"{place.data}/labs", f"{place.run}/labs")
    for line in Path("/proc/self/mountinfo").read_text("utf-8").splitlines():
        if line.split(" ", 5)[4].startswith(folders):
            yield f"mount {line.split(' ', 5)[4]}"


def _loops(place: Place) -> Iterator[str]:
    for file in Path("/sys/block").glob("loop*/loop/backing_file"):
        with contextlib.suppress(OSError):
            backing = file.read_text("utf-8").strip()
            if backing.startswith(f"{place.data}/"):
                yield f"loop {backing}"


def _files(place: Place) -> Iterator[str]:
    for pattern in (place.data / "labs/*", place.data / "labs/owners/*", place.run / "labs/*"):
        yield from (f"file {file}" for file in pattern.parent.glob("*"))


def _contained(place: Place) -> Iterator[tuple[str, str]]:
    """Yield the processes that are in containers of our engine, each with its control groups."""
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, IndexError):
            groups = (process / "cgroup").read_text("utf-8", "replace")
            root = (process / "mountinfo").read_text("utf-8", "replace").splitlines()[0]
            if str(place.images) in root:
                yield f"process {process.name} {(process / 'comm').read_text('utf-8', 'replace').strip()}", groups


def until(holds: Callable[[], bool], seconds: float = 15) -> bool:
    """Wait until something holds, and return whether it came to within ``seconds``."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


@pytest.fixture
def solutions() -> Path:
    """The reference solutions."""
    return ROOT / "solutions"


@pytest.fixture
def hostile(tmp_path: Path) -> Callable[[str], Path]:
    """Return a folder of work whose 04 is a script of the test's own, in both its files."""

    def write(text: str) -> Path:
        folder = tmp_path / "work"
        shutil.copytree(ROOT / "solutions" / "04_run_redis", folder / "04_run_redis")
        for name in ("run.sh", "interactive.sh"):
            (folder / "04_run_redis" / name).write_text(text, encoding="utf-8")
        return folder

    return write
