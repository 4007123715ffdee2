from __future__ import annotations

import base64
import json

import pytest

from checker.workbench.progress import KEPT_LOG, KEPT_TEXT, Progress, Step

START, END = "2026-01-01T00:00:00.123456789Z", "2026-01-01T00:00:01.623456789Z"


def told(*vertices: dict[str, object], logs: tuple[tuple[str, str], ...] = ()) -> bytes:
    """Return one object as buildx writes it: indented."""
    lines = [{"vertex": digest, "data": base64.b64encode(text.encode()).decode()} for digest, text in logs]
    return json.dumps({"vertexes": vertices, "logs": lines}, indent=2).encode() + b"\n"


def fed(*pieces: bytes) -> Progress:
    progress = Progress()
    for piece in (*pieces, b""):
        progress.feed(piece)
    return progress


def step(digest: str, name: str, **more: object) -> dict[str, object]:
    return {"digest": digest, "name": name, **more}


def test_steps_in_the_order_in_which_they_began() -> None:
    """Steps come as they began, however they were announced; what is not an instruction is none."""
    progress = fed(
        told(step("c", "[build 2/2] RUN b"), step("a", "[internal] load .dockerignore")),
        told(step("a", "[internal] load .dockerignore", started=START, completed=END)),
        told(step("c", "[build 2/2] RUN b", started=END, completed=END, cached=True)),
        told(step("b", "[build 1/2] FROM x", started=START)),
        told(step("b", "[build 1/2] FROM x", started=START, completed=END)),
    )
    assert progress.steps() == (
        Step(name="FROM x", stage="build", cached=False, seconds=1.5),
        Step(name="RUN b", stage="build", cached=True, seconds=0.0),
    )


@pytest.mark.parametrize("size", [1, 7, 64, 100_000])
def test_pieces_of_any_size(size: int) -> None:
    """Where the pipe cuts the account into pieces does not matter, not even in the middle of a letter."""
    whole = told(step("a", "[1/1] RUN 한글", started=START, completed=END), logs=(("a", "안녕\n"),)) * 2
    whole += "Dockerfile:1\n   1 | >>> RUN 한글\nERROR: failed".encode()
    progress = fed(*(whole[at : at + size] for at in range(0, len(whole), size)))
    assert [step.name for step in progress.steps()] == ["RUN 한글"]
    assert progress.text == "Dockerfile:1\n   1 | >>> RUN 한글\nERROR: failed"


def test_objects_on_one_line() -> None:
    """A buildx that does not indent is understood as well."""
    one = json.dumps({"vertexes": [step("a", "[1/1] RUN a", started=START, completed=END)]}).encode()
    assert len(fed(one + one + b"\n" + one).steps()) == 1


def test_text_that_looks_like_an_object_is_text() -> None:
    """A line for the reader may begin with a brace."""
    progress = fed(b"{ this is no JSON\nERROR: x\n")
    assert progress.text == "{ this is no JSON\nERROR: x\n"
    assert not progress.spoke_json


def test_much_text_and_long_logs_are_bounded() -> None:
    """Of a step that prints a gigabyte, and of a CLI that does, the beginning and the end are kept."""
    piece, gap = told(logs=(("a", "x" * 10_000),)), "\n[...]\n"
    many = [piece] * 30
    progress = fed(
        told(logs=(("a", "first"),)), *many, told(step("a", "[1/1] RUN a", error="exit code: 1"), logs=(("a", "last"),))
    )
    log = progress.log_of_failed()
    assert len(log) <= 2 * KEPT_LOG + len(gap)
    assert gap in log
    assert log.startswith("first")
    assert log.endswith("last")
    assert len(fed(*[b"y" * 50_000 + b"\n"] * 20).text) <= 2 * KEPT_TEXT + len(gap)


def test_the_step_that_failed_is_not_the_one_that_was_cancelled() -> None:
    """When one of two parallel steps fails, the other is cancelled, and its log explains nothing."""
    progress = fed(
        told(step("a", "[a 1/1] RUN a", error="process did not complete: context canceled"), logs=(("a", "innocent"),)),
        told(step("b", "[b 1/1] RUN b", error="exit code: 1"), logs=(("b", "guilty"),)),
    )
    assert progress.log_of_failed() == "guilty"


def test_what_is_still_running() -> None:
    """The instruction that has begun and not ended, with what it printed; the base image is nobody's instruction."""
    progress = fed(
        told(
            step("f", "[1/3] FROM x", started=START),
            step("a", "[2/3] RUN a", started=START, completed=END),
            step("b", "[3/3] RUN b", started=END),
            logs=(("b", "hm"),),
        )
    )
    assert progress.running() == ("RUN b", "hm")
    assert fed(told(step("f", "[1/3] FROM x", started=START))).running() is None


def test_a_frontend_that_could_not_be_had() -> None:
    """The image of a syntax line is named where it could not be fetched, in the words of old and new BuildKits."""
    for words in ("docker-image://docker.io/docker/dockerfile:1", "docker.io/docker/dockerfile:1"):
        vertex = step("a", f"resolve image config for {words}", error="failed to do request")
        assert fed(told(vertex)).unresolved_frontend() == "docker/dockerfile:1"
    assert fed(told(step("a", "[1/1] RUN a", error="x"))).unresolved_frontend() == ""


def test_a_log_that_is_no_base64_is_left_out() -> None:
    """What cannot be decoded costs nobody the rest."""
    broken = json.dumps({"logs": [{"vertex": "a", "data": "é"}, {"vertex": "a", "data": "eA"}]}).encode()
    assert fed(broken, told(step("a", "[1/1] RUN a", error="x"), logs=(("a", "y"),))).log_of_failed() == "y"
