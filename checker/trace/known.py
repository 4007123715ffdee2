"""What one hears along the way: which id has which name, and which image was missing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from checker.guard.transcript import Entry
    from checker.trace.topic import Topic

__all__ = ["Known", "short"]

_ID = re.compile(r"(?:sha256:)?([0-9a-f]{64})")


class Known:
    """What the entries so far have told about names.

    Attributes:
        missing: The image that the server has just said it does not have; empty where there is none.
        found: The image that was pulled after that; empty where none was.
    """

    def __init__(self) -> None:
        self.missing = ""
        self.found = ""
        self._names: dict[str, str] = {}
        self._own: set[str] = set()
        self._failed: set[str] = set()

    def name(self, it: str) -> str:
        """Return what to call a container, image, network or volume: its name, else its short id."""
        return self._names.get(it) or short(it)

    def is_of_a_run(self, it: str) -> bool:
        """Whether a container was made in this story."""
        return it in self._own

    def could_not_start(self, it: str) -> bool:
        """Whether the engine could not start a container the last time it was asked to."""
        return it in self._failed

    def meet_a_client(self) -> None:
        """Forget what the last client was told was missing: another one has come."""
        self.missing = self.found = ""

    def learn(self, entry: Entry, about: Topic) -> None:
        """Take in a request that has ended."""
        answered = entry.answered if isinstance(entry.answered, Mapping) else {}
        full = str(answered.get("Id", ""))
        if about.key == "create":
            self._learn_of_create(entry, full)
        elif about.key in {"inspect", "containers", "networks"}:
            self._learn_names([answered] if full else entry.answered)
        elif about.key == "network_create" and full:
            self._names[full] = body(entry, "Name")
        elif about.key == "start":
            (self._failed.add if entry.status >= 400 else self._failed.discard)(about.it)
        elif about.key == "pull":
            self.found, self.missing = self.missing if entry.status == 200 else "", ""

    def _learn_names(self, answered: object) -> None:
        for item in answered if isinstance(answered, list | tuple) else ():
            if isinstance(item, Mapping):
                names = item.get("Names") or [item.get("Name")]
                self._names[str(item.get("Id", ""))] = str(names[0] or "").lstrip("/")

    def _learn_of_create(self, entry: Entry, full: str) -> None:
        name = entry.query.get("name", "")
        if full:
            self._names[full] = name
            self._own |= {full, name or full}
        self.found = ""
        self.missing = wanted(entry) if is_no_such_image(entry) else ""


def is_no_such_image(entry: Entry) -> bool:
    """Whether the answer is that an image is not in the cache."""
    return entry.status == 404 and message(entry).startswith("No such image")


def wanted(entry: Entry) -> str:
    """Return the image that a container is to be made from, with its tag; empty where nobody said."""
    if is_no_such_image(entry):
        return tagged(message(entry).partition(": ")[2])
    return tagged(familiar(body(entry, "Image")))


def familiar(image: str) -> str:
    """Return an image's name as people write it: Docker Hub's goes without saying; an id is short."""
    return short(image.removeprefix("docker.io/").removeprefix("library/"))


def is_refused(entry: Entry) -> bool:
    """Whether the guard refused it; where it says in the engine's words that something does not exist, it did not."""
    return entry.end == "denied" and entry.status != 404


def message(entry: Entry) -> str:
    """Return what the engine, or the guard, said about why not; one line."""
    said = entry.answered.get("message", "") if isinstance(entry.answered, Mapping) else ""
    said = said or next((line.get("error") or line.get("message") for line in reversed(entry.lines)), "")
    return " ".join(str(said or "").split())


def body(entry: Entry, key: str) -> str:
    """Return a text of the JSON that was asked; empty where there is none."""
    value = entry.asked.get(key) if isinstance(entry.asked, Mapping) else None
    return value if isinstance(value, str) else ""


def words(value: Any) -> str:  # noqa: ANN401 - any JSON
    """Return a command as one would type it; empty where there is none, cut where it is long."""
    text = " ".join(str(word) for word in value) if isinstance(value, list | tuple) else str(value or "")
    text = " ".join(text.split())
    return text if len(text) <= 60 else f"{text[:59]}…"


def short(it: str) -> str:
    """Return an id as the CLI shows it, twelve digits; anything else as it is."""
    match = _ID.fullmatch(it)
    return match[1][:12] if match else it


def tagged(image: str) -> str:
    """Return an image's name as the CLI says it when it is not found: with its tag, ``latest`` where it has none."""
    last = image.rpartition("/")[2]
    return image if ":" in last or "@" in last or not image else f"{image}:latest"
