from __future__ import annotations

import contextlib
import os
import re
import secrets
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from checker.author import (
    Bench,
    Ended,
    Event,
    Finished,
    Happening,
    KataError,
    Mistake,
    Registry,
    Runner,
    Workflow,
    read_workflow,
    step,
    wait_for,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

SCRIPT, WORKFLOW = "ci.sh", ".github/workflows/ci.yml"
SITE, APP, MAIN = "kata-23-site", "kata-23-app", "refs/heads/main"
BASE = "python:3.11-slim"
NOBODYS = range(1, 7)  # ports at which nothing ever listens
BRANCH = "new-words"
ALONE = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_COUNT": "1",  # the folder may belong to another user than who runs git in it
    "GIT_CONFIG_KEY_0": "safe.directory",
    "GIT_CONFIG_VALUE_0": "*",
}
RED = {  # what to say where a red commit was pushed, and where it was green
    "failing": ("failing_pushed", "failing_is_green"),
    "broken": ("broken_pushed", "broken_is_green"),
}
SPOILS = """# makes the site, and spoils what the tests read
from pathlib import Path
Path("site").mkdir(exist_ok=True)
Path("site/index.html").write_text("{words}", encoding="utf-8")
Path("words.txt").write_text("TODO", encoding="utf-8")
"""
BAD = {  # one that cannot be built, one whose test fails, and two whose test fails in the image alone
    "broken": {"build.py": "this is no Python ({words}\n"},
    "failing": {"words.txt": "TODO {words}\n"},
    "only_here": {"needs.txt": "python3 docker\n"},
    "spoilt": {"build.py": SPOILS},
}
SHORTEST = 7  # letters of a commit's id that still name it

Layers = tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Commit:
    """A commit, checked out where ci.sh runs."""

    id: str
    words: str
    github: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of one commit.

    Attributes:
        commit: The commit.
        finished: How ci.sh ended.
        new: What the registry holds now and did not before, or holds differently.
        tested: The layers of the images in whose containers something ran to a good end.
        site: What the site shows now; empty where nobody answers.
        deployed: The layers of the image that the site's container was made from; empty where there is neither.
    """

    commit: Commit
    finished: Finished
    new: frozenset[str]
    tested: frozenset[Layers]
    site: str
    deployed: Layers

    @property
    def is_green(self) -> bool:
        return self.finished.code == 0

    def under_its_id(self) -> list[str]:
        """Return what was pushed under the commit's id, in full or short."""
        return [name for name in sorted(self.new) if _is_id(name.rpartition(":")[2], self.commit.id)]


class Looking:
    """Looks at every container the moment it is made: a tag may name another image a second later."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._images: dict[str, Layers] = {}
        self._names: dict[str, str] = {}

    def hear(self, event: Event) -> None:
        """Look at what is made, unless it is gone already."""
        if (event.kind, event.action) == ("container", "create"):
            self._names[event.id] = event.about.get("image", "")
            image = self._bench.client.api.inspect_container(event.id)["Image"]
            self._images[event.id] = self._bench.layers(image)

    def layers(self, id_: str) -> Layers:
        """Return the layers of a container's image; of one that was gone too soon, those that its name has now."""
        return self._images.get(id_) or self._bench.layers(self._names.get(id_, ""))


@dataclass
class Pipeline:
    """Makes commits, has them run through, and looks at what comes of it."""

    bench: Bench
    registry: Registry
    folder: Path
    given: Path
    _address: str = ""

    def commit(self, branch: str, files: Mapping[str, str], *, event: str = "push", words: str = "") -> Commit:
        """Make a commit on a branch, out of the files as they were given and these, and check it out.

        Args:
            branch: The branch.
            files: What lies in ``app/`` in place of what was given; ``{words}`` stands for the commit's words.
            event: What happened to it.
            words: What the site is to show, to make what was built before once more; empty for words that are new.
        """
        words = words or f"words-{self.bench.nonce()}"
        given = {path.name: path.read_text(encoding="utf-8") for path in (self.given / "app").glob("*.*")}
        ours = {"words.txt": f"{words}\n", **{name: text.format(words=words) for name, text in files.items()}}
        for name, text in {**given, **ours}.items():
            self.bench.work.put(f"app/{name}", text)
        detached = [("checkout", "-q", "--detach")] if event == "pull_request" else []
        id_ = self._git(
            ("checkout", "-q", "-B", branch),
            ("add", "-A"),
            ("commit", "-q", "--allow-empty", "-m", f"Say {words}"),
            *detached,
            ("rev-parse", "HEAD"),
        )
        return Commit(id=id_, words=words, github=_github(id_, branch, event))

    def run(self, commit: Commit) -> Outcome:
        """Run ci.sh for a commit that is checked out."""
        return self._watch(commit, lambda: self.execute(commit))

    def run_workflow(self, commit: Commit, workflow: Workflow) -> tuple[Outcome, Ended]:
        """Run the workflow for a commit that is checked out."""
        ended: list[Ended] = []

        def run() -> Finished:
            ended.append(self.execute_workflow(commit, workflow))
            return ended[0].last or Finished(script=WORKFLOW, code=0, said="", seconds=0)

        return self._watch(commit, run), ended[0]

    def execute(self, commit: Commit) -> Finished:
        """Run ci.sh for a commit that is checked out, without looking at what comes of it."""
        environment = {f"GITHUB_{key.upper()}": value for key, value in commit.github.items()}
        return self._execute(SCRIPT, {"CI": "true", **environment, **self._machine})

    def execute_workflow(self, commit: Commit, workflow: Workflow) -> Ended:
        """Run the workflow for a commit that is checked out, without looking at what comes of it."""
        runner = Runner(checkout=self.folder, execute=self._execute, github=commit.github, machine=self._machine)
        return runner.run(workflow)

    @contextlib.contextmanager
    def without_registry(self) -> Iterator[None]:
        """Let scripts find nobody at the registry's address, so that a push is refused at once."""
        self._address = f"127.0.0.1:{secrets.choice(NOBODYS)}"
        try:
            yield
        finally:
            self._address = ""

    @contextlib.contextmanager
    def without_place(self) -> Iterator[None]:
        """Let the site's name be taken by a container that scripts can neither see nor remove."""
        api, site = self.bench.client.api, self.bench.find(SITE)
        if site is not None:
            api.remove_container(site.id, force=True, v=True)
        taken = self.bench.create({"Image": BASE}, SITE)
        try:
            yield
        finally:
            api.remove_container(taken.id, force=True, v=True)

    def site(self, wanted: str = "") -> str:
        """Return what the site shows, if need be once it has come to show this; empty where nobody answers."""
        seen = [""]

        def shows() -> bool:
            seen.append(self._ask_site())
            return bool(seen[-1]) and wanted in seen[-1]

        if self.bench.find(SITE) is not None:
            wait_for(shows, 8, every=0.1)
        return seen[-1]

    def tested_layers(self, network: str) -> Layers:
        """Return the layers of the stage test as a script builds it; none where nobody has built it, so that we had to.

        Args:
            network: The network of its steps: ``default``, or whatever the builder knows it by in its cache.
        """
        name = f"{self.bench.exercise.prefix}{self.bench.nonce()}"
        options = ("--progress=plain", f"--network={network}", "--target=test", f"--tag={name}")
        done = self._carry_out(("docker", "buildx", "build", "--load", *options, str(self.folder)), seconds=60)
        test = re.search(r"(?m)^(#\d+) \[test \d+/\d+\] RUN ", done.said)
        return self.bench.layers(name) if test and f"\n{test[1]} CACHED" in done.said else ()

    @property
    def _machine(self) -> dict[str, str]:
        return {"KATA_REGISTRY": self._address or self.registry.address, **ALONE}

    def _execute(self, script: str | Path, environment: Mapping[str, str]) -> Finished:
        return self.bench.run(script, {**self._machine, **environment}, seconds=60)

    def _watch(self, commit: Commit, run: Callable[[], Finished]) -> Outcome:
        before, since = self.registry.contents(), self.bench.events.position()
        looking = Looking(self.bench)
        with self.bench.events.heard_by(looking.hear):
            finished = run()
        new = set(self.registry.contents().items()) - set(before.items())
        return Outcome(
            commit=commit,
            finished=finished,
            new=frozenset(name for name, _ in new),
            tested=frozenset(looking.layers(id_) for id_ in self._ended_well(since)),
            site=self.site(commit.words if finished.code == 0 and commit.github["ref"] == MAIN else ""),
            deployed=self._deployed(),
        )

    def _ended_well(self, since: int) -> Iterator[str]:
        """Yield the ids of the containers in which a program ended well: their own, or one that docker exec started.

        The site's does not count: that it answers is no test.
        """
        for container in self.bench.created(since):
            if container.name != SITE and self.bench.exit_code(container, since=since) == 0:
                yield container.id
        for event in self.bench.events.since(since):
            ended_well = event.action == "exec_die" and event.about.get("exitCode") == "0"
            if ended_well and event.about.get("name") != SITE:
                yield event.id

    def _deployed(self) -> Layers:
        found = self.bench.find(SITE)
        with contextlib.suppress(Mistake):  # it may go this very moment
            return self.bench.layers(found.image) if found else ()
        return ()

    def _ask_site(self) -> str:
        found = self.bench.find(SITE)
        if found is None or not found.is_running:
            return ""
        networks = found.inspect()["NetworkSettings"]["Networks"].values()
        address = next((one["IPAddress"] for one in networks if one.get("IPAddress")), "127.0.0.1")
        ask = "import sys, urllib.request as r; print(r.urlopen(sys.argv[1], timeout=5).read().decode())"
        with contextlib.suppress(Mistake):  # it may be replaced this very moment
            answer = found.ask("python3", "-c", ask, f"http://{address}:8000/")
            return answer.said if answer.code == 0 else ""
        return ""

    def _git(self, *commands: tuple[str, ...]) -> str:
        """Run git as ci.sh runs, for what a script leaves in .git is carried out by whoever asks; return its last line.

        Raises:
            KataError: It would not.
        """
        done = self._carry_out(*(("git", "-C", str(self.folder), *words) for words in commands), seconds=20)
        if done.code == 127:
            raise KataError("check.no_program", program="git")
        if done.code != 0:
            raise KataError("check.engine_refused", detail=f"git {commands[0][0]}: {done.said.strip()[-300:]}")
        return done.said.strip().rpartition("\n")[2].strip()

    def _carry_out(self, *commands: tuple[str, ...], seconds: float) -> Finished:
        who = {f"GIT_{role}_{what}": "kata" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        script = self.folder.parent / f"ours-{self.bench.nonce()}"
        script.write_text("\n".join(["#!/bin/sh", "set -e", *map(shlex.join, commands), ""]), encoding="utf-8")
        return self.bench.run(script, {**ALONE, **who}, seconds=seconds)

    def begin(self) -> None:
        """Make a repository out of the copy of the work."""
        for name in (SCRIPT,):  # a bit that gets lost on the way through a browser or a zip file
            with contextlib.suppress(OSError):
                (self.folder / name).chmod(0o755)
        self._git(("init", "-q", "-b", "main"))
        self.bench.work.put(".git/info/exclude", ".runner/\n__pycache__/\n")


@step
def registry(bench: Bench) -> Iterator[Registry]:
    with bench.registry() as registry:
        yield registry


@step
def pipeline(bench: Bench, registry: Registry) -> Pipeline:
    pipeline = Pipeline(bench, registry, bench.work.folder, bench.exercise.hidden / "given")
    pipeline.begin()
    return pipeline


@step
def workflow(bench: Bench) -> Workflow:
    return read_workflow(bench.work.text(WORKFLOW), WORKFLOW)


@step
def good(bench: Bench, pipeline: Pipeline) -> Outcome:
    bench.work.script(SCRIPT)
    outcome = pipeline.run(pipeline.commit("main", {}))
    if outcome.is_green and outcome.under_its_id():
        return outcome
    if outcome.is_green and not outcome.new:
        raise bench.why(outcome.finished, otherwise=Mistake("nothing_pushed"))
    if outcome.is_green:
        raise Mistake("not_under_its_id", id=outcome.commit.id[:12], found=", ".join(sorted(outcome.new)))
    tail = outcome.finished.last_lines
    red = Mistake("good_is_red", code=outcome.finished.code, tail=tail)
    raise _why(bench, outcome.finished, red)


@step
def reds(pipeline: Pipeline, good: Outcome) -> dict[str, Outcome]:
    """The bad commits, on main.

    The one that cannot be built comes right after a good one: who then goes on with the image that is there would ship
    that once more. The last two fail in no other place than the image: one needs what every machine has that runs
    docker, the other is spoilt by its own build.
    """
    return {name: pipeline.run(pipeline.commit("main", files)) for name, files in BAD.items()}


@step
def again(pipeline: Pipeline, reds: dict[str, Outcome]) -> Outcome:
    return pipeline.run(pipeline.commit("main", {}))


@step
def branches(pipeline: Pipeline, again: Outcome) -> tuple[Outcome, Outcome]:
    """A good commit and a failing one, on a branch."""
    good = pipeline.run(pipeline.commit(BRANCH, {}))
    return good, pipeline.run(pipeline.commit(BRANCH, BAD["failing"]))


def test_good_commit_is_in_the_registry(good: Outcome) -> None:
    name = good.under_its_id()[0]
    if name.rpartition(":")[0] != APP:
        raise Mistake("other_name", found=name, wanted=APP)


def test_red_commit_is_not_pushed(reds: dict[str, Outcome]) -> None:
    for name in ("failing", "broken"):
        outcome = reds[name]
        if outcome.new:
            raise Mistake(RED[name][0], found=", ".join(sorted(outcome.new)))
        if outcome.is_green:
            raise Mistake(RED[name][1])


def test_pushes_what_was_tested(pipeline: Pipeline, reds: dict[str, Outcome], again: Outcome) -> None:
    for name, mistake in (("only_here", "tested_on_the_machine"), ("spoilt", "tested_before_the_build")):
        if reds[name].is_green or reds[name].new:
            raise Mistake(mistake)
    if not again.under_its_id():
        raise Mistake("nothing_pushed")
    _must_be_tested(pipeline, again)


def test_branch_is_not_deployed(again: Outcome, branches: tuple[Outcome, Outcome]) -> None:
    good, failing = branches
    _must_leave_the_site(again, good, "branch_deployed")
    if not good.is_green:
        raise Mistake("branch_is_red", tail=good.finished.last_lines)
    if failing.is_green:
        raise Mistake("branch_untested")
    if failing.new:
        raise Mistake("branch_failing_pushed", found=", ".join(sorted(failing.new)))
    _must_leave_the_site(again, failing, "branch_deployed")


def test_site_follows_green(pipeline: Pipeline, good: Outcome, reds: dict[str, Outcome], again: Outcome) -> None:
    if good.commit.words not in good.site:
        raise Mistake("other_site" if good.site else "no_site", site=SITE, words=good.commit.words)
    for outcome in reds.values():
        _must_leave_the_site(good, outcome, "red_deployed")
    if again.commit.words not in again.site:
        raise Mistake("site_stays_old", site=SITE)
    _must_run_what_was_pushed(pipeline, good)
    _must_mind_its_ends(pipeline, again, SCRIPT, lambda commit: pipeline.execute(commit).code == 0)


def test_workflow_does_the_same(bench: Bench, pipeline: Pipeline, workflow: Workflow) -> None:
    for event, branch in (("push", "main"), ("push", BRANCH), ("push", f"fix/{BRANCH}"), ("pull_request", "main")):
        if not workflow.is_started_by(Happening(event=event, branch=branch)):
            raise Mistake("not_started", event=event, branch=branch)
    for kind in ("opened", "synchronize"):
        if not workflow.is_started_by(Happening(event="pull_request", branch="main", kind=kind)):
            raise Mistake("proposal_untested_later")
    good = _run_good(bench, pipeline, workflow, "main", "push")
    if not good.under_its_id():
        raise Mistake("workflow_pushed_nothing")
    if good.commit.words not in good.site:
        raise Mistake("workflow_deployed_nothing")
    _must_be_tested(pipeline, good)
    _must_run_what_was_pushed(pipeline, good)
    _must_stop(pipeline, workflow, good, pipeline.commit("main", BAD["spoilt"]))
    _must_stop(pipeline, workflow, good, pipeline.commit(BRANCH, BAD["only_here"]))
    _must_stop(pipeline, workflow, good, pipeline.commit("proposal", BAD["failing"], event="pull_request"))
    _must_leave_the_site(good, _run_good(bench, pipeline, workflow, BRANCH, "push"), "branch_deployed")
    proposed = _run_good(bench, pipeline, workflow, "proposal", "pull_request")
    _must_leave_the_site(good, proposed, "workflow_deployed_a_proposal")
    _must_mind_its_ends(pipeline, good, WORKFLOW, lambda commit: pipeline.execute_workflow(commit, workflow).is_green)


# Running the workflow


def _run_good(bench: Bench, pipeline: Pipeline, workflow: Workflow, branch: str, event: str) -> Outcome:
    """Run the workflow for a good commit, which has to end green."""
    outcome, ended = pipeline.run_workflow(pipeline.commit(branch, {}, event=event), workflow)
    if not ended.is_green:
        _blame(bench, workflow, ended)
    return outcome


def _must_stop(pipeline: Pipeline, workflow: Workflow, before: Outcome, bad: Commit) -> None:
    """Run the workflow for a commit whose test fails in the image."""
    outcome, ended = pipeline.run_workflow(bad, workflow)
    if ended.is_green or outcome.new:
        raise Mistake("workflow_lets_it_pass", event=bad.github["event_name"], ref=bad.github["ref"])
    _must_leave_the_site(before, outcome, "red_deployed")


def _blame(bench: Bench, workflow: Workflow, ended: Ended) -> None:
    if not any(one.is_checkout for job in workflow.jobs for one in job.steps):
        raise Mistake("no_checkout", step=ended.failed)
    assert ended.last is not None
    raise _why(bench, ended.last, Mistake("step_failed", step=ended.failed, tail=ended.last.last_lines))


def _why(bench: Bench, finished: Finished, ours: Mistake) -> Mistake | KataError:
    """Return what Docker said, or else what we say: that is more than the exit code."""
    why = bench.why(finished, otherwise=ours)
    return ours if why.key.startswith("script.failed") else why


# Looking


def _must_be_tested(pipeline: Pipeline, outcome: Outcome) -> None:
    """Look whether what was pushed under the commit's id was tested; the commit is still checked out."""
    pushed = pipeline.registry.layers(outcome.under_its_id()[0])
    if pushed not in outcome.tested and not _was_tested_while_building(pipeline, pushed):
        raise Mistake("rebuilt" if outcome.tested else "no_test_seen")


def _was_tested_while_building(pipeline: Pipeline, pushed: Layers) -> bool:
    """Return whether tests ran in a step of the build on exactly these layers, or left the last of them.

    Such a step leaves one layer on top, in an image or at least in the builder's cache.
    """
    bench = pipeline.bench
    if any(bench.layers(row["Id"])[:-1] == pushed for row in bench.client.api.images(all=True)):
        return True
    found = (pipeline.tested_layers(network) for network in ("default", "none"))
    return any(layers and pushed in (layers, layers[:-1]) for layers in found)


def _must_run_what_was_pushed(pipeline: Pipeline, outcome: Outcome) -> None:
    """Look whether the site runs what was pushed under the commit's id, with or without what a test left in it."""
    pushed, deployed = pipeline.registry.layers(outcome.under_its_id()[0]), outcome.deployed
    if deployed and pushed not in (deployed, deployed[:-1]) and deployed != pushed[:-1]:
        raise Mistake("site_of_another_build", site=SITE)


def _must_leave_the_site(before: Outcome, after: Outcome, deployed: str) -> None:
    """Look whether the site shows what it showed before, and not what is not to be deployed."""
    if after.commit.words in after.site:
        raise Mistake(deployed)
    if before.commit.words in before.site and before.commit.words not in after.site:
        raise Mistake("site_went_down")


def _must_mind_its_ends(pipeline: Pipeline, before: Outcome, file: str, is_green: Callable[[Commit], bool]) -> None:
    """Look whether a good commit on main ends red where it cannot be pushed, and where it cannot be deployed.

    What is built is what was built before, so that it takes no time. What comes of the site meanwhile is not judged:
    it may well have been taken down for its successor.
    """
    for hindered, mistake in (
        (pipeline.without_registry, "push_failed_in_green"),
        (pipeline.without_place, "deployment_failed_in_green"),
    ):
        commit = pipeline.commit("main", {}, words=before.commit.words)
        green = False
        with hindered(), contextlib.suppress(Mistake):  # who tries again and again does not end, so not green either
            green = is_green(commit)
        if green:
            raise Mistake(mistake, file=file, site=SITE)


def _is_id(tag: str, id_: str) -> bool:
    return len(tag) >= SHORTEST and (id_.startswith(tag) or tag.endswith(id_[:SHORTEST]) or id_ in tag)


def _github(id_: str, branch: str, event: str) -> dict[str, str]:
    """Return what GitHub would tell of a commit."""
    common = {"sha": id_, "event_name": event, "repository": "kata/site", "actor": "kata", "run_number": "1"}
    if event == "pull_request":
        return {**common, "ref": "refs/pull/7/merge", "ref_name": "7/merge", "base_ref": "main", "head_ref": branch}
    return {**common, "ref": f"refs/heads/{branch}", "ref_name": branch, "base_ref": "", "head_ref": ""}
