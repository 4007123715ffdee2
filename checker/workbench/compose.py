"""A learner's compose file, as Compose itself has read it, and what it brings up.

Compose reads the file (``docker compose config``), so that nothing here has to know how it may be written. Images are
built one by one with the bench's own builder, which has no network and explains what went wrong; then
Compose brings the services up, past the guard like any script of the learner's.
"""

from __future__ import annotations

import json
import secrets
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from checker.verdict import Mistake
from checker.workbench.container import Container
from checker.workbench.seat import seat

if TYPE_CHECKING:
    from collections.abc import Mapping

    from checker.workbench.bench import Bench
    from checker.workbench.build import Built
    from checker.workbench.script import Finished

__all__ = ["Composition"]


class Composition:
    """The services of a compose file, under a project name that nobody else has.

    Args:
        bench: Where they are built and brought up.
        file: The compose file, seen from the copy of the work.
        folder: Where its own files are kept, outside the learner's.
        environment: Variables that the prompt promises to the compose file.

    Raises:
        Mistake: The file is missing, or Compose cannot read it.
    """

    def __init__(self, bench: Bench, file: str, folder: Path, environment: Mapping[str, str]) -> None:
        bench.work.text(file)
        self.project = f"{bench.exercise.prefix}{bench.nonce()}"
        self._bench = bench
        self._environment = environment
        self._folder = folder / secrets.token_hex(4)
        self._folder.mkdir()
        seat().hand_over(self._folder)  # Compose writes there
        resolved = self._folder / "as-compose-reads-it.json"
        arguments = ("--file", file, "config", "--format", "json", "--output", str(resolved))
        self._succeed(self._ask("config", *arguments, seconds=20))
        self._file = self._folder / "compose.json"
        self._read: dict[str, Any] = json.loads(resolved.read_text(encoding="utf-8"))
        self._write()

    @property
    def services(self) -> Mapping[str, Mapping[str, Any]]:
        """What the file says of each service, in the long form that ``docker compose config`` gives everything."""
        return dict(self._read.get("services") or {})

    def build(self, *, seconds: float = 60.0, no_cache: bool = False) -> dict[str, Built]:
        """Build the image of each service that has a ``build``, with no network; again whenever it is called.

        Services that share an image's name share what was built last under it, as with ``docker compose build``.
        Understood are ``context``, ``dockerfile``, ``dockerfile_inline``, ``target``, ``args`` and, where they are
        folders or images, ``additional_contexts``.

        Args:
            seconds: How long each may take.
            no_cache: Whether every step has to be carried out anew.

        Returns:
            What was built, by the service's name.

        Raises:
            Mistake: One cannot be built, or wants to build what lies outside the learner's folder.
        """
        built = {
            name: self._build(name, service["build"], seconds=seconds, no_cache=no_cache)
            for name, service in self.services.items()
            if service.get("build")
        }
        last = {self._image(name): image for name, image in built.items()}
        self._write({name: last[self._image(name)].reference for name in built})
        return built

    def up(self, *arguments: str, seconds: float = 60.0) -> Finished:
        """Bring the services up, in the background, with the images that were built last.

        Args:
            arguments: More options of ``docker compose up``, and services' names where not all are meant.
            seconds: How long it may take.

        Raises:
            Mistake: Compose did not manage to.
        """
        options = ("--detach", "--no-build", "--quiet-pull", "--remove-orphans")
        return self._succeed(self._ask("up", "--file", str(self._file), "up", *options, *arguments, seconds=seconds))

    def down(self, *, volumes: bool = True, seconds: float = 60.0) -> Finished:
        """Remove what was brought up.

        Args:
            volumes: Whether what was written to its volumes goes too.
            seconds: How long it may take.
        """
        options = ("--timeout", "1", *(("--volumes",) if volumes else ()))
        return self._ask("down", "--file", str(self._file), "down", *options, seconds=seconds)

    def containers(self, service: str) -> tuple[Container, ...]:
        """Return the containers of a service, running or not."""
        labels = [f"com.docker.compose.project={self.project}", f"com.docker.compose.service={service}"]
        rows = self._bench.client.api.containers(all=True, filters={"label": labels})
        return tuple(Container(self._bench.client, row["Id"], service) for row in rows)

    def container(self, service: str) -> Container:
        """Return the container of a service.

        Raises:
            Mistake: The file has no such service, or the service has no container.
        """
        if service not in self.services:
            raise Mistake("compose.no_service", service=service, found=", ".join(self.services) or "∅")
        found = self.containers(service)
        if not found:
            raise Mistake("compose.no_container", service=service)
        return found[0]

    def _build(self, name: str, build: Mapping[str, Any], *, seconds: float, no_cache: bool) -> Built:
        context = self._inside(name, build.get("context") or ".")
        dockerfile = str(build.get("dockerfile") or "Dockerfile")
        called = str(context / dockerfile)
        if build.get("dockerfile_inline"):
            dockerfile, called = str(self._folder / f"Dockerfile of {name}"), f"{name}: dockerfile_inline"
            Path(dockerfile).write_text(build["dockerfile_inline"], encoding="utf-8")
        try:
            return self._bench.build(
                context,
                dockerfile=dockerfile,
                target=str(build.get("target") or ""),
                arguments={key: str(value) for key, value in (build.get("args") or {}).items() if value is not None},
                contexts=self._further_contexts(name, build),
                labelled=False,  # its containers would inherit the label, and count as ours
                no_cache=no_cache,
                seconds=seconds,
            )
        except Mistake as mistake:
            raise _placed(mistake, dockerfile, called) from None

    def _inside(self, service: str, folder: str) -> Path:
        """Return a folder that a service is built from, seen from the copy of the work."""
        work = self._bench.work.folder.resolve()
        found = (work / folder).resolve()
        if not found.is_relative_to(work):
            raise Mistake("compose.context_outside", service=service, context=folder)
        return found.relative_to(work)

    def _further_contexts(self, service: str, build: Mapping[str, Any]) -> dict[str, str]:
        contexts: dict[str, str] = build.get("additional_contexts") or {}
        folders = {name: where for name, where in contexts.items() if not where.startswith("docker-image://")}
        for name, where in folders.items():
            if "://" in where or where.startswith("service:"):
                raise Mistake("compose.context_of_another_kind", service=service, context=f"{name}={where}")
            folders[name] = str(self._bench.work.folder / self._inside(service, where))
        return {**contexts, **folders}

    def _image(self, service: str) -> str:
        return str(self.services[service].get("image") or service)

    def _write(self, images: Mapping[str, str] | None = None) -> None:
        """Write the file that is brought up: as it was read, but with images that are already there."""
        services = {name: dict(service) for name, service in self.services.items()}
        for name, image in (images or {}).items():
            services[name] = {**services[name], "image": image}
            for key in ("build", "pull_policy"):
                services[name].pop(key, None)
        self._file.write_text(json.dumps({**self._read, "services": services}), encoding="utf-8")

    def _ask(self, what: str, *arguments: str, seconds: float) -> Finished:
        script = self._folder / f"docker compose {what}"
        work = shlex.quote(str(self._bench.work.folder))
        command = f'exec docker compose --ansi=never --project-name={self.project} --project-directory={work} "$@"'
        script.write_text(f"#!/bin/sh\ncd {work} || exit\n{command}\n", encoding="utf-8")
        return self._bench.run(script, self._environment, *arguments, seconds=seconds)

    def _succeed(self, finished: Finished) -> Finished:
        if finished.code != 0:
            raise self._bench.why(finished, otherwise=Mistake("compose.no_container", service=self.project))
        return finished


def _placed(mistake: Mistake, dockerfile: str, called: str) -> Mistake:
    """Return a mistake whose place names the file as a learner knows it: there may be several Dockerfiles."""
    file, colon, line = str(mistake.blanks.get("place", "")).rpartition(":")
    if not colon or file not in {dockerfile, Path(dockerfile).name}:
        return mistake
    return Mistake(mistake.key, **{**mistake.blanks, "place": f"{called}:{line}"})
