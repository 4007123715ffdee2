from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CHECKER = ROOT / "checker"
# the map in docs/architecture.md, from top to bottom
ORDER = (
    "phrase",
    "layout",
    "verdict",
    "exercise",
    "work",
    "engine",
    "image",
    "explain",
    "guard",
    "trace",
    "lab",
    "workbench",
    "author",
    "forked",
    "plugin",
    "report",
    "grading",
    "release",
    "selfcheck",
    "mutation",
    "cli",
)
HEAVY = {"docker", "testcontainers", "requests", "rich", "click"}
MODULES = sorted(CHECKER.rglob("*.py"))


def unit(path: Path) -> str:
    """Return the part of the map that a file belongs to."""
    return path.relative_to(CHECKER).parts[0].removesuffix(".py")


def imported(path: Path, *, only_at_the_top: bool) -> set[str]:
    """Return the full names that a module imports, those for type checkers left out."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found: set[str] = set()
    for node in tree.body if only_at_the_top else ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found |= {node.module} | {f"{node.module}.{name.name}" for name in node.names}
    return found


def test_the_map_knows_every_module() -> None:
    """Whatever lies in checker/ has its place in the order, and the documented map names it."""
    units = {unit(path) for path in MODULES} - {"__init__"}
    assert units == set(ORDER)
    documented = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    assert [name for name in ORDER if f"| `{name}" not in documented] == []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(CHECKER)))
def test_imports_go_downwards(path: Path) -> None:
    """A module imports only from those above it on the map; never from one below, also not late."""
    if unit(path) == "__init__":
        return
    allowed = set(ORDER[: ORDER.index(unit(path)) + 1])
    wanted = {name.split(".")[1] for name in imported(path, only_at_the_top=False) if name.startswith("checker.")}
    assert wanted - allowed - {"__version__"} == set()


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(CHECKER)))
def test_what_is_slow_to_import_is_imported_late(path: Path) -> None:
    """Docker's libraries cost half a second, so no module imports them at its top; the CLI alone has click."""
    tops = {name.split(".")[0] for name in imported(path, only_at_the_top=True)}
    allowed = {"click"} if unit(path) == "cli" else set()
    assert tops & HEAVY <= allowed


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(CHECKER)))
def test_modules_stay_small(path: Path) -> None:
    """A module has fewer than 400 lines."""
    assert len(path.read_text(encoding="utf-8").splitlines()) < 400


@pytest.mark.parametrize("path", sorted((ROOT / "tests").rglob("test_*.py")), ids=lambda path: path.name)
def test_a_test_states_the_fact_it_proves(path: Path) -> None:
    """Every test function has a docstring."""
    functions = [
        node
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]
    assert [function.name for function in functions if not ast.get_docstring(function)] == []
