"""Runs a workflow's steps as GitHub's runner would, with a learner's engine in the place of GitHub's machine.

What it does not have, and GitHub does: actions other than ``actions/checkout``, matrices, services, containers for
jobs, outputs of jobs, reusable workflows, secrets, and a fresh machine for each job: ours share folder and engine.
"""

from __future__ import annotations

import shlex
import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from checker.verdict import Mistake
from checker.workbench.expression import Missing, Scope, fill, holds

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from checker.workbench.script import Finished
    from checker.workbench.workflow import Job, Step, Workflow

__all__ = ["Ended", "Runner"]

FOLDER = ".runner"
_SHELLS = {
    "": "bash -e {0}",  # not the same as the next one, which alone notices a failure inside of a pipe
    "bash": "bash --noprofile --norc -eo pipefail {0}",
    "sh": "sh -e {0}",
    "python": "python3 {0}",
}
_SKIPPED, _SUCCESS, _FAILURE = "skipped", "success", "failure"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a workflow ended.

    Attributes:
        jobs: The outcome of each job: ``success``, ``failure`` or ``skipped``.
        said: What its steps printed.
        failed: The title of the first step that failed; empty where none did.
        last: How that step ended, or the last one that ran; None where none ran.
    """

    jobs: Mapping[str, str]
    said: str
    failed: str
    last: Finished | None

    @property
    def is_green(self) -> bool:
        """Whether no job failed."""
        return _FAILURE not in self.jobs.values()


@dataclass(slots=True)
class _Course:
    """What has come of a workflow so far."""

    jobs: dict[str, str] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    failed: str = ""
    last: Finished | None = None
    count: int = 0


class Runner:
    """Runs workflows in one checkout.

    Args:
        checkout: The folder with the commit, on whatever ``git`` shows there.
        execute: Runs a script, which lies in the checkout, with variables, and returns how it ended.
        github: The ``github`` context: ``sha``, ``ref``, ``ref_name``, ``event_name`` and so on.
        machine: The variables that its machine has; they are the ``vars`` context too.
    """

    def __init__(
        self,
        *,
        checkout: Path,
        execute: Callable[[Path, Mapping[str, str]], Finished],
        github: Mapping[str, str],
        machine: Mapping[str, str],
    ) -> None:
        self._checkout = checkout
        self._folder = checkout / FOLDER
        self._execute = execute
        self._github = github
        self._machine = machine

    def run(self, workflow: Workflow) -> Ended:
        """Run all jobs of a workflow, one after the other.

        Raises:
            Mistake: A step needs something that this runner does not have, or cannot be run.
        """
        course = _Course()
        try:
            for job in workflow.jobs:
                course.jobs[job.id] = self._job(workflow, job, course)
        except Missing as missing:
            raise Mistake("workflow.unsupported", feature=missing.feature, place="${{ }}") from None
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)
        return Ended(jobs=course.jobs, said="\n".join(course.said), failed=course.failed, last=course.last)

    def _job(self, workflow: Workflow, job: Job, course: _Course) -> str:
        results = [course.jobs[needed] for needed in job.needs]
        contexts = {
            "github": self._github,
            "vars": self._machine,
            "secrets": {},
            "runner": {"os": "Linux"},
            "needs": {needed: {"result": course.jobs[needed]} for needed in job.needs},
        }
        scope = Scope(contexts={**contexts, "env": {}}, failed=any(result != _SUCCESS for result in results))
        if not holds(job.condition, scope):
            return _SKIPPED
        env = {key: fill(value, scope) for part in (workflow.env, job.env) for key, value in part.items()}
        return _Steps(self, contexts, env, course).run(job)

    def lay(self, text: str, step: Step, course: _Course, *, checked_out: bool) -> Path:
        """Write a step's script, and one that runs it in its folder as GitHub does; return the latter.

        Before the checkout there is nothing in the folder in which a step runs.

        Raises:
            Mistake: It asks for a shell that is not here.
        """
        shell = _SHELLS.get(step.shell, step.shell if "{0}" in step.shell else None)
        if shell is None:
            raise Mistake("workflow.unsupported", feature=f"shell: {step.shell}", place=step.title)
        course.count += 1
        empty = self._folder / "empty"
        empty.mkdir(parents=True, exist_ok=True)
        inner = self._folder / f"step-{course.count}"
        inner.write_text(text, encoding="utf-8")
        where = (self._checkout if checked_out else empty) / step.folder
        outer = self._folder / f"run-{course.count}.sh"
        command = shell.format(shlex.quote(str(inner)))
        outer.write_text(f"#!/bin/sh\ncd {shlex.quote(str(where))} && exec {command}\n", encoding="utf-8")
        return outer

    def execute(self, script: Path, env: Mapping[str, str]) -> Finished:
        """Run a step's script with the variables that GitHub's machine has, and its own."""
        github = {f"GITHUB_{key.upper()}": value for key, value in self._github.items()}
        return self._execute(script, {"CI": "true", "GITHUB_ACTIONS": "true", **github, **self._machine, **env})

    def file(self, name: str) -> Path:
        """Return an empty file of this name in which a step can leave something for the next."""
        self._folder.mkdir(exist_ok=True)
        path = self._folder / name
        path.write_text("", encoding="utf-8")
        return path


class _Steps:
    """The steps of one job."""

    def __init__(
        self, runner: Runner, contexts: Mapping[str, Mapping[str, Any]], env: dict[str, str], course: _Course
    ) -> None:
        self._runner = runner
        self._contexts = contexts
        self._env = env
        self._course = course
        self._done: dict[str, Any] = {}
        self._failed = False
        self._checked_out = False

    def run(self, job: Job) -> str:
        """Run them all and return the job's outcome."""
        for step in job.steps:
            if not holds(step.condition, self._scope(self._env)):
                self._note(step, {}, _SKIPPED, _SKIPPED)
                continue
            if step.is_checkout:
                self._checked_out = True
                continue
            self._step(step)
        return _FAILURE if self._failed else _SUCCESS

    def _scope(self, env: Mapping[str, str]) -> Scope:
        job = {"status": _FAILURE if self._failed else _SUCCESS}
        return Scope(contexts={**self._contexts, "env": env, "job": job, "steps": self._done}, failed=self._failed)

    def _step(self, step: Step) -> None:
        env = {**self._env, **{key: fill(value, self._scope(self._env)) for key, value in step.env.items()}}
        script = self._runner.lay(fill(step.run, self._scope(env)), step, self._course, checked_out=self._checked_out)
        left = {name: self._runner.file(name.lower()) for name in ("GITHUB_ENV", "GITHUB_OUTPUT")}
        left["GITHUB_STEP_SUMMARY"] = self._runner.file("summary")
        finished = self._runner.execute(script, {**env, **{name: str(path) for name, path in left.items()}})
        self._course.last = finished
        self._course.said.append(finished.said)
        self._env.update(_pairs(left["GITHUB_ENV"]))
        outcome = _SUCCESS if finished.code == 0 else _FAILURE
        may_fail = fill(step.may_fail, self._scope(env)) == "true"
        self._note(step, _pairs(left["GITHUB_OUTPUT"]), outcome, _SUCCESS if may_fail else outcome)
        if outcome == _FAILURE and not may_fail:
            self._course.failed = self._course.failed or step.title
            self._failed = True

    def _note(self, step: Step, outputs: Mapping[str, str], outcome: str, conclusion: str) -> None:
        """Remember what later steps can ask about one that has an id."""
        if step.id:
            self._done[step.id] = {"outputs": outputs, "outcome": outcome, "conclusion": conclusion}


def _pairs(file: Path) -> dict[str, str]:
    """Read what a step left: ``name=value``, or ``name<<END`` and lines up to ``END``."""
    found: dict[str, str] = {}
    try:
        lines = iter(file.read_text(encoding="utf-8", errors="replace")[:100_000].splitlines())
    except OSError:
        return found
    for line in lines:
        name, several, end = line.partition("<<")
        if several and "=" not in name:
            found[name] = "\n".join(iter(lambda: next(lines, end), end))  # noqa: B023 - used up before the next line
        elif "=" in line:
            name, _, found[name] = line.partition("=")
    return found
