"""Makes a machine ready: an engine that answers, and then whatever has to be on it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import sys
from typing import TYPE_CHECKING

from checker.engine import embedded
from checker.engine.found import find_engine, is_chosen
from checker.engine.place import Place
from checker.phrase import KataError, say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from io import BufferedWriter

    from checker.engine.found import Engine

__all__ = ["alone", "up"]


def up(provide: Callable[[Engine, Callable[[str], None]], None], tell: Callable[[str], None]) -> Engine:
    """Bring up whatever is missing, and return the engine; where nothing is missing, cheap and silent.

    Several processes may call this at once: one works, the others wait for it.

    Args:
        provide: Makes the images available on the engine; called while nobody else is at it.
        tell: Called with one short line for each thing that is done.

    Raises:
        KataError: What is missing, and how the user can get it.
    """
    place = Place.here()
    with alone(place, tell):
        engine = _engine(place, tell)
        provide(engine, tell)
    return engine


def _engine(place: Place, tell: Callable[[str], None]) -> Engine:
    try:
        return find_engine()
    except KataError as error:
        if error.key == "engine.no_context" or is_chosen() or not embedded.is_possible():
            raise _advised(error) from None
    if not place.tools.exists():
        tell(say("setup.no_engine", folder=place.data))
        embedded.install(place, tell)
    return embedded.start(place, tell)


def _advised(error: KataError) -> KataError:
    """Turn "there is no engine" into what to install on this system; anything else is said as it is."""
    if error.key != "engine.missing":
        return error
    if sys.platform == "darwin":
        return KataError("engine.install_hint_mac")
    return KataError("engine.install_hint_linux" if os.geteuid() == 0 else "engine.install_hint_root")


@contextlib.contextmanager
def alone(place: Place, tell: Callable[[str], None]) -> Iterator[None]:
    """Hold the data folder's lock; the kernel lets go of it when this process ends, however it ends.

    Raises:
        KataError: ``engine.unwritable``: the data folder cannot be made.
    """
    lock = _locked(place, tell)
    with lock:
        yield


def _locked(place: Place, tell: Callable[[str], None]) -> BufferedWriter:
    file = place.data / "up.lock"
    while True:
        try:
            place.data.mkdir(parents=True, exist_ok=True)
            lock = file.open("wb")
        except OSError as error:
            raise KataError("engine.unwritable", folder=place.data, detail=error.strerror) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            tell(say("setup.waiting"))
            fcntl.flock(lock, fcntl.LOCK_EX)
        # whoever we waited for may have deleted the whole folder, and with it the file that we hold
        with contextlib.suppress(FileNotFoundError):
            if file.stat().st_ino == os.fstat(lock.fileno()).st_ino:
                return lock
        lock.close()
