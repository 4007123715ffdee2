from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from checker.plugin.interruption import uninterrupted
from checker.workbench.container import wait_for
from tests.plugin.conftest import ROOT

if TYPE_CHECKING:
    from tests.plugin.conftest import SmallCourse

STEP = """
import pathlib, time
here = pathlib.Path(__file__).parent

@pytest.fixture(scope="module")
def step():
    yield
    (here / "ending").touch()
    time.sleep({cleaning})
    (here / "cleaned").touch()

def test_one(step): (here / "begun").touch()
def test_two(step): {waiting}
"""


# in short sleeps: one long sleep is not woken by a signal that comes just before it begins
WAITING = "[time.sleep(0.05) for _ in range(1200)]"


def started(small: SmallCourse, *options: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "KATA_LANG": "en"}
    return subprocess.Popen(
        [sys.executable, "-m", "pytest", "exercises/01", "--grades=grades.json", *options],
        cwd=small.root,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interruption_cleans_up_and_says_so(small: SmallCourse, how: signal.Signals) -> None:
    """Ctrl-C, SIGTERM and a closed terminal end the checks, clean up, write no grade, and are exit code 2."""
    small.write(STEP.format(cleaning=0.1, waiting=WAITING))
    process = started(small)
    assert wait_for((small.exercise / ".checks" / "begun").exists, 30)
    process.send_signal(how)
    said, _ = process.communicate(timeout=30)
    assert process.returncode == 2, said
    assert "Interrupted. What the checks had started is being removed." in said
    assert "Traceback" not in said
    assert (small.exercise / ".checks" / "cleaned").exists()
    assert not (small.root / "grades.json").exists()


LOST = """
import os, signal

class Finalized:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGINT)

@pytest.fixture
def step():
    if {where} == "setup": Finalized()

def test_one(step):
    assert {where} == "call", "this was not to be run any more"
    Finalized()

def test_two():
    assert False, "this was not to be run any more"
"""


@pytest.mark.parametrize("where", ["setup", "call"])
def test_an_interruption_in_a_finalizer_is_not_lost(small: SmallCourse, where: str) -> None:
    """Where Python passes over a KeyboardInterrupt, in ``__del__``, the next thing that would run is not run."""
    small.write(LOST.format(where=repr(where)))
    ran = small.run()
    assert ran.code == 2, ran.out
    assert "Interrupted. What the checks had started is being removed." in ran.out
    assert "was not to be run" not in ran.out
    assert ran.err == ""


def test_impatience_does_not_stop_the_cleaning(small: SmallCourse) -> None:
    """Ctrl-C pressed again and again while it cleans up changes nothing, and shows no traceback."""
    small.write(STEP.format(cleaning=1, waiting=WAITING))
    process = started(small)
    assert wait_for((small.exercise / ".checks" / "begun").exists, 30)
    process.send_signal(signal.SIGINT)
    assert wait_for((small.exercise / ".checks" / "ending").exists, 30)
    while not (small.exercise / ".checks" / "cleaned").exists():
        process.send_signal(signal.SIGINT)
        wait_for((small.exercise / ".checks" / "cleaned").exists, 0.1)
    said, _ = process.communicate(timeout=30)
    assert process.returncode == 2, said
    assert "Traceback" not in said


def test_an_interruption_while_the_last_check_cleans_up(small: SmallCourse) -> None:
    """Ctrl-C during the cleaning after the last check waits for its end."""
    small.write(STEP.format(cleaning=1, waiting="pass"))
    process = started(small)
    assert wait_for((small.exercise / ".checks" / "ending").exists, 30)
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=30)
    assert (small.exercise / ".checks" / "cleaned").exists()
    assert process.returncode == 2, said
    assert "Traceback" not in said


def test_an_interruption_reaches_workers(small: SmallCourse) -> None:
    """With -n too Ctrl-C at the terminal, which goes to all processes, cleans up."""
    small.write(STEP.format(cleaning=0.1, waiting=WAITING))
    process = started(small, "-n", "1")
    assert wait_for((small.exercise / ".checks" / "begun").exists, 30)
    os.killpg(process.pid, signal.SIGINT)
    said, _ = process.communicate(timeout=30)
    assert process.returncode == 2, said
    assert (small.exercise / ".checks" / "cleaned").exists()
    assert "Traceback" not in said


def test_an_interruption_is_put_off_not_lost() -> None:
    """What comes while nothing may be interrupted is raised at the end of it, and handlers are as they were."""
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt), uninterrupted():
        os.kill(os.getpid(), signal.SIGTERM)  # it arrives before the call returns
    assert signal.getsignal(signal.SIGTERM) is before


def test_other_threads_have_nothing_to_put_off() -> None:
    """Only the main thread has signals; in another one the block just runs."""
    ran: list[bool] = []

    def block() -> None:
        with uninterrupted():
            ran.append(True)

    thread = threading.Thread(target=block)
    thread.start()
    thread.join()
    assert ran == [True]
