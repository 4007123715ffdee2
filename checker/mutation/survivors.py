"""Has every variant of a reference solution judged, as a learner's work is."""

from __future__ import annotations

import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from checker.mutation.variants import Variant, variants
from checker.phrase import KataError
from checker.selfcheck import Case, judge
from checker.verdict import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from checker.exercise import Exercise

__all__ = ["Fate", "equivalents", "fates", "variants_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What became of a variant.

    Attributes:
        variant: The variant.
        survived: Whether it earned every point.
        broken: What of ours broke over it, which no work may do; empty where nothing did.
        why: Why it is as good as the solution, where somebody has said so.
    """

    variant: Variant
    survived: bool
    broken: str
    why: str

    @property
    def is_right(self) -> bool:
        """Whether it is as it has to be: it fails, or somebody has said why it does not."""
        return not self.broken and self.survived == bool(self.why)


def variants_of(solution: Path) -> tuple[Variant, ...]:
    """Return the variants of all files of a solution; files that are no text have none."""
    found: list[Variant] = []
    for path in sorted(solution.rglob("*")):
        if path.is_file():
            try:
                text = path.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                continue
            found += variants(path.relative_to(solution).as_posix(), text)
    return tuple(found)


def equivalents(proofs: Path, exercise: Exercise) -> Mapping[str, str]:
    """Return what is said to be as good as the solution, and why, by the variant's own words.

    Raises:
        KataError: ``mutation.no_reason``: an entry says not why.
    """
    file = proofs / exercise.name / "equivalent.toml"
    if not file.is_file():
        return {}
    reasons: dict[str, str] = {}
    for entry in tomllib.loads(file.read_text(encoding="utf-8")).get("equivalent", ()):
        if not str(entry.get("why", "")).strip():
            raise KataError("mutation.no_reason", variant=entry.get("variant", "?"), file=file)
        reasons[entry["variant"]] = entry["why"]
    return reasons


def fates(exercise: Exercise, root: Path, proofs: Path) -> Iterator[Fate]:
    """Judge one variant after the other, and yield what became of it.

    Args:
        exercise: Whose reference solution is varied.
        root: The project's folder.
        proofs: ``tests/course``.

    Raises:
        KataError: ``mutation.unknown``: something is called equivalent that is no variant any more.
    """
    solution = root / "solutions" / exercise.name
    reasons = equivalents(proofs, exercise)
    found = variants_of(solution)
    unknown = reasons.keys() - {str(variant) for variant in found}
    if unknown:
        raise KataError("mutation.unknown", variants=", ".join(sorted(unknown)), exercise=exercise.name)
    for variant in found:
        yield _fate(exercise, root, solution, variant, reasons.get(str(variant), ""))


def _fate(exercise: Exercise, root: Path, solution: Path, variant: Variant, why: str) -> Fate:
    with tempfile.TemporaryDirectory(prefix="kata-variant-") as folder:
        file = Path(folder, variant.file)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(variant.text, encoding="utf-8")
        file.chmod((solution / variant.file).stat().st_mode)
        case = Case(exercise=exercise, kind="solution", name="variant", folders=(solution, Path(folder)))
        grade = judge(case, root, "--exitfirst")  # the first point that it does not get is enough to know
    return Fate(
        variant=variant,
        survived=grade.points == grade.max_points,
        broken="\n".join(
            f"{verdict.check}: {verdict.feedback.here() if verdict.feedback else ''}"
            for verdict in grade.verdicts
            if verdict.outcome is Outcome.BROKEN
        ),
        why=why,
    )
