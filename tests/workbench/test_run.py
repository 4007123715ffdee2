from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from checker.phrase import KataError
from checker.workbench.leftovers import Stray
from checker.workbench.run import Run, sweep_dead, unwritable

if TYPE_CHECKING:
    from checker.engine import Engine
    from tests.workbench.conftest import Corner

ROOT = Path(__file__).resolve().parent.parent.parent


def killed(runs: Path) -> Run:
    """Return a run whose process was killed (-9) in the middle."""
    program = f"""
import pathlib, os
from checker.workbench.run import Run
with Run.begin(pathlib.Path({str(runs)!r})) as run:
    run.at_work.touch()
    print(run.id, flush=True)
    os.kill(os.getpid(), 9)
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    name = done.stdout.strip()
    return Run(id=name, folder=runs / name)


def test_a_run_has_a_folder_while_it_lasts(tmp_path: Path) -> None:
    """Each run has an id and a folder of its own, which is gone at its end, also after an error."""
    with Run.begin(tmp_path / "runs") as one, Run.begin(tmp_path / "runs") as other:
        assert one.id != other.id
        assert one.folder.is_dir()
    with pytest.raises(ZeroDivisionError), Run.begin(tmp_path / "runs") as one:
        1 / 0  # noqa: B018 - it is to fail
    assert list((tmp_path / "runs").iterdir()) == []


def test_a_run_that_could_not_put_away_keeps_its_folder(tmp_path: Path) -> None:
    """Where something may still stand on the engine, the notes stay for the next run."""
    with Run.begin(tmp_path / "runs") as run:
        run.at_work.touch()
    assert run.folder.is_dir()


@pytest.mark.parametrize(
    ("number", "key", "en", "ko"),
    [
        (errno.ENOSPC, "check.disk_full", "There is no room left on the disk of /data.", "/data"),
        (errno.EDQUOT, "check.disk_full", "no room left", "남은 공간이 없어요"),
        (errno.EACCES, "engine.unwritable", "/data cannot be written: Permission denied", "쓸 수 없어요"),
        (errno.EROFS, "engine.unwritable", "Read-only file system", "Read-only file system"),
    ],
)
def test_a_folder_that_takes_nothing_says_why(number: int, key: str, en: str, ko: str) -> None:
    """A full disk and a folder that may not be written are told apart, each with its remedy in both languages."""
    error = unwritable(Path("/data"), OSError(number, os.strerror(number)))
    assert error.key == key
    assert en in error.cause.en
    assert ko in error.cause.ko
    assert "KATA_DATA" in error.remedy.en
    assert "KATA_DATA" in error.remedy.ko


def test_a_run_that_cannot_begin_is_broken(tmp_path: Path) -> None:
    """Where the data folder is a file, no run begins, and that is nobody's mistake."""
    (tmp_path / "file").write_text("")
    with pytest.raises(KataError) as caught, Run.begin(tmp_path / "file" / "runs"):
        pass
    assert caught.value.key == "engine.unwritable"


def test_what_two_runs_have_is_taken_away_by_the_last(tmp_path: Path) -> None:
    """An image that two runs have written down stays until both are over; anything else goes with its own run."""
    image, volume = Stray("image", f"sha256:{'a' * 64}"), Stray("volume", "data")
    with Run.begin(tmp_path / "runs") as first, Run.begin(tmp_path / "runs") as second:
        for run in (first, second):
            run.made.write_text(f"{image}\n{volume}\n", encoding="utf-8")
        with first.giving_up([image, volume]) as left:
            assert list(left) == [volume]
        with second.giving_up([image, volume]) as left:
            assert list(left) == [image, volume]


def test_what_could_not_be_removed_stays_written_down(tmp_path: Path) -> None:
    """Where the engine goes away while a run puts things away, the next one still finds what there was."""
    with Run.begin(tmp_path / "runs") as run:
        run.made.write_text("volume data\n", encoding="utf-8")
        with pytest.raises(KataError), run.giving_up([Stray("volume", "data")]):
            raise KataError("engine.missing")
        assert run.made.read_text(encoding="utf-8") == "volume data\n"


@pytest.mark.docker
def test_a_dead_run_is_swept(tmp_path: Path, engine: Engine, corner: Corner) -> None:
    """What a killed run has made, by label and by its notes, goes with its folder; what was not its own stays."""
    runs = tmp_path / "runs"
    dead = killed(runs)
    labelled = corner.create("labelled", labels={"kata.run": dead.id})
    noted = corner.create("noted")
    other = corner.create("other")
    dead.made.write_text(f"{Stray('container', noted.id)}\ncontainer {other.id[:5]}", encoding="utf-8")
    sweep_dead(engine, runs)
    assert [labelled.exists, noted.exists, other.exists] == [False, False, True]
    assert not dead.folder.exists()


@pytest.mark.docker
def test_notes_that_are_damaged_do_not_stop_the_sweep(tmp_path: Path, engine: Engine) -> None:
    """Bytes that are no text, as a lost block leaves them, are passed over."""
    dead = killed(tmp_path / "runs")
    dead.made.write_bytes(b"container \xff\xfe\0\n\n\n")
    sweep_dead(engine, tmp_path / "runs")
    assert not dead.folder.exists()


@pytest.mark.docker
def test_a_living_run_is_left_alone(tmp_path: Path, engine: Engine, corner: Corner) -> None:
    """A run whose process lives keeps its folder and what it has made, however often others sweep."""
    runs = tmp_path / "runs"
    with Run.begin(runs) as alive:
        made = corner.create(labels={"kata.run": alive.id})
        sweep_dead(engine, runs)
        assert alive.folder.is_dir()
        assert made.exists
        sweep_dead(engine, tmp_path / "nowhere")


@pytest.mark.docker
def test_beginning_and_sweeping_at_once(tmp_path: Path, engine: Engine) -> None:
    """A run that begins while another one sweeps has its folder, its lock in it, until its end."""
    runs, over = tmp_path / "runs", threading.Event()

    def sweep() -> None:
        while not over.is_set():
            sweep_dead(engine, runs)

    sweeping = threading.Thread(target=sweep)
    sweeping.start()
    try:
        for _ in range(200):
            with Run.begin(runs) as run:
                assert (run.folder / "lock").is_file()
    finally:
        over.set()
        sweeping.join()
