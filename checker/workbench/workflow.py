"""Reads a GitHub workflow file: what starts it, and its jobs and steps.

The file is a real one; what our runner (``runner``) does not have is a ``Mistake`` that names it and where it stands,
so that nobody takes our runner's limits for GitHub's.

Source: GitHub's documentation, "Workflow syntax for GitHub Actions".
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from checker.verdict import Mistake

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Happening", "Job", "Step", "Workflow", "read_workflow"]

# what each part of a file may say: True where we act on it, False where nothing here depends on it
_WORKFLOW = {"name": False, "run-name": False, "on": True, "env": True, "defaults": True, "jobs": True}
_WORKFLOW |= {"permissions": False, "concurrency": False}
_JOB = {"name": False, "runs-on": False, "needs": True, "if": True, "env": True, "defaults": True, "steps": True}
_JOB |= {"permissions": False, "concurrency": False, "timeout-minutes": False, "environment": False}
_STEP = {"name": True, "id": True, "if": True, "run": True, "uses": True, "with": True, "env": True, "shell": True}
_STEP |= {"working-directory": True, "continue-on-error": True, "timeout-minutes": False}
_FILTERS = {"push": {"branches", "branches-ignore", "tags", "tags-ignore"}}
_FILTERS["pull_request"] = {"branches", "branches-ignore", "types"}
_CHECKOUT = re.compile(r"actions/checkout@[\w.-]+")
_ANSWERED_TYPES = {"opened", "synchronize", "reopened"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """Something on GitHub that may start a workflow.

    Attributes:
        event: ``push`` or ``pull_request``.
        branch: The branch that was pushed to, or into which the pull request is to go.
        kind: What happened to the pull request, as GitHub calls it: ``opened``, or ``synchronize`` where more was
            pushed to it; empty for anything that it answers to unasked.
    """

    event: str
    branch: str
    kind: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a job; it has either a ``run`` or is the checkout. It ``may_fail`` where that comes to ``true``."""

    title: str
    id: str = ""
    run: str = ""
    shell: str = ""
    folder: str = ""
    condition: str = ""
    env: Mapping[str, str] = field(default_factory=dict)
    may_fail: str = ""

    @property
    def is_checkout(self) -> bool:
        """Whether it fetches the commit."""
        return not self.run


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One job, with the ids of those that have to have gone well before it."""

    id: str
    steps: tuple[Step, ...]
    needs: tuple[str, ...] = ()
    condition: str = ""
    env: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Workflow:
    """A workflow.

    Attributes:
        triggers: By event, the filters that it puts on it.
        env: Variables for all steps.
        jobs: In an order in which they can be run one after the other.
    """

    triggers: Mapping[str, Mapping[str, Any]]
    env: Mapping[str, str]
    jobs: tuple[Job, ...]

    def is_started_by(self, happening: Happening) -> bool:
        """Return whether it runs when this happens."""
        filters = self.triggers.get(happening.event)
        if filters is None:
            return False
        types = _list(filters.get("types"))
        if types and not ({happening.kind} if happening.kind else _ANSWERED_TYPES) & set(types):
            return False
        if "branches" in filters:
            return _matches(_list(filters["branches"]), happening.branch)
        if "branches-ignore" in filters:
            return not _matches(_list(filters["branches-ignore"]), happening.branch)
        return not {"tags", "tags-ignore"} & set(filters)  # who names tags alone means no branch


def read_workflow(text: str, file: str) -> Workflow:
    """Read a workflow file.

    Args:
        text: What is in it.
        file: Its name, for sentences.

    Raises:
        Mistake: It is no workflow, or needs something that our runner does not have.
    """
    import yaml  # noqa: PLC0415 - only one exercise has a workflow

    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        raise Mistake("workflow.no_yaml", file=file, line=line, problem=getattr(error, "problem", "")) from None
    if not isinstance(found, dict):
        raise Mistake("workflow.no_workflow", file=file)
    found = {("on" if key is True else str(key)): value for key, value in found.items()}  # YAML 1.1 takes on for true
    _known(found, _WORKFLOW, file)
    jobs = found.get("jobs")
    if not isinstance(jobs, dict) or not jobs or "on" not in found:
        raise Mistake("workflow.no_workflow", file=file)
    shell = _defaults(found)
    return Workflow(
        triggers=_triggers(found["on"]),
        env=_env(found),
        jobs=_in_order([_job(str(name), job, shell) for name, job in jobs.items()]),
    )


def _triggers(said: Any) -> dict[str, dict[str, Any]]:  # noqa: ANN401 - YAML is anything
    events = said if isinstance(said, dict) else dict.fromkeys(_list(said))
    for event, filters in events.items():
        for key in filters if isinstance(filters, dict) and event in _FILTERS else ():
            if key not in _FILTERS[event]:
                raise Mistake("workflow.unsupported", feature=f"{event}.{key}", place="on")
    return {str(event): filters if isinstance(filters, dict) else {} for event, filters in events.items()}


def _job(name: str, job: Any, shell: tuple[str, str]) -> Job:  # noqa: ANN401 - YAML is anything
    place = f"jobs.{name}"
    if not isinstance(job, dict):
        raise Mistake("workflow.no_steps", place=place)
    _known(job, _JOB, place)
    if not job.get("runs-on"):
        raise Mistake("workflow.no_machine", place=place)
    steps = job.get("steps")
    if not isinstance(steps, list) or not steps:
        raise Mistake("workflow.no_steps", place=place)
    own = _defaults(job)
    shell = (own[0] or shell[0], own[1] or shell[1])
    return Job(
        id=name,
        steps=tuple(_step(step, f"{place}.steps[{number}]", shell) for number, step in enumerate(steps)),
        needs=tuple(_list(job.get("needs"))),
        condition=_text(job.get("if")),
        env=_env(job),
    )


def _step(step: Any, place: str, shell: tuple[str, str]) -> Step:  # noqa: ANN401 - YAML is anything
    if not isinstance(step, dict) or ("run" in step) == ("uses" in step):
        raise Mistake("workflow.no_run", place=place)
    _known(step, _STEP, place)
    if "uses" in step:
        _must_be_checkout(step, place)
    run = _text(step.get("run"))
    return Step(
        title=_text(step.get("name")) or run.strip().partition("\n")[0][:60] or _text(step.get("uses")),
        id=_text(step.get("id")),
        run=run,
        shell=_text(step.get("shell")) or shell[0],
        folder=_text(step.get("working-directory")) or shell[1],
        condition=_text(step.get("if")),
        env=_env(step),
        may_fail=_text(step.get("continue-on-error")),
    )


def _must_be_checkout(step: Mapping[str, Any], place: str) -> None:
    uses, options = _text(step["uses"]), step.get("with") or {}
    if not _CHECKOUT.fullmatch(uses):
        raise Mistake("workflow.action", action=uses, place=place)
    for option in options:
        if option not in {"fetch-depth", "persist-credentials", "show-progress"}:
            raise Mistake("workflow.unsupported", feature=f"{uses} with {option}", place=place)


def _in_order(jobs: list[Job]) -> tuple[Job, ...]:
    """Return the jobs so that each comes after those that it needs."""
    done: list[Job] = []
    while len(done) < len(jobs):
        ids = {job.id for job in done}
        ready = [job for job in jobs if job.id not in ids and set(job.needs) <= ids]
        if not ready:
            stuck = next(job for job in jobs if job.id not in ids)
            raise Mistake("workflow.needs", place=f"jobs.{stuck.id}", needs=", ".join(stuck.needs))
        done.append(ready[0])
    return tuple(done)


def _known(part: Mapping[str, Any], keys: Mapping[str, bool], place: str) -> None:
    for key in part:
        if str(key) not in keys:
            raise Mistake("workflow.unsupported", feature=str(key), place=place)


def _defaults(part: Mapping[str, Any]) -> tuple[str, str]:
    """Return the shell and the folder that a part's run steps have by default."""
    run = (part.get("defaults") or {}).get("run") or {}
    return _text(run.get("shell")), _text(run.get("working-directory"))


def _env(part: Mapping[str, Any]) -> dict[str, str]:
    found = part.get("env") or {}
    return {str(key): _text(value) for key, value in found.items()} if isinstance(found, dict) else {}


def _text(value: Any) -> str:  # noqa: ANN401 - YAML is anything
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def _list(value: Any) -> list[str]:  # noqa: ANN401 - YAML is anything
    if isinstance(value, list):
        return [str(item) for item in value]
    return [] if value is None else [str(value)]


def _matches(patterns: list[str], branch: str) -> bool:
    """Return what GitHub's filter patterns say of a branch; a later one with ``!`` takes back what came before."""
    found = False
    for pattern in patterns:
        wanted = not pattern.startswith("!")
        expression = re.escape(pattern.removeprefix("!")).replace(r"\*\*", ".*").replace(r"\*", "[^/]*")
        if re.fullmatch(expression, branch):
            found = wanted
    return found
