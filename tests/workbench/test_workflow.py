from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from checker.phrase import phrase
from checker.verdict import Mistake
from checker.workbench.expression import Missing, Scope, fill, holds
from checker.workbench.runner import Ended, Runner
from checker.workbench.script import Finished
from checker.workbench.workflow import Happening, read_workflow

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FILE = ".github/workflows/ci.yml"
GITHUB = {"sha": "3f9c2e1", "ref": "refs/heads/main", "ref_name": "main", "event_name": "push"}
SCOPE = Scope(contexts={"github": GITHUB, "env": {"LEVEL": "2"}, "steps": {"test": {"outputs": {"tested": "yes"}}}})
AFTER_A_FAILURE = Scope(contexts=SCOPE.contexts, failed=True)


def written(steps: str, on: str = "[push, pull_request]", job: str = "") -> str:
    return f"on: {on}\njobs:\n  ci:\n    runs-on: ubuntu-latest\n{job}    steps:\n{steps}"


def execute(script: Path, environment: Mapping[str, str]) -> Finished:
    done = subprocess.run(
        ["/bin/sh", str(script)],
        env={"PATH": "/usr/bin:/bin", **environment},
        cwd=script.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    return Finished(script=script.name, code=done.returncode, said=done.stdout + done.stderr, seconds=0)


def ran(folder: Path, text: str) -> Ended:
    (folder / "words.txt").write_text("the commit is here\n", encoding="utf-8")
    runner = Runner(checkout=folder, execute=execute, github=GITHUB, machine={"KATA_REGISTRY": "127.0.0.1:5"})
    return runner.run(read_workflow(text, FILE))


def sentence(mistake: Mistake) -> tuple[str, str]:
    text = phrase(mistake.key).fill(mistake.blanks)
    return text.en, text.ko


@pytest.mark.parametrize(
    ("condition", "wanted"),
    [
        ("github.ref == 'refs/heads/main'", True),
        ("${{ github.event_name == 'PUSH' && github.ref_name != 'main' }}", False),
        ("github.ref_name == 'x' || (startsWith(github.ref, 'refs/heads/') && !endsWith(github.ref, 'x'))", True),
        ("contains(github.ref, 'pull')", False),
        ("steps.test.outputs.tested == 'yes'", True),
        ("steps.other.outputs.tested", False),
        ("env.LEVEL == 2", True),
        ("true", True),
        ("", True),
    ],
)
def test_a_condition_is_worked_out_as_github_does(condition: str, wanted: bool) -> None:  # noqa: FBT001
    """Comparisons do not mind upper and lower case, what is not there is empty, and && binds tighter than ||."""
    assert holds(condition, SCOPE) is wanted


def test_after_a_failure_only_what_asks_for_it_goes_on() -> None:
    """A condition that asks for no status wants, beside what it says, that nothing has failed."""
    assert not holds("github.ref_name == 'main'", AFTER_A_FAILURE)
    assert not holds("", AFTER_A_FAILURE)
    assert holds("always()", AFTER_A_FAILURE)
    assert holds("failure() && github.ref_name == 'main'", AFTER_A_FAILURE)
    assert not holds("failure()", SCOPE)


def test_a_text_is_filled() -> None:
    """Each ${{ … }} in a text gives way to its value."""
    assert fill("app:${{ github.sha }}-${{env.LEVEL}}${{ github.nothing }}", SCOPE) == "app:3f9c2e1-2"


@pytest.mark.parametrize("expression", ["hashFiles('x')", "matrix.python", "github['ref']", "1 +", "a b", ""])
def test_what_an_expression_needs_and_is_not_here_is_named(expression: str) -> None:
    """Nothing is guessed: an unknown function, context or sign is said to be missing."""
    with pytest.raises(Missing):
        fill("${{ %s }}" % expression, SCOPE)  # noqa: UP031 - braces upon braces


@pytest.mark.parametrize(
    ("on", "push", "proposal"),
    [
        ("push", True, False),
        ("[push, pull_request]", True, True),
        ("{push: {branches: [main]}, pull_request: {branches: ['rel/*']}}", True, False),
        ("{push: {branches: ['**', '!main']}, pull_request: }", False, True),
        ("{push: {branches-ignore: [main]}, pull_request: {types: [closed]}}", False, False),
        ("{push: {tags: ['v*']}}", False, False),
        ("workflow_dispatch", False, False),
    ],
)
def test_a_workflow_knows_what_starts_it(on: str, push: bool, proposal: bool) -> None:  # noqa: FBT001
    """What stands under on: is read with its filters, though YAML itself takes the word on for true."""
    workflow = read_workflow(written("      - run: ls\n", on), FILE)
    assert workflow.is_started_by(Happening(event="push", branch="main")) is push
    assert workflow.is_started_by(Happening(event="pull_request", branch="main")) is proposal


def test_a_proposal_is_opened_and_then_pushed_to() -> None:
    """Who names types hears of these alone; who names none hears of everything that brings something new."""
    events = [Happening(event="pull_request", branch="main", kind=kind) for kind in ("opened", "synchronize")]
    for on, wanted in (
        ("pull_request", [True, True]),
        ("{pull_request: {types: opened}}", [True, False]),
        ("{pull_request: {types: [synchronize, reopened]}}", [False, True]),
        ("{pull_request: {types: [opened, synchronize]}}", [True, True]),
    ):
        workflow = read_workflow(written("      - run: ls\n", on), FILE)
        assert [workflow.is_started_by(event) for event in events] == wanted


@pytest.mark.parametrize(
    ("text", "key", "shown"),
    [
        ("on: [push\n", "workflow.no_yaml", FILE),
        ("- a list", "workflow.no_workflow", FILE),
        ("on: push\n", "workflow.no_workflow", FILE),
        ("on: push\njobs: {ci: {runs-on: x}}\n", "workflow.no_steps", "jobs.ci"),
        ("on: push\njobs: {ci: {steps: [{run: x}]}}\n", "workflow.no_machine", "jobs.ci"),
        (written("      - name: nothing\n"), "workflow.no_run", "jobs.ci.steps[0]"),
        (written("      - uses: docker/login-action@v3\n"), "workflow.action", "docker/login-action@v3"),
        (written("      - uses: actions/checkout@v4\n        with: {ref: x}\n"), "workflow.unsupported", "ref"),
        (
            written("      - run: ls\n", job="    services: {redis: {image: redis}}\n"),
            "workflow.unsupported",
            "services",
        ),
        (written("      - run: ls\n", job="    needs: other\n"), "workflow.needs", "other"),
        (written("      - run: ls\n", "{push: {paths: [app]}}"), "workflow.unsupported", "push.paths"),
    ],
)
def test_what_is_wrong_or_not_here_is_said_in_both_languages(text: str, key: str, shown: str) -> None:
    """A file that is none, and each feature that our runner lacks, gets a sentence that names it."""
    with pytest.raises(Mistake) as caught:
        read_workflow(text, FILE)
    assert caught.value.key == key
    assert all(shown in said for said in sentence(caught.value))


def test_before_the_checkout_the_folder_is_empty(tmp_path: Path) -> None:
    """As on GitHub: a step finds the commit only after actions/checkout."""
    before = ran(tmp_path, written("      - run: cat words.txt\n"))
    after = ran(tmp_path, written("      - uses: actions/checkout@v4\n      - run: cat words.txt\n"))
    assert (before.is_green, before.failed) == (False, "cat words.txt")
    assert after.is_green
    assert "the commit is here" in after.said


def test_a_pipe_hides_a_failure_unless_bash_is_asked_for(tmp_path: Path) -> None:
    """A plain run: has no pipefail, one with shell: bash has."""
    assert ran(tmp_path, written("      - run: false | cat\n")).is_green
    assert not ran(tmp_path, written("      - run: false | cat\n        shell: bash\n")).is_green


def test_a_failed_step_ends_its_job_and_those_that_need_it(tmp_path: Path) -> None:
    """What comes after a failure is skipped, a step that may fail is none, and an if: can still want to run."""
    text = written(
        "      - run: exit 3\n        continue-on-error: true\n"
        "      - run: exit 4\n      - run: echo not this\n      - if: failure()\n        run: echo but this\n"
    )
    ended = ran(tmp_path, text + "  deploy:\n    needs: ci\n    runs-on: x\n    steps:\n      - run: echo nor this\n")
    assert (ended.failed, ended.jobs) == ("exit 4", {"ci": "failure", "deploy": "skipped"})
    assert "but this" in ended.said
    assert "not this" not in ended.said
    assert "nor this" not in ended.said


def test_a_step_may_fail_where_an_expression_says_so(tmp_path: Path) -> None:
    """continue-on-error is worked out; what came of a step, and what is made of that, are two things."""
    text = written(
        "      - id: bad\n        run: exit 3\n        continue-on-error: ${{ github.ref_name == 'main' }}\n"
        "      - id: left\n        if: github.ref_name == 'x'\n        run: echo\n"
        "      - run: echo ${{ steps.bad.outcome }} ${{ steps.bad.conclusion }} ${{ steps.left.outcome }}"
        " ${{ job.status }}\n"
    )
    ended = ran(tmp_path, text)
    assert ended.is_green
    assert "failure success skipped success" in ended.said
    assert not ran(tmp_path, text.replace("== 'main'", "!= 'main'")).is_green


def test_steps_see_their_environment_and_leave_something_for_later_ones(tmp_path: Path) -> None:
    """Variables of the machine, of workflow, job and step, and what GITHUB_ENV and GITHUB_OUTPUT hold, reach a step."""
    text = "env: {A: one}\n" + written(
        "      - id: first\n        env: {C: '${{ env.B }} three'}\n"
        '        run: |\n          echo "$A $B $C $GITHUB_SHA $CI $KATA_REGISTRY"\n'
        "          echo 'D=four' >>$GITHUB_ENV\n          printf 'E<<X\\nfi\\nve\\nX\\n' >>$GITHUB_OUTPUT\n"
        '      - run: echo "$D ${{ steps.first.outputs.E }} ${{ vars.KATA_REGISTRY }}"\n',
        job="    env: {B: two}\n",
    )
    said = ran(tmp_path, text).said
    assert "one two two three 3f9c2e1 true 127.0.0.1:5" in said
    assert "four fi\nve 127.0.0.1:5" in said
    assert not (tmp_path / ".runner").exists()


def test_an_unknown_shell_and_an_unknown_context_are_named(tmp_path: Path) -> None:
    """What only shows when a step is about to run is said as well."""
    for step in ("shell: pwsh\n        run: ls", "run: ls ${{ matrix.folder }}"):
        with pytest.raises(Mistake) as caught:
            ran(tmp_path, written(f"      - {step}\n"))
        assert caught.value.key == "workflow.unsupported"
        assert any(word in sentence(caught.value)[1] for word in ("pwsh", "matrix"))
