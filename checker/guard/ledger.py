"""What belongs to a run: the containers, networks, volumes, images and execs that its scripts made."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Literal

from checker.engine import LABEL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from checker.guard.output import Output

__all__ = ["BY", "SCRIPT", "Kind", "Ledger"]

_MOST_EXPECTED = 1000  # a script may ask for as many names as it likes

Kind = Literal["container", "network", "volume", "image", "exec", "tag"]
"""``image`` is an image's id, ``tag`` a complete reference (``docker.io/library/web:latest``) that the run gave."""

BY = "kata.by"
"""The label, beside ``kata.run``, of what a script asked for rather than the checker; its value is ``SCRIPT``."""
SCRIPT = "script"


class Ledger:
    """Objects by kind and full id; several threads may use it.

    Args:
        run_id: The run, as the label ``kata.run`` has it.
        note: Called with kind and full id for each object that is added, so that somebody else can remember it in
            case this process does not live to remove it.
    """

    def __init__(self, run_id: str, note: Callable[[Kind, str], None] = lambda *_: None) -> None:
        self.run_id = run_id
        self._note = note
        self._lock = threading.RLock()
        self._names: dict[Kind, dict[str, str]] = {}
        self._made: dict[Kind, int] = {}
        self._expected: set[tuple[Kind, str]] = set()
        self._stand_ins: dict[str, str] = {}
        self._seen: dict[str, frozenset[str]] = {}
        self._shared: set[str] = set()
        self._before: dict[str, str] | None = None
        self._builds: list[Output] = []

    @property
    def labels(self) -> dict[str, str]:
        """What everything carries that scripts of the run make."""
        return {LABEL: self.run_id, BY: SCRIPT}

    def add(self, kind: Kind, full_id: str, name: str = "") -> None:
        """Put down what a script made.

        Args:
            kind: What it is.
            full_id: Its full id; a volume's is its name, a tag's the complete reference.
            name: Its name, without a slash before it; for a tag the id of its image.
        """
        with self._lock:
            known = full_id in self._names.get(kind, {})
            self._made[kind] = self._made.get(kind, 0) + (not known)
            self.adopt(kind, full_id, name)
        if not known:
            self._note(kind, full_id)

    def adopt(self, kind: Kind, full_id: str, name: str = "") -> None:
        """Put down what the checker made for scripts to use: it is theirs, but neither counted nor noted.

        A container has to carry the label ``kata.run`` of the run, else no list shows it.
        """
        with self._lock:
            if name and kind != "tag":  # whoever had the name before is gone, or has another one now
                self._names[kind] = {
                    other: "" if held == name else held for other, held in self._names.get(kind, {}).items()
                }
            names = self._names.setdefault(kind, {})
            names[full_id] = name or names.get(full_id, "")

    def rename(self, kind: Kind, full_id: str, name: str) -> None:
        """Put down another name for something that belongs to the run."""
        with self._lock:
            if self.has(kind, full_id):
                self.adopt(kind, full_id, name)

    def forget(self, kind: Kind, full_id: str) -> None:
        """Strike out what is gone; nothing happens where it was never there."""
        with self._lock:
            self._names.get(kind, {}).pop(full_id, None)

    def has(self, kind: Kind, full_id: str) -> bool:
        """Return whether something with this full id belongs to the run."""
        with self._lock:
            return full_id in self._names.get(kind, {})

    def find(self, kind: Kind, name: str) -> str | None:
        """Return the full id of what a client calls ``name``; None where the run has nothing of that kind.

        As the engine does it: a full id, then a name, then the beginning of exactly one id.
        """
        with self._lock:
            names = self._names.get(kind, {})
            if name in names:
                return name
            held = [full_id for full_id, own in names.items() if own == name and name]
            found = held or [full_id for full_id in names if _begins(kind, full_id, name)]
            return found[0] if len(found) == 1 else None

    def name(self, kind: Kind, full_id: str) -> str:
        """Return the name of something that belongs to the run; empty where it has none."""
        with self._lock:
            return self._names.get(kind, {}).get(full_id, "")

    def ids(self, kind: Kind) -> tuple[str, ...]:
        """Return all full ids of a kind, oldest first."""
        with self._lock:
            return tuple(self._names.get(kind, {}))

    def made(self, kind: Kind) -> int:
        """Return how many of a kind scripts have made so far, also those that are gone."""
        with self._lock:
            return self._made.get(kind, 0)

    def expect(self, kind: Kind, name: str) -> None:
        """Put down a name that is about to be the run's: its first events come before the engine's answer."""
        with self._lock:
            if len(self._expected) < _MOST_EXPECTED:
                self._expected.add((kind, name))

    def unexpect(self, kind: Kind, name: str) -> None:
        """Put down that a name is not going to be the run's after all: it is somebody else's."""
        with self._lock:
            self._expected.discard((kind, name))

    def expects(self, kind: Kind, name: str) -> bool:
        """Return whether a request for something of that name has been let through."""
        with self._lock:
            return (kind, name) in self._expected

    def stand_in(self, name: str) -> str:
        """Put down that a name is somebody else's, so that what the run calls so has another one instead.

        Args:
            name: A volume's, or an image's complete reference.

        Returns:
            The name that the engine is to know; the same one where there are too many others already.
        """
        with self._lock:
            if len(self._stand_ins) < _MOST_EXPECTED:
                self._stand_ins[name] = f"{name}.{self.run_id}"
        return self.actual(name)

    def actual(self, name: str) -> str:
        """Return the name that the engine knows for what the run calls so: a volume, or a complete reference."""
        with self._lock:
            return self._stand_ins.get(name, name)

    @property
    def stand_ins(self) -> Mapping[str, str]:
        """The names that the engine knows, by those that scripts use for the same volumes, where they differ."""
        with self._lock:
            return dict(self._stand_ins)

    def see_image(self, full_id: str, references: Iterable[str]) -> None:
        """Remember which complete references an image on the engine has, the run's own or not."""
        with self._lock:
            self._seen[full_id] = frozenset(references)

    def share_image(self, full_id: str) -> None:
        """Put down an image that a script has got, and somebody else had before: pulled, or built of the same bytes.

        It may use it by its id, whatever it is called. The image is not the run's.
        """
        with self._lock:
            self._shared.add(full_id)

    def shared_images(self) -> frozenset[str]:
        """Return the ids of the images that scripts have got and that are not the run's."""
        with self._lock:
            return frozenset(self._shared)

    def forget_image(self, full_id: str) -> None:
        """Forget what was seen of an image."""
        with self._lock:
            self._seen.pop(full_id, None)
            self._shared.discard(full_id)

    def seen_images(self) -> Mapping[str, frozenset[str]]:
        """Return the complete references of each image seen so far, by full id."""
        with self._lock:
            return dict(self._seen)

    def open_build(self, images: Mapping[str, str], output: Output) -> None:
        """Remember the engine's images before a build, and what it makes.

        Args:
            images: Image id by complete reference, and each id by itself.
            output: What the build gives; whoever hears of it writes it there.
        """
        with self._lock:
            self._builds.append(output)
            if self._before is None:
                self._before = dict(images)

    def close_build(self, output: Output) -> None:
        """Say that a build is over, and was compared."""
        with self._lock:
            self._builds = [other for other in self._builds if other is not output]
            if not self._builds:
                self._before = None

    @property
    def builds(self) -> tuple[Output, ...]:
        """What the builds give that are going on."""
        with self._lock:
            return tuple(self._builds)

    @property
    def before_builds(self) -> Mapping[str, str] | None:
        """The images as they were before the builds that are going on; None where none is."""
        with self._lock:
            return None if self._before is None else dict(self._before)


def _begins(kind: Kind, full_id: str, start: str) -> bool:
    if kind == "image":
        full_id, start = full_id.removeprefix("sha256:"), start.removeprefix("sha256:")
    return kind in {"container", "network", "image", "exec"} and bool(start) and full_id.startswith(start)
