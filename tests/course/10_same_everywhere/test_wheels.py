from __future__ import annotations

import runpy
from pathlib import Path

EXERCISE = Path(__file__).parents[3] / "exercises" / "10_same_everywhere"


def test_the_wheels_are_what_the_script_makes() -> None:
    """The committed wheels are byte for byte what the committed script makes, and small."""
    made = runpy.run_path(str(EXERCISE / ".checks" / "make_wheels.py"))["this_month"]()
    kept = {path.name: path.read_bytes() for path in (EXERCISE / "wheels").iterdir()}
    assert kept == made
    assert sum(len(content) for content in kept.values()) < 4_000
