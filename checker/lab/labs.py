"""``Labs``: opens labs one after the other, the next one made ready while the last one is in use."""

from __future__ import annotations

import contextlib
import itertools
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from checker.engine import Place, embedded
from checker.image.catalogue import catalogue, on_engine
from checker.image.mirror import Mirror
from checker.image.pulling import fetch
from checker.image.standin import Workshop
from checker.lab.limits import Limits
from checker.lab.machine import Lab, Site
from checker.lab.store import Store
from checker.lab.system import system
from checker.phrase import KataError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future
    from pathlib import Path
    from typing import Self

    from checker.engine import Engine
    from checker.image.catalogue import Image

__all__ = ["Labs"]


class Labs:
    """Where labs come from; a context manager, at whose end the machine is as it was, but for the prepared disk.

    Args:
        engine: The outer engine; one that allows ``--privileged``, on this machine.
        limits: What each lab may take.
        folder: The data folder in which the prepared disk is kept; the user's own by default.
        tell: Called with one line for each thing that takes time.
        ahead: How many labs are made ready before they are asked for.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        limits: Limits | None = None,
        folder: Path | None = None,
        tell: Callable[[str], None] = lambda _: None,
        ahead: int = 1,
    ) -> None:
        self._engine = engine
        self._limits = limits or Limits()
        self._place = Place.here() if folder is None else Place(data=folder)
        self._tell = tell
        self._ahead = ahead
        self._numbers = itertools.count(1)
        self._closing = contextlib.ExitStack()
        self._waiting: list[Future[Lab]] = []
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        """Make everything ready.

        Raises:
            KataError: ``lab.not_root``, ``lab.no_tools``; or what the image or the store lack.
        """
        _need_root()
        self._need_tools()
        with self._closing:
            self._store = Store(self._place, self._tell)
            image = ""

            def made() -> str:
                nonlocal image
                image = system(self._engine, self._place, self._tell)
                return image

            owner = self._closing.enter_context(self._store.owner(self._engine, made))
            self._site = Site(
                engine=self._engine,
                place=self._place,
                system=image,
                owner=owner,
                limits=self._limits,
                mirror=self._mirror(),
            )
            self._prepared = self._store.prepared(self._site)
            self._makers = self._closing.enter_context(ThreadPoolExecutor(1, thread_name_prefix="lab"))
            self._closing.callback(self._discard)
            self._closing = self._closing.pop_all()
        self._make_ahead()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.close()

    @contextlib.contextmanager
    def open(self) -> Iterator[Lab]:
        """Yield a lab that is ready; at the end nothing of it is left. Several threads may do so at once.

        Raises:
            KataError: ``lab.disk``, ``lab.refused`` or ``lab.not_ready``.
        """
        with self._lock:
            waiting = self._waiting.pop(0) if self._waiting else None
        with self._alive(waiting.result() if waiting else self._make()) as lab:
            self._make_ahead()
            yield lab

    def _alive(self, lab: Lab) -> Lab:
        """Return the lab, or another in the place of one that died while it waited."""
        if lab.is_alive:
            return lab
        lab.close()
        return self._make()

    def _make(self) -> Lab:
        number = next(self._numbers)
        disk = self._store.clone(self._site.owner, number, self._prepared)
        return Lab(self._site, f"{self._site.owner}-{number}", disk)

    def _make_ahead(self) -> None:
        with self._lock:
            while len(self._waiting) < self._ahead:
                self._waiting.append(self._makers.submit(self._make))

    def _discard(self) -> None:
        with self._lock:
            waiting, self._waiting, self._ahead = self._waiting, [], 0
        for lab in waiting:
            if not lab.cancel():
                with contextlib.suppress(KataError):
                    lab.result().close()

    def _mirror(self) -> int:
        """Return the port of the mirror that labs pull from; it is installed, started and stocked where it has to be.

        Where the course's images come from Docker Hub there is none yet.
        """
        mirror = Mirror.of(self._engine) or Mirror(place=self._place)
        with self._store.alone():  # who begins at the same moment has the same workshop and the same mirror
            if not mirror.place.mirror_port.exists():
                embedded.mirror_port(mirror.place)
            with Workshop(self._engine, self._store.folder / "workshop") as workshop:
                mirror.install(workshop.debian, self._tell)
            mirror.ensure(self._tell)
            for image in catalogue():
                if image.cold and not mirror.serves(image):
                    _publish(self._engine, mirror, image)
        return int(mirror.address.rpartition(":")[2])

    def _need_tools(self) -> None:
        if not self._place.tools.exists():
            if not embedded.is_possible():
                raise KataError("lab.no_tools", folder=self._place.tools)
            embedded.install(self._place, self._tell)


def _publish(engine: Engine, mirror: Mirror, image: Image) -> None:
    """Push an image to the mirror that exercises pull, and leave the engine's cache as it was."""
    was_there = image.tagged in on_engine(engine)
    if not was_there:
        fetch(engine, image)
    repository, _, tag = mirror.reference(image).rpartition(":")
    status, answer = engine.request("POST", f"/images/{image.tagged}/tag?{urlencode({'repo': repository, 'tag': tag})}")
    if status >= 400:
        raise KataError("lab.no_image", name=image.name, detail=answer)
    try:
        mirror.push(engine, image)
    finally:
        for name in (mirror.reference(image), *(() if was_there else (image.tagged,))):
            engine.request("DELETE", f"/images/{quote(name, safe='')}")


def _need_root() -> None:
    if os.geteuid() != 0:
        raise KataError("lab.not_root")
