"""Examines a machine line by line: what is there, in which version, what is missing and how to get it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from checker.engine.found import find_engine
from checker.engine.place import Place
from checker.phrase import KataError, phrase, say

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from checker.engine.found import Engine

__all__ = ["Line", "engine_lines", "examine"]

_PROGRAMS: Mapping[str, tuple[str, ...]] = {
    "docker": ("docker", "version", "--format", "{{.Client.Version}}"),
    "buildx": ("docker", "buildx", "version"),
    "compose": ("docker", "compose", "version", "--short"),
}
_ROOM = 3 * 2**30
"""Bytes that the catalogue, the learners' images and the build cache want to have free."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One thing that was examined.

    Attributes:
        ok: Whether it is as it should be.
        text: What was found.
        remedy: How to get what is missing; empty where nothing is.
    """

    ok: bool
    text: str
    remedy: str = ""


def examine() -> Iterator[Line]:
    """Yield a line for Python, pytest and the disk, and for the engine or why there is none."""
    yield Line(ok=sys.version_info >= (3, 11), text=f"Python {sys.version.split()[0]} ({sys.executable})")
    yield _package("pytest")
    try:
        engine = find_engine()
    except KataError as error:
        yield Line(ok=False, text=error.cause.here(), remedy=error.remedy.here())
        yield _disk(Place.here().data)
        return
    yield from engine_lines(engine)


def engine_lines(engine: Engine) -> Iterator[Line]:
    """Yield what there is to say of an engine that answers."""
    try:
        about, info = engine.request("GET", "/version")[1], engine.request("GET", "/info")[1]
    except KataError as error:
        yield Line(ok=False, text=error.cause.here(), remedy=error.remedy.here())
        return
    yield Line(ok=True, text=_described(engine, about, info))
    yield from (_program(name, command, engine) for name, command in _PROGRAMS.items())
    yield _registry(engine, info)
    yield _disk(Path(str(info.get("DockerRootDir", ""))))


def _described(engine: Engine, about: Mapping[str, Any], info: Mapping[str, Any]) -> str:
    return say(
        "cli.doctor_engine",
        version=about.get("Version", "?"),
        api=about.get("ApiVersion", "?"),
        origin=engine.origin,
        address=engine.host,
        driver=info.get("Driver", "?"),
        store="containerd" if _uses_containerd(info) else "classic",
        cgroup=info.get("CgroupVersion", "?"),
        arch=info.get("Architecture", "?"),
        rootless=say("cli.rootless") if _is_rootless(info) else "",
    )


def _uses_containerd(info: Mapping[str, Any]) -> bool:
    return any(row[:1] == ["driver-type"] for row in info.get("DriverStatus") or [])


def _is_rootless(info: Mapping[str, Any]) -> bool:
    return any("name=rootless" in option for option in info.get("SecurityOptions") or [])


def _package(name: str) -> Line:
    try:
        return Line(ok=True, text=f"{name} {version(name)}")
    except PackageNotFoundError:
        return Line(ok=False, text=say("cli.doctor_missing", name=name), remedy=say("cli.remedy_package"))


def _program(name: str, command: Iterable[str], engine: Engine) -> Line:
    environ = {**os.environ, **engine.environment()}
    try:
        done = subprocess.run([*command], env=environ, capture_output=True, text=True, check=False, timeout=20)
        found = done.stdout.strip() if done.returncode == 0 else ""
    except (OSError, subprocess.TimeoutExpired):
        found = ""
    if not found:
        remedy = phrase(f"cli.remedy_{name}").here()
        return Line(ok=False, text=say("cli.doctor_missing", name=name), remedy=remedy)
    return Line(ok=True, text=f"{name} {found.splitlines()[0].removeprefix('github.com/docker/buildx ')}")


def _registry(engine: Engine, info: Mapping[str, Any]) -> Line:
    """Let the engine itself ask its registry, by way of its mirror if it has one."""
    hub = (info.get("RegistryConfig") or {}).get("IndexConfigs", {}).get("docker.io", {})
    name = ", ".join(hub.get("Mirrors") or ["Docker Hub"])
    try:
        status, _ = engine.request("GET", "/distribution/hello-world/json", seconds=15)
    except KataError:
        status = 0
    if status == 200:
        return Line(ok=True, text=say("cli.doctor_registry", name=name))
    return Line(ok=False, text=say("cli.doctor_no_registry", name=name), remedy=say("cli.remedy_registry"))


def _disk(folder: Path) -> Line:
    """Say how much room is left where the engine keeps its images, if that is on this machine."""
    folder = next(parent for parent in [folder, *folder.parents, Path("/")] if parent.is_dir())
    free = shutil.disk_usage(folder).free
    text = say("cli.doctor_disk", gigabytes=f"{free / 2**30:.1f}", folder=folder)
    return Line(ok=free >= _ROOM, text=text, remedy="" if free >= _ROOM else say("cli.remedy_disk"))
