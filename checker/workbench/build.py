"""Builds a Dockerfile with BuildKit, and turns what the builder says into what the learner did.

The builder is the CLI's (``docker buildx build``), never the engine's legacy one, and its account is read from
``--progress=rawjson``: JSON objects one after the other on standard error, then, where it failed, the lines that a
learner would see (``docker/buildx``, util/progress; ``moby/buildkit``, client/graph.go).
"""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from checker.phrase import KataError
from checker.verdict import Mistake
from checker.workbench.progress import Progress, Step

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from checker.engine import Engine

__all__ = ["Built", "Order", "Step", "build"]

_MISTAKEN_FOR_OURS = ("BUILDX_", "BUILDKIT_", "SOURCE_DATE_EPOCH", "DOCKER_DEFAULT_PLATFORM", "OTEL_")
"""Variables of the machine's that would make another build of it."""

_REFUSED = re.compile(
    r"failed to solve: (?!Internal|Unavailable|Unknown|Canceled|DeadlineExceeded|rpc error|context )(?P<why>.+)"
)
"""The builder refuses what it was given to build; what is left out here are faults of its own (gRPC's status codes)."""

_KEEPS_TRYING = frozenset({"docker.run_needs_network", "docker.disk_full"})
"""What a step may have said that explains why it goes on: pip tries again and again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be built, and how.

    Attributes:
        context: The folder whose files the build may use; the CLI runs in it.
        reference: What the image is called afterwards, ``kata-06-quotes`` or ``kata-06-quotes:2``.
        dockerfile: The Dockerfile, seen from the context.
        target: The stage to stop at; empty for the last one.
        arguments: Values for the Dockerfile's ARGs.
        secrets: Files for ``RUN --mount=type=secret``, by their id.
        contexts: Further contexts, folders or ``docker-image://…``, by the name that ``COPY --from`` has for them.
        no_cache: Whether every step has to be carried out anew.
        label: What the image carries as ``kata.run``; empty for an image without the label.
    """

    context: Path
    reference: str
    dockerfile: str = "Dockerfile"
    target: str = ""
    arguments: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, Path] = field(default_factory=dict)
    contexts: Mapping[str, str] = field(default_factory=dict)
    no_cache: bool = False
    label: str = ""

    def command(self) -> list[str]:
        """Return the command line; ``RUN`` has no network in it."""
        options = ["--builder=default", "--load", "--progress=rawjson", "--network=none", "--provenance=false"]
        options += [f"--file={self.dockerfile}", f"--tag={self.reference}"]
        options += [f"--target={self.target}"] if self.target else []
        options += [f"--label=kata.run={self.label}"] if self.label else []
        options += ["--no-cache"] if self.no_cache else []
        options += [f"--build-arg={name}={value}" for name, value in self.arguments.items()]
        options += [f"--secret=id={name},src={file}" for name, file in self.secrets.items()]
        options += [f"--build-context={name}={where}" for name, where in self.contexts.items()]
        return ["docker", "buildx", "build", *options, "."]


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """An image that was built.

    Attributes:
        image_id: Its full id. With the containerd image store a build that came wholly from the cache has another
            one than the build before: compare ``RootFS.Layers`` of two builds, never their ids.
        reference: What it is called.
        steps: What the builder did, in the order in which it began; of a ``FROM``, ``cached`` means nothing.
        seconds: How long it took.
    """

    image_id: str
    reference: str
    steps: tuple[Step, ...]
    seconds: float


def build(engine: Engine, order: Order, *, seconds: float, known_images: Collection[str] = ()) -> Built:
    """Build an image on an engine, with no network in its ``RUN`` steps.

    Args:
        engine: Where to build.
        order: What to build.
        seconds: How long it may take; then the CLI and with it the build is ended.
        known_images: The images that a learner may build on, for telling a wrong name from a broken registry.

    Returns:
        The image, which is the caller's to remove.

    Raises:
        Mistake: The Dockerfile cannot be built, or one of its steps does not end.
        KataError: The CLI cannot build with BuildKit, or what went wrong is nothing that is known.
    """
    for folder in (order.context, *(Path(where) for where in order.contexts.values() if "://" not in where)):
        if not folder.is_dir():
            raise Mistake("docker.context_missing", path=folder.name)
    started = time.monotonic()
    progress = Progress()
    code = _run(order, _environment(engine), progress, started + seconds)
    if code is None:
        raise _overdue(progress, order, seconds)
    if code != 0:
        raise _why(progress, order, engine, known_images)
    status, image = engine.request("GET", f"/images/{order.reference}/json")
    if status != 200:
        raise KataError("build.unknown", said=f"{order.reference}: {status}")
    took = time.monotonic() - started
    return Built(image_id=str(image["Id"]), reference=order.reference, steps=progress.steps(), seconds=took)


def _environment(engine: Engine) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_MISTAKEN_FOR_OURS)}
    # a repository that cannot be read is nobody's concern here, and the CLI would complain of it after what went wrong
    return {**kept, **engine.environment(), "BUILDX_GIT_INFO": "false"}


def _run(order: Order, environment: Mapping[str, str], progress: Progress, deadline: float) -> int | None:
    """Let the CLI build and return its exit code; None where it had to be ended at ``deadline``."""
    try:
        process = subprocess.Popen(
            order.command(),
            cwd=order.context,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,  # the CLI and its plugin are ended together, and by nobody's Ctrl-C but ours
        )
    except FileNotFoundError:
        raise KataError("build.no_cli") from None
    with process:
        try:
            return process.wait() if _listen(process, progress, deadline) else None
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)  # the engine ends a build whose client has gone


def _listen(process: subprocess.Popen[bytes], progress: Progress, deadline: float) -> bool:
    """Read what the CLI says to its end; return False where ``deadline`` came first."""
    assert process.stderr is not None
    while True:
        left = deadline - time.monotonic()
        if left <= 0:
            return False
        if select.select([process.stderr], [], [], left)[0]:
            said = os.read(process.stderr.fileno(), 65_536)
            progress.feed(said)
            if not said:
                return True


def _overdue(progress: Progress, order: Order, seconds: float) -> Mistake | KataError:
    """Return why a build did not end: a step of the learner's that goes on, or tries in vain to reach the internet."""
    from checker.explain.dockerfile import Build  # noqa: PLC0415 - only where something went wrong

    blanks = {"seconds": f"{seconds:.0f}"}
    running = progress.running()
    if running is None:
        return KataError("build.overdue", **blanks)
    step, log = running
    printed = f"load build definition from {order.dockerfile}\n------\n > [0/0] {step}:\n{log}\n------"
    why = f'process "{step}" did not complete successfully: exit code: 1'
    stuck = Build(why=why, printed=printed, work=order.context)
    known = stuck.mistake()
    if known is not None and known.key in _KEEPS_TRYING:
        return known
    return Mistake("build.step_never_ends", place=stuck.place, instruction=step[:100], **blanks)


def _why(progress: Progress, order: Order, engine: Engine, known_images: Collection[str]) -> Mistake | KataError:
    from checker.explain.output import explain  # noqa: PLC0415 - only where something went wrong
    from checker.explain.said import tail  # noqa: PLC0415

    if not progress.spoke_json and _is_old_cli(progress.text):
        return KataError("build.no_buildx")
    if not _is_text(order):
        return Mistake("work.not_utf8", file=order.dockerfile)
    frontend = progress.unresolved_frontend()
    if frontend:
        return Mistake("build.syntax_line", file=order.dockerfile, image=frontend)
    said = f"{progress.log_of_failed()}\n{progress.text}"
    explained = explain(said, work=order.context, engine=engine, known_images=known_images)
    if explained is not None:
        return explained
    refused = _REFUSED.search(progress.text)
    if refused:
        return Mistake("build.refused", file=order.dockerfile, said=tail(refused["why"]))
    return KataError("build.unknown", said=tail(progress.text) or "-")


def _is_old_cli(said: str) -> bool:
    """Whether the CLI has no buildx, or one before 0.13 that cannot tell its progress as JSON."""
    from checker.workbench.plugins import lacks_buildx  # noqa: PLC0415 - only where something went wrong

    return lacks_buildx(said) or "unknown flag: --builder" in said or "invalid progress" in said


def _is_text(order: Order) -> bool:
    try:
        content = (order.context / order.dockerfile).read_bytes()
    except OSError:
        return True  # that it is not there is another mistake
    return b"\0" not in content  # UTF-16; a comment in EUC-KR is no reason not to build
