"""An exercise's folder as pytest sees it: its hidden checks and nothing else, in the manifest's order."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from checker.exercise import Course, Exercise

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "ExerciseDir",
    "check_of",
    "course_of",
    "exercise_named",
    "exercise_of",
    "keep_out_conftests",
    "pytest_collect_directory",
    "pytest_collection_modifyitems",
    "pytest_ignore_collect",
    "pytest_xdist_make_scheduler",
    "split",
]

_READ = pytest.StashKey[dict[str, Exercise]]()


class ExerciseDir(pytest.Directory):
    """The folder of one exercise. A learner's own tests beside it are not ours to run."""

    @property
    def exercise(self) -> Exercise:
        """The exercise that it is."""
        return exercise_named(self.path.name, self.config)

    def collect(self) -> Iterable[pytest.Collector]:
        """Yield the folder of hidden checks."""
        yield from filter(None, [self.ihook.pytest_collect_directory(path=self.path / ".checks", parent=self)])


def course_of(config: pytest.Config) -> Course:
    """Return the course that pytest was started in."""
    return Course(config.rootpath)


def exercise_named(name: str, config: pytest.Config) -> Exercise:
    """Return the exercise in a folder of this name, with its private checks where they are asked for.

    Its manifest is read once in a run of pytest.

    Raises:
        KataError: As ``Exercise.read``.
    """
    read = config.stash.setdefault(_READ, {})
    if name not in read:
        read[name] = Exercise.read(course_of(config).folder / name, private=config.getoption("private"))
    return read[name]


def exercise_of(item: pytest.Item) -> Exercise | None:
    """Return the exercise a test belongs to; None where it is none of the course's checks."""
    folder = item.getparent(ExerciseDir)
    return None if folder is None else folder.exercise


def split(nodeid: str) -> tuple[str, str] | None:
    """Return the exercise and the check that a node id names; None where it names something else."""
    parts = nodeid.split("/")
    if len(parts) < 3 or parts[0] != "exercises":
        return None
    name = nodeid.rpartition("::")[2].partition("[")[0]
    return parts[1], name.removeprefix("test_")


def check_of(item: pytest.Item) -> str:
    """Return the id of the check that a test function is."""
    return str(getattr(item, "originalname", item.name)).removeprefix("test_")


def keep_out_conftests(pluginmanager: pytest.PytestPluginManager) -> None:
    """Never import a ``conftest.py`` that is not ours: beside a learner's files, or in the folder of ``--work``."""
    import_it = pluginmanager._importconftest  # noqa: SLF001 - pytest offers no public way to leave one out

    def import_ours(conftestpath: Path, *where: Any, **how: Any) -> ModuleType:  # noqa: ANN401 - pytest's own
        root: Path = pluginmanager.getplugin("pytestconfig").rootpath
        below = conftestpath.parent.relative_to(root).parts if conftestpath.is_relative_to(root) else ("..",)
        is_ours = below[:1] in {(), ("tests",)} or (below[:1] == ("exercises",) and ".checks" in below)
        return import_it(conftestpath, *where, **how) if is_ours else ModuleType("nothing")

    pluginmanager._importconftest = import_ours  # type: ignore[method-assign] # noqa: SLF001 - as above


def pytest_collect_directory(path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Take over folders that hold an exercise, and leave out the notes and files we keep beside its checks."""
    if path.parent == parent.config.rootpath / "exercises" and (path / "exercise.toml").is_file():
        return ExerciseDir.from_parent(parent, path=path)
    return None


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out private checks unless they are asked for."""
    is_private = collection_path.name == "private" and collection_path.parent.name == ".checks"
    return True if is_private and not config.getoption("private") else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the checks of each exercise into the order in which the manifest announces them."""
    rank: dict[str, int] = {}
    first: dict[str, int] = {}
    for position, item in enumerate(items):
        exercise = exercise_of(item)
        if exercise is not None:
            first.setdefault(exercise.name, position)
            ids = [check.id for check in exercise.checks]
            check = check_of(item)
            rank[item.nodeid] = ids.index(check) if check in ids else len(ids)
    place = {item.nodeid: position for position, item in enumerate(items)}

    def order(item: pytest.Item) -> tuple[int, int]:
        exercise = exercise_of(item)
        if exercise is None:
            return place[item.nodeid], 0
        return first[exercise.name], rank[item.nodeid]

    items.sort(key=order)


@pytest.hookimpl(optionalhook=True, tryfirst=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:  # noqa: ANN401 - xdist has no types
    """Keep an exercise on one worker, since its checks share their steps."""
    if not any("exercises" in Path(arg.partition("::")[0]).parts for arg in config.args):
        return None
    from xdist.scheduler import LoadScopeScheduling  # noqa: PLC0415 - only where -n is given

    class ExerciseScheduling(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
        def _split_scope(self, nodeid: str) -> str:
            named = split(nodeid)
            return named[0] if named else str(super()._split_scope(nodeid))

    return ExerciseScheduling(config, log)
