"""What there is to look at when something Docker said is explained."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from checker.explain.reference import normalised
from checker.phrase import KataError

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from checker.engine import Engine

__all__ = ["Scene"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What there is to look at when something Docker said is explained.

    Attributes:
        text: All that was said, in plain lines.
        work: The learner's files.
        engine: The engine to ask.
        known_images: The images that the exercise can have; empty where nobody said.
    """

    text: str
    work: Path | None
    engine: Engine | None
    known_images: Collection[str] = field(default=())

    def ask(self, path: str) -> Any:  # noqa: ANN401 - whatever the API answers
        """Return what the engine's API has at ``path``; None where there is no engine or no answer."""
        if self.engine is None:
            return None
        try:
            status, answer = self.engine.request("GET", path)
        except KataError:
            return None
        return answer if status == 200 else None

    def knows(self, reference: str) -> bool:
        """Whether the exercise can have this image; true where nobody said which it can have."""
        known = {normalised(name) for name in self.known_images}
        return not known or normalised(reference) in known
