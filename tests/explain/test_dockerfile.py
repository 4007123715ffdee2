"""What builders say of a Dockerfile: tables of wordings, and the builder at hand (marked docker)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from checker.explain.output import explain

if TYPE_CHECKING:
    from pathlib import Path

    from tests.explain.conftest import Desk, Expect

SOLVE = "ERROR: failed to solve: "
EXCERPT = """Dockerfile:2
--------------------
   1 |     FROM busybox:1
   2 | >>> {line}
   3 |
--------------------
"""
CHECKSUM = "failed to compute cache key: failed to calculate checksum of ref fbee51cc-5fee::xansyh"

WORDINGS: dict[str, tuple[str, dict[str, str], str]] = {
    "8, buildkit 0.13": (
        "unknown_instruction",
        {"place": "Dockerfile:2", "instruction": "RUNN", "nearest": "RUN"},
        EXCERPT.format(line="RUNN true")
        + f"{SOLVE}dockerfile parse error on line 2: unknown instruction: RUNN (did you mean RUN?)",
    ),
    "8, buildx 0.29": (
        "unknown_instruction",
        {"place": "Dockerfile:2", "instruction": "RUNN", "nearest": "RUN"},
        EXCERPT.format(line="RUNN true") + "ERROR: failed to build: failed to solve: dockerfile parse error on line 2: "
        "unknown instruction: RUNN",
    ),
    "8, buildkit 0.9": (
        "unknown_instruction",
        {"place": "Dockerfile:2", "instruction": "COPPY", "nearest": "COPY"},
        (
            "failed to solve with frontend dockerfile.v0: failed to create LLB definition: dockerfile parse "
            "error line 2: "
            "unknown instruction: COPPY"
        ),
    ),
    "8, classic builder": (
        "unknown_instruction",
        {"place": "Dockerfile:2", "instruction": "FORM", "nearest": "FROM"},
        "Error response from daemon: dockerfile parse error line 2: unknown instruction: FORM",
    ),
    "8, compose": (
        "unknown_instruction",
        {"place": "Dockerfile.web:2", "instruction": "RUNN", "nearest": "RUN"},
        (
            "#1 [web internal] load build definition from Dockerfile.web\n"
            "target web: failed to solve: dockerfile parse error on line 2: unknown instruction: RUNN (did "
            "you mean RUN?)"
        ),
    ),
    "8, no instruction at all": (
        "no_instruction",
        {"place": "Dockerfile:2", "instruction": "apt-get"},
        f"{SOLVE}dockerfile parse error on line 2: unknown instruction: apt-get",
    ),
    "flag": (
        "unknown_flag",
        {"place": "Dockerfile:2", "flag": "chwon"},
        f"{SOLVE}dockerfile parse error on line 2: unknown flag: chwon (did you mean chown?)",
    ),
    "arguments": (
        "instruction_arguments",
        {"place": "Dockerfile:2", "said": "COPY requires at least two arguments"},
        (f"{SOLVE}dockerfile parse error on line 2: COPY requires at least two arguments, but only one was provided."),
    ),
    "arguments without a line": (
        "instruction_arguments",
        {"place": "Dockerfile:2", "said": "ENV must have two arguments"},
        EXCERPT.format(line="ENV x") + f"{SOLVE}ENV must have two arguments",
    ),
    "before FROM": (
        "before_from",
        {"place": "Dockerfile:2"},
        EXCERPT.format(line="RUN true") + f"{SOLVE}no build stage in current context",
    ),
    "empty": ("empty_dockerfile", {"file": "Dockerfile"}, f"{SOLVE}the Dockerfile cannot be empty"),
    "empty, classic": (
        "empty_dockerfile",
        {"file": "Dockerfile"},
        "Error response from daemon: the Dockerfile (Dockerfile) cannot be empty",
    ),
    "only comments": (
        "empty_dockerfile",
        {"file": "Dockerfile"},
        EXCERPT.format(line="# x") + f"{SOLVE}file with no instructions",
    ),
    "blank base": (
        "blank_base",
        {"place": "Dockerfile:2", "name": "${BASE}"},
        EXCERPT.format(line="FROM ${BASE}") + f"{SOLVE}base name (${{BASE}}) should not be blank",
    ),
    "anything else with a line": (
        "build_refused",
        {"place": "Dockerfile:2", "said": "unterminated heredoc"},
        EXCERPT.format(line="RUN <<E") + f"{SOLVE}unterminated heredoc",
    ),
    "5, buildkit": (
        "copy_outside_context",
        {"place": "Dockerfile:2", "path": "../x"},
        EXCERPT.format(line="COPY ../x /x") + f'{SOLVE}{CHECKSUM}: "/x": not found',
    ),
    "5, classic": (
        "copy_outside_context",
        {"path": "../x"},
        "Step 2/2 : COPY ../x /x/\nCOPY failed: forbidden path outside the build context: ../x ()",
    ),
    "6, buildkit": (
        "copy_missing",
        {"place": "Dockerfile:2", "path": "a.py"},
        EXCERPT.format(line="COPY a.py b.py /x/") + f'{SOLVE}{CHECKSUM}: "/a.py": not found',
    ),
    "6, buildkit 0.9": (
        "copy_missing",
        {"path": "a.py"},
        'failed to solve: failed to compute cache key: "/a.py" not found: not found',
    ),
    "6, wildcard": (
        "copy_missing",
        {"place": "Dockerfile:2", "path": "sub/*.py"},
        EXCERPT.format(line="COPY sub/*.py /x/")
        + f"{SOLVE}lstat /var/lib/docker/tmp/buildkit-mount23/sub: no such file or directory",
    ),
    "6, classic": (
        "copy_missing",
        {"path": "a.py"},
        (
            "Step 2/2 : COPY a.py /x/\nCOPY failed: file not found in build context or excluded by "
            ".dockerignore: "
            "stat a.py: file does not exist"
        ),
    ),
    "6, from a stage": (
        "copy_not_in_stage",
        {"place": "Dockerfile:2", "path": "/a", "stage": "one"},
        EXCERPT.format(line="COPY --from=one /a /x/") + f'{SOLVE}{CHECKSUM}: "/a": not found',
    ),
    "7": (
        "no_dockerfile",
        {"wanted": "Dockerfile"},
        f"{SOLVE}failed to read dockerfile: open Dockerfile: no such file or directory",
    ),
    "7, buildkit 0.9": (
        "no_dockerfile",
        {"wanted": "Dockerfile"},
        (
            "failed to solve with frontend dockerfile.v0: failed to read dockerfile: open "
            "/var/lib/docker/tmp/buildkit-mount12/Dockerfile: no such file or directory"
        ),
    ),
    "7, classic": (
        "no_dockerfile",
        {"wanted": "Dockerfile"},
        (
            "unable to prepare context: unable to evaluate symlinks in Dockerfile path: lstat "
            "/a/b/Dockerfile: no such "
            "file or directory"
        ),
    ),
    "23": (
        "apt_asks",
        {"place": "Dockerfile:2"},
        "------\n > [2/2] RUN apt-get install less:\n1.234 After this operation, 300 kB will be "
        "used.\n1.240 Do you want "
        "to continue? [Y/n] Abort.\n------\n"
        + EXCERPT.format(line="RUN apt-get install less")
        + f'{SOLVE}process "/bin/sh -c apt-get install less" did not complete successfully: exit code: 1',
    ),
    "23, classic": (
        "apt_asks",
        {},
        (
            "Step 2/2 : RUN apt-get install less\n ---> Running in e3\nDo you want to continue? [Y/n] "
            "Abort.\n"
            "The command '/bin/sh -c apt-get install less' returned a non-zero code: 1"
        ),
    ),
    "23, log of a raw build": (
        "apt_asks",
        {"place": "Dockerfile:2"},
        "Reading package lists...\nDo you want to continue? [Y/n] Abort.\n"
        + EXCERPT.format(line="RUN apt-get install less")
        + f'{SOLVE}process "/bin/sh -c apt-get install less" did not complete successfully: exit code: 1',
    ),
    "no network, pip": (
        "run_needs_network",
        {"place": "Dockerfile:2"},
        "------\n > [2/2] RUN pip install x:\n3.5 WARNING: Retrying (Retry(total=4)) after connection "
        "broken by "
        "'NewConnectionError('<pip>: Failed to establish a new connection: [Errno -3] Temporary failure "
        "in name "
        "resolution')': /simple/x/\n------\n"
        + EXCERPT.format(line="RUN pip install x")
        + f'{SOLVE}process "/bin/sh -c pip install x" did not complete successfully: exit code: 1',
    ),
    "no network, npm": (
        "run_needs_network",
        {"place": "Dockerfile:2"},
        "------\n > [2/2] RUN npm ci:\n3.5 npm error code EAI_AGAIN\n------\n"
        + EXCERPT.format(line="RUN npm ci")
        + f'{SOLVE}process "/bin/sh -c npm ci" did not complete successfully: exit code: 1',
    ),
    "unknown package": (
        "apt_knows_no_package",
        {"place": "Dockerfile:2", "package": "lesss"},
        "------\n > [2/2] RUN apt-get install -y lesss:\n1.2 Building dependency tree...E: Unable to "
        "locate package lesss\n------\n"
        + EXCERPT.format(line="RUN apt-get install -y lesss")
        + f'{SOLVE}process "/bin/sh -c apt-get" did not complete successfully: exit code: 100',
    ),
    "missing program": (
        "run_no_program",
        {"place": "Dockerfile:2", "program": "pipp"},
        "------\n > [2/2] RUN pipp install x:\n0.1 /bin/sh: 1: pipp: not found\n------\n"
        + EXCERPT.format(line="RUN pipp install x")
        + f'{SOLVE}process "/bin/sh -c pipp install x" did not complete successfully: exit code: 127',
    ),
    "a step that fails": (
        "run_failed",
        {"place": "Dockerfile:2", "command": "make all", "code": "2", "tail": "two\nthree"},
        "------\n > [2/2] RUN make all:\n0.1 two\n0.2 three\n------\n"
        + EXCERPT.format(line="RUN make all")
        + f'{SOLVE}process "/bin/sh -c make all" did not complete successfully: exit code: 2',
    ),
    "a step that misses a module": (  # its error has the letters of a network's
        "run_failed",
        {"place": "Dockerfile:2", "tail": "ModuleNotFoundError: No module named 'x'"},
        "------\n > [2/2] RUN python3 -c 'import x':\n0.1 ModuleNotFoundError: No module named 'x'\n------\n"
        + EXCERPT.format(line="RUN python3 -c 'import x'")
        + f"{SOLVE}process \"/bin/sh -c python3 -c 'import x'\" did not complete successfully: exit code: 1",
    ),
    "a step that fails, buildkit 0.9": (
        "run_failed_silently",
        {"code": "2"},
        (
            "failed to solve with frontend dockerfile.v0: failed to build LLB: executor failed running "
            "[/bin/sh -c false]: "
            "exit code: 2"
        ),
    ),
    "a step that fills the disk": (
        "disk_full",
        {},
        (
            "------\n > [2/2] RUN dd:\n0.1 dd: error writing 'x': No space left on device\n------\n"
            f'{SOLVE}process "/bin/sh -c dd" did not complete successfully: exit code: 1'
        ),
    ),
}


@pytest.mark.parametrize("wording", WORDINGS)
def test_each_wording_means_the_same_mistake(wording: str, expect: Expect) -> None:
    """A mistake in a Dockerfile is recognised in the words of old and new builders, with file and line."""
    key, blanks, said = WORDINGS[wording]
    expect(explain(said), key, **blanks)


def test_a_line_is_found_in_the_file_where_the_builder_names_none(tmp_path: Path, expect: Expect) -> None:
    """Compose and the classic builder show the step only; its line is looked up."""
    (tmp_path / "Dockerfile").write_text("FROM busybox:1\n\nRUN echo hello && \\\n    false\n")
    said = (
        "------\n > [web 2/2] RUN echo hello &&     false:\n0.126 hello\n------\n"
        'failed to solve: process "/bin/sh -c echo hello && false" did not complete successfully: exit '
        "code: 1"
    )
    expect(explain(said, work=tmp_path), "run_failed", place="Dockerfile:3", tail="hello")
    said = "Step 2/2 : RUN echo hello &&     false\nhello\nThe command '/bin/sh -c x' returned a non-zero code: 1"
    expect(explain(said, work=tmp_path), "run_failed", place="Dockerfile:3", tail="hello")


def test_a_tail_stays_short(expect: Expect) -> None:
    """Of a long log the last five lines are quoted, at most 400 characters."""
    log = "\n".join(f"0.1 line {number} {'x' * 200}" for number in range(100))
    ended = f'{SOLVE}process "x" did not complete successfully: exit code: 1'
    said = f"------\n > [2/2] RUN x:\n{log}\n------\n{ended}"
    answer = explain(said)
    expect(answer, "run_failed", code="1")
    assert answer is not None
    assert len(str(answer.blanks["tail"])) <= 400
    assert "line 99" in str(answer.blanks["tail"])


@pytest.mark.parametrize("name", ["dockerfile.txt", "Dockerfile.txt", "DockerFile", "dockerfile", "Dokerfile"])
def test_a_misnamed_dockerfile_is_found(name: str, tmp_path: Path, expect: Expect) -> None:
    """The file that was probably meant is named."""
    (tmp_path / name).touch()
    (tmp_path / ".dockerignore").touch()
    said = f"{SOLVE}failed to read dockerfile: open Dockerfile: no such file or directory"
    expect(explain(said, work=tmp_path), "misnamed_dockerfile", wanted="Dockerfile", found=name)


@pytest.mark.docker
class TestTheBuilder:
    """The builder at hand is provoked."""

    def test_5_copy_from_outside(self, desk: Desk, expect: Expect) -> None:
        """The path is shown as the learner wrote it, not as the builder reports it."""
        (desk.work.parent / "x").touch()
        answer = desk.explain(desk.build("FROM busybox:1\nCOPY ../x /x\n"))
        english, korean = expect(answer, "copy_outside_context", place="Dockerfile:2", path="../x")
        assert english == (
            "Dockerfile:2: ../x lies outside the build context. A build sees only what is inside that "
            "folder; .. does "
            "not lead out of it."
        )
        assert korean == (
            "Dockerfile:2: ../x는 build context 밖에 있어요. "
            "빌드는 그 폴더 안에 있는 것만 볼 수 있어서, .. 으로도 밖으로 나갈 수 없어요."
        )

    def test_6_copy_of_a_missing_file(self, desk: Desk, expect: Expect) -> None:
        """The nearest names are offered: another spelling, another folder, another case."""
        desk.write("app/server.py", "")
        answer = desk.explain(desk.build("FROM busybox:1\nCOPY app/serevr.py /x/\n"))
        expect(answer, "copy_misspelt", place="Dockerfile:2", path="app/serevr.py", nearest="app/server.py")
        answer = desk.explain(desk.build('FROM busybox:1\nCOPY ["Server.py", "/x/"]\n'))
        expect(answer, "copy_misspelt", path="Server.py", nearest="app/server.py")
        answer = desk.explain(desk.build("FROM busybox:1\nCOPY wheels/ /x/\n"))
        expect(answer, "copy_missing", place="Dockerfile:2", path="wheels")
        answer = desk.explain(desk.build("FROM busybox:1 AS one\nFROM busybox:1\nCOPY --from=one /a /x/\n"))
        expect(answer, "copy_not_in_stage", place="Dockerfile:3", path="/a", stage="one")

    def test_6_copy_of_an_ignored_file(self, desk: Desk, expect: Expect) -> None:
        """A file that is there but ignored is explained with the line that ignores it."""
        desk.write("app/server.py", "")
        desk.write(".dockerignore", "# secrets\n.env\n**/*.py\n")
        answer = desk.explain(desk.build("FROM busybox:1\nCOPY app/server.py /x/\n"))
        expect(answer, "copy_ignored", path="app/server.py", line=".dockerignore:3", pattern="**/*.py")

    def test_6_another_folder_as_context(self, desk: Desk, expect: Expect) -> None:
        """A file that is there, but not in the folder that was handed over, is not called missing."""
        desk.write("app/Dockerfile", "FROM busybox:1\nCOPY quotes.txt /\n")
        desk.write("quotes.txt", "")
        answer = desk.explain(desk.docker("build", "app"))
        expect(answer, "copy_other_context", place="Dockerfile:2", path="quotes.txt")

    def test_7_a_misnamed_dockerfile(self, desk: Desk, expect: Expect) -> None:
        """The file that was meant is named."""
        desk.write("dockerfile.txt", "FROM busybox:1\n")
        answer = desk.explain(desk.docker("build", "."))
        expect(answer, "misnamed_dockerfile", wanted="Dockerfile", found="dockerfile.txt")

    @pytest.mark.parametrize(
        ("dockerfile", "key", "blanks"),
        [
            (
                "FROM busybox:1\nRUNN true\n",
                "unknown_instruction",
                {"place": "Dockerfile:2", "nearest": "RUN"},
            ),
            ("FORM busybox:1\n", "unknown_instruction", {"place": "Dockerfile:1", "nearest": "FROM"}),
            ("FROM busybox:1\napt-get install x\n", "no_instruction", {"place": "Dockerfile:2"}),
            ("RUN true\nFROM busybox:1\n", "before_from", {"place": "Dockerfile:1"}),
            ("FROM busybox:1\nCOPY x\n", "instruction_arguments", {"place": "Dockerfile:2"}),
            ("FROM busybox:1\nENV x\n", "instruction_arguments", {"place": "Dockerfile:2"}),
            ("FROM\n", "instruction_arguments", {"place": "Dockerfile:1"}),
            ("", "empty_dockerfile", {"file": "Dockerfile"}),
            ("# nothing\n", "empty_dockerfile", {"file": "Dockerfile"}),
            (
                "FROM busybox:1\nCOPY --chwon=1 a /\n",
                "unknown_flag",
                {"place": "Dockerfile:2", "flag": "chwon"},
            ),
            ("FROM ${BASE}\n", "blank_base", {"place": "Dockerfile:1"}),
            ("FROM busybox:1\nEXPOSE abc\n", "build_refused", {"place": "Dockerfile:2"}),
            ("FROM busybox:1\nRUN cat <<EOF\nhello\n", "build_refused", {"place": "Dockerfile:2"}),
            ("FROM busybox:1\nRUN pipp x\n", "run_no_program", {"place": "Dockerfile:2", "program": "pipp"}),
            ("FROM busybox:1\nRUN wget http://example.com\n", "run_needs_network", {"place": "Dockerfile:2"}),
            (
                "FROM busybox:1\nRUN echo a; \\\n exit 3\n",
                "run_failed",
                {"place": "Dockerfile:2", "code": "3", "tail": "a"},
            ),
            ("FROM busybox:1\nRUN exit 3\n", "run_failed_silently", {"place": "Dockerfile:2", "code": "3"}),
        ],
    )
    @pytest.mark.parametrize("builder", ["buildkit", "classic"])
    def test_8_what_is_wrong_in_a_line(
        self, desk: Desk, expect: Expect, *, builder: str, dockerfile: str, key: str, blanks: dict[str, str]
    ) -> None:
        """Both builders' complaints about a line are recognised; BuildKit's with the line."""
        # the classic builder keeps the container in which a step failed
        keeps_nothing = () if builder == "buildkit" else ("--force-rm",)
        said = desk.build(dockerfile, *keeps_nothing, DOCKER_BUILDKIT="1" if builder == "buildkit" else "0")
        if builder == "classic":
            if key in {"build_refused", "unknown_flag", "blank_base"} or "<<" in dockerfile:
                pytest.skip("it knows this not, or says it otherwise")
            blanks = {name: value for name, value in blanks.items() if name != "place"}
        expect(desk.explain(said), key, **blanks)

    @pytest.mark.parametrize(
        ("dockerfile", "key", "blanks"),
        [
            ("FROM ${HOST}/x:1\n", "base_variable_empty", {"variable": "HOST", "image": "/x:1"}),
            ("ARG HOST=h\nFROM ${HOST}/x:$TAG\n", "base_variable_empty", {"variable": "TAG", "image": "h/x:"}),
            ("ARG TAG\nFROM busybox:$TAG\n", "base_variable_empty", {"place": "Dockerfile:2", "variable": "TAG"}),
            ("FROM busybox:1\nARG TAG=1\nFROM busybox:$TAG\n", "base_variable_empty", {"place": "Dockerfile:3"}),
            ("FROM $(BASE)/x:1\n", "parentheses", {"place": "Dockerfile:1", "written": "$(BASE)"}),
            ("FROM busybox:1\nCOPY --from=$HOUSE /a /b\n", "copy_from_variable", {"name": "$HOUSE"}),
            ("FROM busybox:1\nARG X=x\nCOPY --from=${X}/y:1 /a /b\n", "copy_from_variable", {"name": "${X}/y:1"}),
            ("ARG D=/x\nFROM busybox:1\nRUN ls /nope $D\n", "arg_out_of_scope", {"place": "Dockerfile:3", "name": "D"}),
            ("ARG D=x\nFROM busybox:1\nCOPY ${D}/a /b\n", "arg_out_of_scope", {"place": "Dockerfile:3", "name": "D"}),
            (
                "ARG D=x\nFROM busybox:1 AS a\nARG D\nFROM a\nRUN test -z $D && test -n $D\n",
                "run_failed_silently",
                {"place": "Dockerfile:5"},
            ),
            ("ARG D=x\nFROM busybox:1\nARG D\nRUN test -z $D\n", "run_failed_silently", {"place": "Dockerfile:4"}),
            ("ARG D=x\nFROM busybox:1\nRUN D=1; test -z $D\n", "run_failed_silently", {"place": "Dockerfile:3"}),
            ("FROM busybox:1\nCOPY ['a', 'b']\n", "copy_no_json", {"place": "Dockerfile:2"}),
            ('FROM busybox:1\nADD ["a" "b"]\n', "copy_no_json", {"place": "Dockerfile:2"}),
            ("FROM busybox:1\nRUN ['echo', 'hi']\n", "single_quotes", {"place": "Dockerfile:2"}),
            ("FROM busybox:1\nRUN ['true']\n", "single_quotes", {"place": "Dockerfile:2"}),
            ('FROM busybox:1\nRUN ["true" "x"]\n', "single_quotes", {"place": "Dockerfile:2"}),
        ],
    )
    def test_variables_and_lists_that_are_none(
        self, desk: Desk, expect: Expect, dockerfile: str, key: str, blanks: dict[str, str]
    ) -> None:
        """What is empty where it is used is named, and so is the line whose list is no JSON."""
        expect(desk.explain(desk.build(dockerfile)), key, **blanks)

    def test_13_a_crlf_script_in_a_run(self, desk: Desk, expect: Expect) -> None:
        """A script that a RUN cannot find because of its line ends is explained by them."""
        desk.write("ep.sh", "#!/bin/sh\r\necho hi\r\n", 0o755)
        for step in ("RUN /ep.sh", 'RUN ["/ep.sh"]'):
            answer = desk.explain(desk.build(f"FROM busybox:1\nCOPY ep.sh /\n{step}\n"))
            english, korean = expect(answer, "crlf", file="/ep.sh")
            assert "CRLF" in english
            assert "CRLF" in korean

    def test_23_apt_asks_and_nobody_answers(self, desk: Desk, expect: Expect) -> None:
        """An apt-get install without -y is recognised by the question; the package is made on the spot."""
        desk.write("Packages.sh", MAKE_PACKAGE, 0o755)
        dockerfile = "FROM debian:bookworm-slim\nCOPY Packages.sh /\nRUN sh /Packages.sh\nRUN apt-get install kata-b\n"
        answer = desk.explain(desk.build(dockerfile))
        english, korean = expect(answer, "apt_asks", place="Dockerfile:4")
        assert "[Y/n]" in english
        assert "[Y/n]" in korean

    def test_apt_without_a_network(self, desk: Desk, expect: Expect) -> None:
        """Apt that cannot resolve its mirror needs a network; a package it does not know is another thing."""
        dockerfile = "FROM debian:bookworm-slim\nRUN apt-get update && apt-get install -y less\n"
        expect(desk.explain(desk.build(dockerfile)), "run_needs_network", place="Dockerfile:2")
        dockerfile = "FROM debian:bookworm-slim\nRUN apt-get install -y lesss-than\n"
        answer = desk.explain(desk.build(dockerfile))
        expect(answer, "apt_knows_no_package", place="Dockerfile:2", package="lesss-than")

    def test_pip_without_a_network(self, desk: Desk, expect: Expect) -> None:
        """Pip that cannot resolve its index needs a network."""
        dockerfile = "FROM python:3.11-slim\nRUN pip install --retries 1 flask\n"
        expect(desk.explain(desk.build(dockerfile)), "run_needs_network", place="Dockerfile:2")
        dockerfile = "FROM python:3.11-slim\nRUN pip install --no-index --find-links / flask\n"
        answer = desk.explain(desk.build(dockerfile))
        expect(answer, "pip_found_nothing", place="Dockerfile:2", package="flask")

    @pytest.mark.parametrize("progress", ["plain", "quiet", "auto"])
    def test_every_progress_display_ends_in_the_same_words(self, desk: Desk, expect: Expect, progress: str) -> None:
        """The mistake is found whichever way the build showed its progress."""
        answer = desk.explain(desk.build("FROM busybox:1\nRUN echo a && false\n", f"--progress={progress}"))
        key = "run_failed_silently" if progress == "quiet" else "run_failed"
        expect(answer, key, place="Dockerfile:2", command="echo a && false", code="1")

    def test_compose_builds_too(self, desk: Desk, expect: Expect) -> None:
        """Compose prints no excerpt of the Dockerfile; the line is still found."""
        desk.write("compose.yaml", "services: {web: {build: .}}\n")
        desk.write("Dockerfile", "FROM busybox:1\n\nRUN echo hello; false\n")
        answer = desk.explain(desk.docker("compose", "-p", desk.label, "build"))
        expect(answer, "run_failed", place="Dockerfile:3", tail="hello")
        desk.write("Dockerfile", "FROM busybox:1\n\nRUNN true\n")
        answer = desk.explain(desk.docker("compose", "-p", desk.label, "build"))
        expect(answer, "unknown_instruction", place="Dockerfile:3", nearest="RUN")


# A package that depends on another makes apt ask; both lie in a folder of the image, no network is needed
MAKE_PACKAGE = """set -e
mkdir -p /repo/a/DEBIAN /repo/b/DEBIAN
cat >/repo/a/DEBIAN/control <<END
Package: kata-a
Version: 1
Architecture: all
Maintainer: kata <kata@example.com>
Description: a
END
sed 's/kata-a/kata-b/; s/: a$/: b/' /repo/a/DEBIAN/control >/repo/b/DEBIAN/control
echo 'Depends: kata-a' >>/repo/b/DEBIAN/control
cd /repo
for p in a b; do
  dpkg-deb --build $p kata-$p.deb
  { dpkg-deb -f kata-$p.deb; echo "Filename: ./kata-$p.deb"; echo "Size: $(stat -c %s kata-$p.deb)"
    echo "SHA256: $(sha256sum kata-$p.deb | cut -d' ' -f1)"; echo; } >>Packages
done
rm -f /etc/apt/sources.list /etc/apt/sources.list.d/*
echo 'deb [trusted=yes] file:/repo ./' >/etc/apt/sources.list
apt-get update
"""
