from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest

from checker.phrase import phrase
from checker.verdict import Mistake
from checker.workbench.container import wait_for
from checker.workbench.script import KEPT_HEAD, KEPT_TAIL, Finished, Script

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).resolve().parent.parent.parent


class Start(Protocol):
    """Writes a script and starts it."""

    def __call__(self, text: str | bytes, *arguments: str, environment: Mapping[str, str] | None = None) -> Script:
        """Return it while it runs."""


@pytest.fixture
def start(tmp_path: Path) -> Start:
    def start(text: str | bytes, *arguments: str, environment: Mapping[str, str] | None = None) -> Script:
        path = tmp_path / "run.sh"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return Script(path, environment or {}, arguments)

    return start


@pytest.fixture
def token() -> str:
    """A number of seconds that no other sleep on this machine has."""
    return f"3{secrets.randbelow(10**12):012}"


def asleep(token: str) -> list[int]:
    """Return the processes that sleep for this long."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if words[0].endswith(b"sleep") and token.encode() in words:
            found.append(int(process.name))
    return found


def run(script: Script, seconds: float = 20) -> Finished:
    with script:
        return script.wait(seconds)


def mistake(script: Script, seconds: float = 20) -> tuple[str, str, str]:
    with script, pytest.raises(Mistake) as caught:
        script.wait(seconds)
    text = phrase(caught.value.key).fill(caught.value.blanks)
    return caught.value.key, text.en, text.ko


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("exit 0", 0),
        ("exit 7", 7),
        ("exit 255", 255),
        ("exit 256", 0),
        ("kill -9 $$", 137),
        ("kill -TERM $$", 143),
        ("kill -INT $$", 130),
        ("ulimit -c 0; kill -SEGV $$", 139),
        ("nosuchcommand", 127),
        ("trap 'exit 3' TERM; kill -TERM $$; sleep 5", 3),
    ],
)
def test_it_ends_with_the_code_a_shell_has(start: Start, body: str, code: int) -> None:
    """An exit code is passed on as it is; of a signal's victim it is 128 more than the signal's number."""
    assert run(start(f"#!/bin/bash\n{body}\n")).code == code


def test_it_runs_on_a_terminal(start: Start) -> None:
    """Input, output and error are a terminal of 80 columns, as at a learner's desk, and in the folder of the work."""
    finished = run(start("#!/bin/sh\ntest -t 0 && test -t 1 && test -t 2 && stty size && basename $PWD\n"))
    assert finished.code == 0
    assert "24 80" in finished.said


@pytest.mark.parametrize(
    "text",
    [
        "echo works $0\n",
        "#!/bin/sh\necho works\n",
        "#! /bin/bash -e\necho works\n",
        "#!/usr/bin/env bash\necho works\n",
        "#!/usr/bin/env -S bash -e -u\necho works\n",
        "#!/usr/bin/env python3\nprint('works')\n",
        "#!/bin/sh -e '\necho works\n",
        "\n\n#!/bin/no-shell-in-line-three\necho works\n",
        b"\xef\xbb\xbfecho works\n",
        b"#!/bin/sh\n# caf\xe9 \xbe\xc8\xb3\xe7\necho works\n",
        "#!/bin/sh\necho works",
    ],
    ids=[
        "no-shebang",
        "sh",
        "blank-and-option",
        "env",
        "env-s",
        "python",
        "open-quote",
        "shebang-in-line-three",
        "byte-order-mark",
        "latin-1-comment",
        "no-newline-at-the-end",
    ],
)
def test_any_first_line_that_names_an_interpreter_will_do(start: Start, text: str | bytes) -> None:
    """A script runs without x bit, with or without a first line, whatever the encoding of its comments."""
    said = run(start(text)).said
    if "'\n" in str(text):
        return  # what dash makes of a quote that never ends is its own affair; it was started
    assert "works" in said or "not found" in said


@pytest.mark.parametrize("line", ["#!/bin/no-such-shell", "#!/usr/bin/env no-such-shell", "#!/tmp", "#!/usr/bin/env"])
def test_an_interpreter_that_is_not_there_is_a_mistake(start: Start, line: str) -> None:
    """A first line that asks for a program which is not here is quoted in both languages."""
    with pytest.raises(Mistake) as caught:
        start(f"{line}\necho hi\n")
    assert caught.value.key == "script.no_interpreter"
    text = phrase(caught.value.key).fill(caught.value.blanks)
    assert text.en == f"The first line of run.sh asks for a program that is not here: {line}"
    assert text.ko == f"run.sh의 첫 줄이 찾는 프로그램이 여기에는 없어요: {line}"


def test_a_script_that_hangs_is_ended(start: Start, token: str) -> None:
    """A script that runs on is ended at its limit, with everything it started, and says after how many seconds."""
    key, en, ko = mistake(start(f"#!/bin/sh\nsleep {token}\n"), 0.5)
    assert key == "script.still_running"
    assert en.startswith("run.sh was still running after ")
    assert "저희가 멈췄어요" in ko
    assert asleep(token) == []


@pytest.mark.parametrize(("body", "program"), [("cat", "cat"), ("read answer", "bash"), ("sleep 0.1; cat -", "cat")])
def test_a_script_that_waits_for_input_is_told_apart(start: Start, body: str, program: str) -> None:
    """Who waits for somebody to type reads so, and which program it was, not just that time was up."""
    key, en, ko = mistake(start(f"#!/bin/bash\n{body}\n"), 0.7)
    if key == "script.still_running" and not Path("/proc/self/wchan").read_text(encoding="ascii").strip("0"):
        pytest.skip("this kernel does not say what a process waits for")
    assert key == "script.waits_for_input"
    assert f"waiting for somebody to type something ({program})" in en
    assert f"입력해 주기를 기다리고 있었어요({program})" in ko


def test_giving_up_early_ends_it_too(start: Start, token: str) -> None:
    """Whoever waits may give up before the time is over."""
    with start(f"#!/bin/sh\nsleep {token}\n") as script, pytest.raises(Mistake):
        script.wait(60, give_up=lambda: script.seconds > 0.3)
    assert script.seconds < 10
    assert asleep(token) == []


@pytest.mark.parametrize(
    "body",
    [
        "sleep {} &",
        "nohup sleep {} &",
        "setsid sleep {} &",
        "setsid nohup sh -c 'sleep {} & sleep {}' &",
        "(setsid sh -c '(setsid sleep {} &)' &)",
        "(trap '' HUP TERM INT; exec env -i setsid sleep {}) &",
        'python3 -c \'import os\nos.fork() or os.setsid() and os.fork() or os.execlp("sleep", "sleep", "{}")\'',
    ],
)
def test_what_it_leaves_in_the_background_goes_with_it(start: Start, token: str, body: str) -> None:
    """A process that holds the output open delays nothing, and is gone afterwards, however it hid."""
    started = time.monotonic()
    finished = run(start("#!/bin/bash\n" + body.replace("{}", token) + "\nsleep 0.2\necho done\n"))
    assert (finished.code, "done" in finished.said) == (0, True)
    assert time.monotonic() - started < 10
    assert asleep(token) == []


@pytest.mark.parametrize("kill", ["kill -9 $PPID", "kill -15 $PPID", "kill $PPID; sleep 0.1; kill -9 $PPID"])
@pytest.mark.parametrize("hidden", ["", "setsid ", "env -i setsid "])
def test_a_script_that_kills_its_parent_is_told_so(start: Start, token: str, kill: str, hidden: str) -> None:
    """Killing the process above it is a mistake with a sentence of its own, and saves nothing it has started."""
    key, en, ko = mistake(start(f"#!/bin/bash\n{hidden}sleep {token} &\nsleep 0.2\n{kill}\nsleep {token}\n"))
    assert key == "script.killed_its_parent"
    assert en.startswith("run.sh killed the process that ran it.")
    assert ko.startswith("run.sh가 자기를 실행한 프로세스를 죽였어요.")
    assert wait_for(lambda: asleep(token) == [], 2)


def test_a_parent_that_was_stopped_does_not_keep_us(start: Start, token: str) -> None:
    """A script that stops (SIGSTOP) the process above it runs into its limit, and is ended all the same."""
    key, _, _ = mistake(start(f"#!/bin/bash\nkill -STOP $PPID\nsleep {token}\n"), 0.5)
    assert key == "script.still_running"
    assert asleep(token) == []


def test_a_crowd_of_children_is_gone_at_the_end(start: Start, token: str) -> None:
    """Two hundred children, each in a session of its own, do not outlive their script."""
    finished = run(start(f"#!/bin/bash\nfor i in {{1..200}}; do setsid sleep {token} & done\n"))
    assert finished.code == 0
    assert asleep(token) == []


def test_ignored_signals_do_not_keep_it_alive(start: Start, token: str) -> None:
    """A script that ignores every signal that it can ignore is gone when it is stopped."""
    with start(f"#!/bin/bash\ntrap '' HUP INT TERM QUIT\necho ready\nwhile :; do sleep {token}; done\n") as script:
        assert script.wait_until(lambda: "ready" in script.said, 10)
    assert asleep(token) == []


def test_stopping_twice_is_harmless(start: Start) -> None:
    """A script that has ended, or was stopped, can be stopped again."""
    script = start("#!/bin/sh\nexit 4\n")
    assert script.wait(10).code == 4
    script.stop()
    script.stop()


def test_what_it_prints_is_kept_in_bounds(start: Start) -> None:
    """Of a flood the beginning and the end are kept, and that something is missing shows."""
    finished = run(start("#!/bin/bash\necho first\nhead -c 5000000 /dev/zero | tr '\\0' x\necho; echo last\n"))
    assert finished.code == 0
    assert finished.said.startswith("first")
    assert finished.said.rstrip().endswith("last")
    assert "[...]" in finished.said
    assert len(finished.said) < KEPT_HEAD + KEPT_TAIL + 100


def test_a_flood_without_end_meets_its_limit(start: Start) -> None:
    """A script that prints for ever is ended at its limit, not when somebody has read it all."""
    key, _, _ = mistake(start("#!/bin/sh\nexec yes\n"), 0.5)
    assert key == "script.still_running"


@pytest.mark.full
def test_a_gigabyte_is_read_to_its_end(start: Start) -> None:
    """A gigabyte of output neither fills the memory nor stops the script."""
    finished = run(start("#!/bin/bash\nhead -c 1000000000 /dev/zero | tr '\\0' x\necho; echo last\n"), 300)
    assert (finished.code, len(finished.said) < 300_000) == (0, True)
    assert finished.said.rstrip().endswith("last")


def test_what_it_prints_is_plain_text(start: Start) -> None:
    """Colours, titles, NUL, bytes that are no UTF-8 and controls that turn a line around arrive harmless."""
    raw = b"#!/bin/bash\nprintf 'a\\033[31mb\\033]0;title\\007c\\000d\\xff\\xc3(e\\xe2\\x80\\xaef\\rg\\n'\n"
    said = run(start(raw)).said
    assert not {"\x1b", "\x07", "\0", "\r", "\u202e"} & set(said)
    assert said.startswith("abc")


def test_its_last_lines_are_short(start: Start) -> None:
    """What is quoted of it are its last five lines that are not empty, none endless."""
    finished = run(start("#!/bin/bash\nseq 20; echo; head -c 5000 /dev/zero | tr '\\0' x; echo\n"))
    assert finished.last_lines.splitlines() == ["17", "18", "19", "20", "x" * 200]


def test_it_prints_to_the_last_byte(start: Start) -> None:
    """Nothing printed just before the end is lost, run after run."""
    for _ in range(10):
        assert run(start("#!/bin/sh\nseq 500; exit 1\n")).said.rstrip().endswith("500")


def test_closing_its_output_does_not_end_it(start: Start) -> None:
    """A script may close its terminal and go on; it has ended when it ends."""
    finished = run(start("#!/bin/bash\nexec <&- >&- 2>&-\nsleep 0.3\nexit 6\n"))
    assert finished.code == 6
    assert finished.seconds > 0.3


def test_keys_reach_it(start: Start) -> None:
    """Text and Ctrl-C are typed on its terminal: one is read, the other interrupts what is in front."""
    with start(
        "#!/bin/bash\nread line; echo got $line\ntrap 'echo stopped; exit 5' INT\necho ready\nsleep 30 &\nwait\n"
    ) as script:
        script.press("hello\n")
        assert script.wait_until(lambda: "ready" in script.said, 10)
        script.press("^C")
        assert script.wait(10).code == 5
    assert "got hello" in script.said
    assert "stopped" in script.said


def test_typing_after_its_end_is_harmless(start: Start) -> None:
    """A key that is pressed when nobody is there any more is lost, and nothing else happens."""
    with start("#!/bin/sh\nexit 0\n") as script:
        script.wait(10)
        script.press("^C")
        script.press("^C")


def test_waiting_for_something_ends_with_the_script(start: Start) -> None:
    """Who waits for what never comes is told so when the script ends, long before the time is over."""
    with start("#!/bin/sh\nexit 0\n") as script:
        assert not script.wait_until(lambda: False, 30)
        assert script.seconds < 10
        assert not script.wait_until(lambda: False, 0.05)


def test_its_environment_has_no_secrets(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only harmless variables of ours, and what the prompt promises, are in its environment."""
    monkeypatch.setenv("SECRET_TOKEN", "s3cr3t")
    monkeypatch.setenv("PYTEST_ADDOPTS", "-x")
    said = run(start("#!/bin/sh\nenv\n", environment={"KATA_VALUE": "v", "DOCKER_HOST": "unix:///x"})).said
    assert "KATA_VALUE=v" in said
    assert "DOCKER_HOST=unix:///x" in said
    assert "TERM=xterm" in said
    assert "s3cr3t" not in said
    assert "PYTEST" not in said


def test_arguments_are_passed_on(start: Start) -> None:
    """A script gets the command line that the check gives it, blanks and quotes and all."""
    assert "<a b><'>" in run(start("#!/bin/sh\nprintf '<%s>' \"$@\"\n", "a b", "'")).said


def test_signals_are_not_ignored_from_birth(start: Start) -> None:
    """A shell can trap what it did not ignore at its start (POSIX), so nothing is ignored at its start."""
    said = run(start("#!/bin/sh\ngrep SigIgn /proc/self/status\n")).said
    assert (
        int(said.split()[1], 16) & (1 << (signal.SIGINT - 1) | 1 << (signal.SIGTERM - 1) | 1 << (signal.SIGPIPE - 1))
        == 0
    )


def test_nothing_is_left_when_we_are_killed(tmp_path: Path, token: str) -> None:
    """When pytest itself is killed (-9), the script and all it started end too."""
    (tmp_path / "run.sh").write_text(f"#!/bin/bash\nsetsid sleep {token} &\nsleep {token}\n", encoding="utf-8")
    program = f"""
        import pathlib, time
        from checker.workbench.script import Script
        with Script(pathlib.Path({str(tmp_path / "run.sh")!r}), {{}}) as script:
            script.wait(60)
    """
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program)], env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    try:
        assert wait_for(lambda: len(asleep(token)) == 2, 20)
    finally:
        process.kill()
        process.wait()
    assert wait_for(lambda: asleep(token) == [], 10)


def test_no_file_descriptor_of_ours_gets_through(start: Start) -> None:
    """A script has its terminal and nothing else open, so that it can neither read nor forge what we are told."""
    said = run(start("#!/bin/sh\nls /proc/self/fd | tr '\\n' ' '\n")).said
    assert set(said.split()) <= {"0", "1", "2", "3"}  # 3 is the folder that ls reads
