"""The bench at which an exercise's checks work: one run of one exercise on one engine.

It hands out the learner's files, runs their scripts, shows their containers and images, and at its end leaves the
engine as it found it.
"""

from __future__ import annotations

import contextlib
import functools
import secrets
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from checker.engine.found import LABEL
from checker.phrase import KataError
from checker.verdict import Mistake
from checker.workbench.container import Container
from checker.workbench.events import Events
from checker.workbench.gate import Gate
from checker.workbench.leftovers import KINDS, Stray, remove_labelled, remove_named, remove_strays
from checker.workbench.ours import create, put_in_front, start_beside
from checker.workbench.run import sweep_dead
from checker.workbench.script import Finished, Script
from checker.workbench.sentinel import Sentinels
from checker.workbench.together import together
from checker.workbench.view import View
from checker.workbench.why import why

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from types import TracebackType

    from checker.engine import Engine
    from checker.exercise import Exercise
    from checker.guard import Entry
    from checker.guard.ledger import Kind
    from checker.work import Work
    from checker.workbench.build import Built
    from checker.workbench.compose import Composition
    from checker.workbench.ours import Front
    from checker.workbench.registry import Registry
    from checker.workbench.run import Run
    from checker.workbench.service import Served, Services

__all__ = ["Bench"]

_OVERRUN = frozenset({"script.still_running", "build.step_never_ends"})


class Bench(View):
    """One run of one exercise; a context manager, at whose end everything it made is gone.

    Attributes:
        engine: The engine that is worked on.
        exercise: The exercise.
        work: The run's own copy of the learner's files.
        run_id: What the checker and scripts make is labelled ``kata.run=<run_id>``.
        gate: The way from scripts to the engine; ``gate.ledger`` is what belongs to them.
        transcript: What they asked the engine for, and what it answered.
        opened: When that was, in seconds since the epoch.
        on_start: Told the name of each file of the learner's before it is run or built.
    """

    def __init__(
        self,
        engine: Engine,
        exercise: Exercise,
        work: Work,
        run: Run,
        tell: Callable[[Entry], None] | None = None,
    ) -> None:
        super().__init__(engine)
        self.exercise = exercise
        self.work = work
        self.run_id = run.id
        self._run = run
        self._strays: list[Stray] = []
        self._deadline = time.monotonic() + exercise.seconds
        self.opened = time.time()
        self._has_overrun = False
        self._closing = contextlib.ExitStack()
        self.gate = Gate(
            engine=engine, exercise=exercise, work=work, run=run, closing=self._closing, note=self._note, tell=tell
        )
        self.transcript = self.gate.transcript
        self.on_start: Callable[[str], None] = lambda _: None

    def __enter__(self) -> Self:
        sweep_dead(self.engine, self._run.folder.parent)
        self._run.at_work.touch()
        self.clear()
        self._look_for_images()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            held = [one for one in self._strays if one.kind == "container"]  # or images would only lose their names
            remove_strays(self.engine, held)
            together(self._closing.close, self.clear)
            with self._run.giving_up([one for one in self._strays if one not in held]) as left:
                remove_strays(self.engine, left)
            remove_labelled(self.engine, self.run_id)
        finally:
            self.close()
        self._run.at_work.unlink(missing_ok=True)

    @functools.cached_property
    def events(self) -> Events:
        """What happens on the engine, from the moment this is first asked for."""
        # who asks for events is about to run a script, before which bystanders have to be there: the engine makes them
        # while the docker library is imported
        together(lambda: self.client, lambda: self.bystanders)
        events = Events(self.client, self.run_id)
        self._closing.callback(events.close)
        self._closing.callback(events.position)  # so that nothing is missed that happened a moment ago
        return events

    @functools.cached_property
    def bystanders(self) -> Sentinels:
        """Things that no script of the exercise has any business with; to be there before the first one runs."""
        bystanders = Sentinels(self.engine, self.run_id)
        self._closing.callback(bystanders.remove)
        bystanders.lend(self.gate.ledger)
        return bystanders

    def nonce(self) -> str:
        """Return a value that nobody can have typed in beforehand; a new one each time."""
        return secrets.token_hex(5)

    def clear(self) -> None:
        """Remove the exercise's own objects from the engine, by what their names begin with."""
        remove_named(self.engine, self.exercise.prefixes)

    def lend(self, kind: Literal["container", "image", "network"], full_id: str, name: str = "") -> None:
        """Let scripts see and use something that the checks made; nobody's containers are there for them otherwise.

        An image whose name begins with the exercise's prefix need not be lent.
        """
        self.gate.ledger.adopt(kind, full_id, name)

    def start(self, name: str | Path, environment: Mapping[str, str] | None = None, *arguments: str) -> Script:
        """Start one of the learner's scripts; to be used as a context manager.

        Args:
            name: Its file name; or the path of one of the checks' own, which runs just as the learner's do.
            environment: Variables that the prompt promises.
            arguments: Its command line.

        Raises:
            Mistake: The script is missing or cannot be run.
        """
        script = name if isinstance(name, Path) else self.work.script(name)
        self.bystanders  # noqa: B018 - they have to stand there before, not after
        self.events.position()
        guard = self.gate.open()
        self.on_start(script.name)
        try:
            return Script(script, {**self.gate.environment(guard.host), **(environment or {})}, arguments, guard)
        except BaseException:
            guard.close()
            raise

    def run(
        self,
        name: str | Path,
        environment: Mapping[str, str] | None = None,
        *arguments: str,
        seconds: float = 30.0,
        give_up: Callable[[], bool] = lambda: False,
    ) -> Finished:
        """Run one of the learner's scripts to its end, whatever its exit code.

        Args:
            name: The script's file name; or the path of one of the checks' own, which runs just as the learner's do.
            environment: Variables that the prompt promises.
            arguments: Its command line.
            seconds: How long it may take.
            give_up: Asked every fifth of a second: whether waiting longer is pointless.

        Raises:
            Mistake: The script cannot be run, or does not end.
        """
        with self.start(name, environment, *arguments) as script, self._limited(seconds) as limit:
            return script.wait(limit, give_up=give_up)

    def run_without_engine(self, name: str, environment: Mapping[str, str] | None = None) -> Finished:
        """Run a script whose ``DOCKER_HOST`` is a socket where nobody listens."""
        script = self.work.script(name)
        self.on_start(name)
        with tempfile.TemporaryDirectory(prefix="kata-") as folder:
            nobody = f"unix://{folder}/nobody.sock"
            variables = {**self.gate.environment(nobody), **(environment or {})}
            with Script(script, variables) as running, self._limited(30.0) as limit:
                return running.wait(limit)

    def build(  # noqa: PLR0913 - as many as docker build has, and each has a name
        self,
        context: str | Path = ".",
        *,
        dockerfile: str = "Dockerfile",
        target: str = "",
        arguments: Mapping[str, str] | None = None,
        secrets: Mapping[str, Path] | None = None,
        contexts: Mapping[str, str] | None = None,
        no_cache: bool = False,
        tag: str = "",
        labelled: bool = True,
        seconds: float = 120.0,
    ) -> Built:
        """Build an image as ``docker build`` does, with BuildKit and with no network in its ``RUN`` steps.

        Args:
            context: The folder whose files the build may use, seen from the copy of the work.
            dockerfile: The Dockerfile, seen from the context.
            target: The stage to stop at; empty for the last one.
            arguments: Values for its ARGs.
            secrets: Files for ``RUN --mount=type=secret``, by their id.
            contexts: Further contexts, folders or ``docker-image://…``, by their name.
            no_cache: Whether every step has to be carried out anew.
            tag: What the image is called, ``kata-06-quotes``; empty for a name that nobody has.
            labelled: Whether the image is labelled as ours, and with it its containers; not so where scripts run it.
            seconds: How long it may take.

        Raises:
            Mistake: It cannot be built, or does not end.
        """
        from checker.workbench.build import Order, build  # noqa: PLC0415 - only some exercises build

        if (self.work.source / context / dockerfile).is_symlink():
            self.work.file(str(Path(context, dockerfile)))
        self.on_start(dockerfile)
        order = Order(
            context=self.work.folder / context,
            reference=tag or f"{self.exercise.prefix}{self.nonce()}",
            dockerfile=dockerfile,
            target=target,
            arguments=arguments or {},
            secrets=secrets or {},
            contexts=contexts or {},
            no_cache=no_cache,
            label=self.run_id if labelled else "",
        )
        with self._limited(seconds) as limit:
            return build(self.engine, order, seconds=limit, known_images=self.exercise.images)

    def compose(self, file: str = "compose.yaml", environment: Mapping[str, str] | None = None) -> Composition:
        """Read a compose file of the learner's; see ``checker.workbench.compose``.

        Args:
            file: The file, seen from the copy of the work.
            environment: Variables that the prompt promises to it.

        Raises:
            Mistake: It is missing, or Compose cannot read it.
        """
        from checker.workbench.compose import Composition  # noqa: PLC0415 - only some exercises compose

        return Composition(self, file, self._run.folder, environment or {})

    def serve(
        self,
        image: str,
        *,
        command: Sequence[str] | None = None,
        environment: Mapping[str, str] | None = None,
        network: str = "",
        name: str = "",
    ) -> AbstractContextManager[Served]:
        """Run an image for as long as a ``with`` lasts; see ``checker.workbench.service``.

        Args:
            image: What to run.
            command: In place of the image's own CMD.
            environment: Variables on top of the image's own.
            network: The network of another service, to join that; empty for one of its own, which leads nowhere else.
            name: What it is called, ``kata-06-quotes``; empty for a name that nobody has.
        """
        services = self._services()
        return services.serve(image, command=command, environment=environment, network=network, name=name)

    @contextlib.contextmanager
    def registry(self) -> Iterator[Registry]:
        """Run a registry for as long as a ``with`` lasts; see ``checker.workbench.registry``."""
        from checker.workbench.registry import serve_registry  # noqa: PLC0415 - only some exercises push

        with serve_registry(self._services()) as registry:
            yield registry

    def container(self, name: str, *, after: Finished) -> Container:
        """Return the container that a script was to make.

        Raises:
            Mistake: There is none; where the script or Docker said why, that is what the learner reads.
            KataError: There is none, and it is the machine's fault.
        """
        found = self.find(name)
        if found is None:
            raise self.why(after, otherwise=Mistake("container.missing", name=name, script=after.script))
        return found

    def created(self, since: int) -> tuple[Container, ...]:
        """Return the containers that scripts have made since a position in the events, first one first."""
        made = (e for e in self.events.since(since) if e.kind == "container" and e.action == "create")
        return tuple(
            Container(self.client, event.id, event.about.get("name", event.id[:12]))
            for event in made
            if event.about.get(LABEL) == self.run_id and event.is_a_scripts
        )

    def exit_code(self, container: Container, *, since: int) -> int | None:
        """Return what a container ended with, also one that is removed by now; None while it runs."""
        try:
            state = container.inspect()["State"]
        except Mistake:
            died = (e for e in self.events.since(since) if e.id == container.id and e.action == "die")
            return next((int(event.about["exitCode"]) for event in died), None)
        return int(state["ExitCode"]) if state["Status"] in {"exited", "dead"} else None

    def create(self, config: Mapping[str, Any], name: str = "") -> Container:
        """Make a container of the checks' own, not yet started, which goes with the run; scripts do not see it.

        Args:
            config: What the API's ``POST /containers/create`` takes; in no network where it names none.
            name: What it is called; empty for a name that the engine makes up.
        """
        return create(self.client, self.run_id, config, name)

    @contextlib.contextmanager
    def temporary(self, config: Mapping[str, Any]) -> Iterator[Container]:
        """Make a container of the checks' own, not yet started, for as long as a ``with`` lasts."""
        made = self.create(config, f"{self.exercise.prefix}{self.nonce()}")
        try:
            yield made
        finally:
            self.client.api.remove_container(made.id, force=True, v=True)

    def beside(self, container: Container, image: str = "busybox:1") -> Container | None:
        """Start a container of the checks' own in another one's network; None where that does not run (any more)."""
        return start_beside(self.client, self.run_id, container, image)

    def put_in_front(self, program: str, text: str) -> Front:
        """Let scripts find a program of ours before the machine's own.

        Args:
            program: Its name, ``docker``.
            text: What is in the file, ``#!`` line and all.
        """
        return put_in_front(self.engine, self.work.folder, program, text)

    def why(self, finished: Finished, *, otherwise: Mistake) -> Mistake | KataError:
        """Return what explains best why a script did not do what it was to do.

        Args:
            finished: How the script ended.
            otherwise: What to say where neither Docker nor the exit code says anything.
        """
        return why(self, finished, otherwise)

    def _services(self) -> Services:
        from checker.workbench.service import Services  # noqa: PLC0415 - only some exercises serve

        return Services(engine=self.engine, client=self.client, run=self.run_id, prefix=self.exercise.prefix)

    @contextlib.contextmanager
    def _limited(self, seconds: float) -> Iterator[float]:
        """Give something the seconds that it may take, or those that the exercise has left.

        Where these are not half of its own and it does not end, that is nobody's mistake: the machine is slow. Unless
        something before did not end in its time: then that has used it up.

        Raises:
            KataError: The exercise's time was over.
        """
        limit = min(seconds, max(self._deadline - time.monotonic(), 1.0))
        try:
            yield limit
        except Mistake as mistake:
            if mistake.key in _OVERRUN and limit < seconds / 2 and not self._has_overrun:
                raise KataError("check.no_time_left", seconds=f"{self.exercise.seconds:g}") from None
            self._has_overrun |= mistake.key in _OVERRUN
            raise

    def _note(self, kind: Kind, found: str) -> None:
        """Remember what has to go in the end, also where somebody else has to see to it."""
        if kind in KINDS:
            self._strays.append(Stray(kind, found))
            self._run.note(self._strays[-1])

    def _look_for_images(self) -> None:
        needed = [image for image in self.exercise.images if image not in self.exercise.pulls]
        missing = [image for image in needed if self.image(image) is None]
        if missing:
            raise KataError("check.no_images", images=", ".join(missing))
