"""The course on the other image store: ours is the classic one, newer installations keep images in containerd's."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from checker.engine import Place, embedded, find_engine
from checker.engine.sweep import uninstall
from checker.image import provide
from checker.selfcheck import Case, judge
from tests.course.test_course import CASES, described
from tests.guard.test_builds import what_is_built_beside_strangers

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def other_store() -> Iterator[None]:
    """An embedded engine that keeps its images in containerd's store, the only one that is found meanwhile."""
    with tempfile.TemporaryDirectory(prefix="kata-store-") as folder, pytest.MonkeyPatch.context() as changed:
        settings = Path(folder, "daemon.json")
        settings.write_text(json.dumps({"features": {"containerd-snapshotter": True}}), encoding="utf-8")
        place = Place(data=Path(folder, "data"))
        changed.setenv("KATA_DATA", str(place.data))
        changed.setenv("KATA_ENGINE_FLAGS", f"--config-file={settings}")
        try:
            embedded.install(place, print)
            engine = embedded.start(place, print)
            provide(engine, print)
            assert "containerd" in json.dumps(engine.order("GET", "/info")["DriverStatus"])
            assert find_engine().host == engine.host, "another engine is found before ours"
            yield
        finally:
            uninstall(place)


@pytest.mark.docker
@pytest.mark.full
def test_the_other_store_tells_what_was_built(other_store: None, tmp_path: Path) -> None:
    """BuildKit's answer has the id there too, which is a manifest's or an index's digest."""
    what_is_built_beside_strangers(find_engine(), tmp_path)


@pytest.mark.docker
@pytest.mark.course
@pytest.mark.full
@pytest.mark.parametrize("case", [case for case in CASES if case.kind in {"starter", "solution"}], ids=str)
def test_the_other_store_changes_no_verdict(case: Case, root: Path, other_store: None) -> None:
    """A starter earns nothing there either, and a solution everything."""
    grade = judge(case, root)
    assert grade.is_final, described(grade)
    assert grade.points == (0 if case.kind == "starter" else grade.max_points), described(grade)
