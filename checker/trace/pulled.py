"""What the lines of a pull add up to: its layers and their sizes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Pulled", "size"]

_COMPLETE = frozenset({"Pull complete", "Already exists"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulled:
    """What a pull brought, as far as its lines have said it.

    Attributes:
        layers: The layers' short ids in the order in which they were named, each with its size in bytes as it was
            sent (0: not said), and whether it was here already.
        digest: What the registry calls the image, ``sha256:…``; empty where it did not say.
        problem: What went wrong; empty where nothing did.
    """

    layers: tuple[tuple[str, int, bool], ...] = ()
    digest: str = ""
    problem: str = ""

    @classmethod
    def of(cls, lines: Sequence[Mapping[str, Any]]) -> Pulled:
        """Read the lines of a pull's answer."""
        sizes: dict[str, int] = {}
        here: set[str] = set()
        digest = problem = ""
        for line in lines:
            status, name = str(line.get("status", "")), str(line.get("id", ""))
            problem = str(line.get("error", "")) or problem
            digest = status.removeprefix("Digest: ") if status.startswith("Digest: ") else digest
            if _is_of_a_layer(status):
                sizes[name] = max(sizes.get(name, 0), _total(line))
            if status == "Already exists":
                here.add(name)
        layers = tuple((name, total, name in here) for name, total in sizes.items())
        return cls(layers=layers, digest=digest, problem=problem)

    @property
    def fresh(self) -> int:
        """How many layers came from the registry."""
        return sum(not here for _, _, here in self.layers)

    @property
    def bytes(self) -> int:
        """How many bytes came from the registry, as far as it said."""
        return sum(total for _, total, here in self.layers if not here)


def _is_of_a_layer(status: str) -> bool:
    return (
        status in _COMPLETE
        or status in {"Pulling fs layer", "Waiting", "Downloading", "Download complete"}
        or (status in {"Verifying Checksum", "Extracting"})
    )


def _total(line: Mapping[str, Any]) -> int:
    detail = line.get("progressDetail")
    total = detail.get("total", 0) if isinstance(detail, dict) else 0
    return total if isinstance(total, int) and total > 0 else 0


def size(count: int) -> str:
    """Return a number of bytes as Docker writes it: ``534 B``, ``1.2 kB``, ``28.4 MB``; the blank does not break."""
    number, unit = float(count), "B"
    for larger in ("kB", "MB", "GB"):
        if number < 1000:
            break
        number, unit = number / 1000, larger
    return f"{count}\u00a0B" if unit == "B" else f"{number:.1f}\u00a0{unit}"
