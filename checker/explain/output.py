"""What Docker says, turned into what the learner did.

One table a speaker: the engine ("Error response from daemon: …"), the builder ("failed to solve: …"), the
CLI and Compose. A pattern is anchored to the shape of the speaker's lines, so that a script that merely
prints such words in a sentence of its own is not believed. Wordings of Docker 20.10 to 29, BuildKit 0.9 to
0.26, Compose 2 to 5, runc and crun.
"""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING, TypeAlias

from checker.explain.absent_image import image_failed, other_tags
from checker.explain.dockerfile import Build
from checker.explain.executable import ENGINE_REFUSAL, SINGLE_QUOTES, Refused, not_found
from checker.explain.folder import head_of, lines_of
from checker.explain.reference import normalised, shortened
from checker.explain.said import legible
from checker.explain.scene import Scene
from checker.explain.written import no_json
from checker.phrase import KataError
from checker.verdict import Mistake

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

    from checker.engine import Engine

__all__ = ["explain"]

_Answer: TypeAlias = Mistake | KataError | None
_Meaning: TypeAlias = "Callable[[re.Match[str], Scene], _Answer]"

MOST_SIGHTINGS = 20  # of one wording; who says it more often says it in a loop


def explain(
    said: str,
    *,
    work: Path | None = None,
    engine: Engine | None = None,
    known_images: Collection[str] = (),
) -> Mistake | KataError | None:
    """Return what is behind the first thing in ``said`` that Docker complains about.

    Args:
        said: What a docker command, a build or a learner's script printed, in whole, colours and all. Of a
            build with ``--progress=rawjson``: the failed step's log, then what the CLI printed after it.
        work: The learner's files, and a build's context: for the nearest names, and for what is in a file.
        engine: Where to ask who holds a name or a port, and which tags there are.
        known_images: The images that the exercise can have. An image that is none of these and cannot be
            had is the learner's, whatever the registry answered: a wrong name and an unreachable registry
            look alike.

    Returns:
        A ``Mistake`` for what the learner did, a ``KataError`` for what never is a learner's fault, None
        where nothing known was said.
    """
    scene = Scene(text=legible(said), work=work, engine=engine, known_images=known_images)
    sightings = (
        (match.start(), order, match, meaning)
        for order, (pattern, meaning) in enumerate(_SPEAKERS)
        for match in itertools.islice(pattern.finditer(scene.text), MOST_SIGHTINGS)
    )
    for _, _, match, meaning in sorted(sightings, key=lambda sighting: sighting[:2]):
        answer = meaning(match, scene)
        if answer is not None:
            return answer
    return None


# What the engine says


def _name_in_use(match: re.Match[str], scene: Scene) -> Mistake:
    name = match["name"]
    found = scene.ask(f"/containers/{name}/json") if re.fullmatch(r"[\w.-]+", name) else None
    if found is None:
        return Mistake("docker.name_in_use", name=name)
    return Mistake("docker.name_in_use_by", name=name, state=found["State"]["Status"])


def _port_taken(match: re.Match[str], scene: Scene) -> Mistake:
    holder = _holder(match["port"], scene)
    if holder:
        return Mistake("docker.port_taken_by", port=match["port"], container=holder)
    return Mistake("docker.port_taken", port=match["port"])


def _port_taken_outside(match: re.Match[str], scene: Scene) -> Mistake:
    port = match["port"]
    holder = _holder(port, scene)
    if holder:
        return Mistake("docker.port_taken_by", port=port, container=holder)
    return Mistake("docker.port_taken_outside", port=port)


def _holder(port: str, scene: Scene) -> str:
    """Return the name of the container that has published this port of the machine."""
    for row in scene.ask("/containers/json") or ():
        if any(str(binding.get("PublicPort")) == port for binding in row.get("Ports") or ()):
            return str(row["Names"][0]).lstrip("/")
    return ""


def _exec_refused(match: re.Match[str], scene: Scene) -> Mistake:
    program, said = match["program"] or match["other"], match["said"] or "not found"
    if "not found" in said or said.startswith("stat "):
        return not_found(program)
    return _would_not_start(program, said, match.start(), scene)


def _would_not_start(program: str, said: str, at: int, scene: Scene) -> Mistake:
    platform = list(_PLATFORM.finditer(scene.text, 0, at))
    if platform and "format error" in said:
        wanted, here = platform[-1]["wanted"], platform[-1]["here"]
        return Mistake("docker.other_cpu", file=program, wanted=wanted, here=here)
    return Refused(file=program, said=said, head=head_of(scene.work, program)).mistake()


_PLATFORM = re.compile(
    r"requested image's platform \((?P<wanted>[^)]+)\) does not match "
    r"the detected host platform \((?P<here>[^)]+)\)"
)


def _image_not_here(match: re.Match[str], scene: Scene) -> Mistake:
    name = shortened(match["name"])
    other = other_tags(name, scene)
    if other:
        return Mistake("docker.only_other_tags", image=normalised(name), tags=", ".join(other))
    return Mistake("docker.image_not_here", image=name)


def _not_running(match: re.Match[str], scene: Scene) -> Mistake:
    found = scene.ask(f"/containers/{match['name']}/json") if re.fullmatch(r"[\w.-]+", match["name"]) else None
    name = str(found["Name"]).lstrip("/") if found else match["name"][:12]
    return Mistake("docker.not_running", name=name)


def _mistake(key: str, **renamed: str) -> Callable[[re.Match[str], Scene], Mistake]:
    """Return a meaning that passes the pattern's named groups on as the sentence's blanks."""

    def meaning(match: re.Match[str], _: Scene) -> Mistake:
        return Mistake(key, **{name: value.strip() for name, value in match.groupdict().items()}, **renamed)

    return meaning


def _trouble(key: str) -> Callable[[re.Match[str], Scene], KataError]:
    """Return a meaning that is nobody's mistake."""

    def meaning(match: re.Match[str], _: Scene) -> KataError:
        return KataError(key, **{name: value.strip() for name, value in match.groupdict().items()})

    return meaning


def _capital(why: str) -> str:
    """Return the image name with a capital letter in it that Docker quotes, as the learner wrote it."""
    quoted = re.search(r"\"(?P<name>[^\"]+)\"|repository name \((?P<other>[^)]+)\)", why)
    return (quoted["name"] or quoted["other"]).removeprefix("library/") if quoted else "?"


def _upper_case(match: re.Match[str], _: Scene) -> Mistake:
    return Mistake("docker.upper_case_name", image=_capital(match.string[slice(*_line_around(match))]))


def _line_around(match: re.Match[str]) -> tuple[int, int]:
    end = match.string.find("\n", match.end())
    return match.string.rfind("\n", 0, match.start()) + 1, end if end >= 0 else len(match.string)


def _row(meaning: _Meaning, pattern: str) -> tuple[re.Pattern[str], _Meaning]:
    return re.compile(pattern, re.MULTILINE), meaning


_ENGINE_SAYS = (
    _row(_trouble("docker.disk_full"), r"no space left on device"),
    _row(
        _trouble("docker.bridge_gone"), r"failed to create endpoint \S+ on network (?P<network>\S+): adding interface"
    ),
    _row(_trouble("docker.init_missing"), r"exec: \"docker-init\": executable file not found"),
    _row(_name_in_use, r"Conflict\. The container name \"/?(?P<name>[^\"]+)\" is already in use"),
    _row(_port_taken, r":(?P<port>\d+) failed: port is already allocated"),
    _row(
        _port_taken_outside,
        r"(?:listen \w+|host port(?: for)?|exposing port \w+) \S*?[\d\]:]:(?P<port>\d+)\b.*"
        r"(?:address already in use|Only one usage of each socket)",
    ),
    (ENGINE_REFUSAL, _exec_refused),
    _row(_image_not_here, r"No such image: (?P<name>\S+?)\.?$"),
    _row(_mistake("docker.no_such_container"), r"No such container: (?P<name>\S+)"),
    _row(_not_running, r"[Cc]ontainer (?P<name>\S+) is not running"),
    _row(_mistake("docker.no_such_network"), r"network (?P<network>\S+) not found"),
    _row(
        _mistake("docker.volume_path"),
        r"create (?P<path>[^:]+): \".*\" includes invalid characters for a local volume",
    ),
    _row(_mistake("docker.mount_missing"), r"bind source path does not exist: (?P<path>.+?)\.?$"),
    _row(_mistake("docker.bad_container_name"), r"Invalid container name \((?P<name>[^)]*)\)"),
    _row(
        _mistake("docker.still_running"),
        r"cannot remove (?:a running )?container \"?/?(?P<name>[\w.-]+)\"?: (?:container is running|stop)",
    ),
    _row(
        _mistake("docker.image_in_use"),
        r"unable to (?:remove|delete) (?:repository reference )?\"?(?P<image>[\w./:@-]+).* "
        r"container (?P<container>\w+)",
    ),
    _row(_upper_case, r"must be lowercase"),
)


def _engine_said(match: re.Match[str], scene: Scene) -> _Answer:
    why = match["why"]
    for pattern, meaning in _ENGINE_SAYS:
        found = pattern.search(why)
        if found is not None:
            return meaning(found, scene)
    before = scene.text[: match.start()]
    return image_failed(why, before, scene) or _build_answer(why, before, scene)


# What the builder and the CLI say


def _builder_said(match: re.Match[str], scene: Scene) -> _Answer:
    before = scene.text[: match.start()]
    return image_failed(match["why"], before, scene) or _build_answer(match["why"], before, scene)


def _build_answer(why: str, before: str, scene: Scene) -> _Answer:
    return Build(why=why, printed=before, work=scene.work).mistake()


def _started_but_refused(match: re.Match[str], scene: Scene) -> Mistake:
    return _would_not_start(match["program"], match["said"], match.start(), scene)


def _single_quotes(_: re.Match[str], scene: Scene) -> Mistake:
    number = no_json(_dockerfile(scene), "RUN", "CMD", "ENTRYPOINT")
    return Mistake("docker.single_quotes", place=f"Dockerfile:{number}" if number else "Dockerfile")


def _dockerfile(scene: Scene) -> list[str]:
    return [] if scene.work is None else lines_of(scene.work, "Dockerfile")


def _unknown_command(match: re.Match[str], _: Scene) -> Mistake:
    return Mistake("docker.unknown_command", command=match["command"] or match["other"])


def _compose_file(match: re.Match[str], _: Scene) -> Mistake:
    return Mistake("docker.compose_invalid", said=re.sub(r"^validating \S+ |\S*/", "", match[0])[:300])


_SPEAKERS = (
    _row(
        _trouble("docker.daemon_gone"),
        r"^(?:docker: |ERROR: |error: |Error: )?"
        r"(?:Cannot connect to the Docker daemon|failed to connect to the docker API)"
        r" at (?P<address>\S+?)[.;](?: |$).*$",
    ),
    _row(
        _trouble("docker.daemon_gone"),
        r"^(?:docker: |ERROR: )?error during connect: .*?(?P<address>(?:https?|unix|tcp|npipe)://[^\s\"]+)",
    ),
    _row(
        _trouble("docker.socket_denied"),
        r"^(?:docker: |ERROR: |Error: )?(?:Got )?permission denied while trying to connect to the [Dd]ocker "
        r"(?:daemon socket|API) at (?P<address>\S+?)[:;]?(?: |$)",
    ),
    _row(
        _engine_said,
        r"^[ \t]*(?:docker: |ERROR: |Error: )?(?:Error response from daemon|OCI runtime exec failed): "
        r"(?P<why>.+)$",
    ),
    _row(
        _builder_said,
        r"^(?:ERROR: |error: )?(?:failed to build: )?(?:target \S+: )?"
        r"failed to solve(?: with frontend \S+)?: (?P<why>.+)$",
    ),
    _row(
        _builder_said,
        r"^(?P<why>(?:(?:COPY|ADD) failed: |The command '.*' returned a non-zero code: "
        r"|unable to prepare context: unable to evaluate symlinks in Dockerfile path: |Get \"https?://[^/\s]+/v2/).*)$",
    ),
    _row(
        _mistake("docker.no_context"),
        r"^(?:ERROR: |docker: )*[\"']docker (?:buildx |image |builder )?build[\"'] requires "
        r"(?:exactly )?1 argument",
    ),
    _row(
        _mistake("docker.argument_missing"),
        r"^(?:docker: )?[\"'](?P<command>docker [a-z ]+)[\"'] requires at least \d+ arguments?",
    ),
    _row(
        _mistake("docker.context_missing"),
        r"^(?:ERROR: )?unable to prepare context: path \"(?P<path>[^\"]*)\" not found",
    ),
    _row(_upper_case, r"^(?:docker: |ERROR: |Error )?.{0,200}repository name .{0,200}must be lowercase"),
    _row(
        _mistake("docker.bad_image_name"),
        r"^(?:docker: |ERROR: )?(?:invalid tag .*: )?invalid reference format\.?$",
    ),
    _row(
        _started_but_refused,
        r"^exec (?P<program>\S+): (?P<said>no such file or directory|exec format error|permission denied)$",
    ),
    (SINGLE_QUOTES, _single_quotes),
    _row(
        _mistake("docker.no_terminal"),
        r"^(?:docker: )?(?:the input device is not a TTY|cannot attach stdin to a TTY-enabled container)",
    ),
    _row(
        _mistake("docker.unknown_option"),
        r"^(?:docker: )?unknown (?:shorthand )?flag: (?P<option>.+)$(?=[\s\S]{0,400}docker [\w ]*--help)",
    ),
    _row(
        _unknown_command,
        r"^docker: (?:'(?P<command>[^']+)' is not a docker command|unknown command: docker (?P<other>\S+))",
    ),
    _row(
        _mistake("docker.unhealthy"),
        r"dependency failed to start: container (?P<container>\S+) is unhealthy",
    ),
    _row(
        _mistake("docker.no_healthcheck"),
        r"dependency failed to start: container (?P<container>\S+) has no healthcheck configured",
    ),
    _row(_mistake("docker.no_compose_file"), r"^no configuration file provided: not found$"),
    _row(_compose_file, r"^(?:yaml: line \d+: |validating \S+\.ya?ml: ).+$"),
    _row(_mistake("docker.compose_invalid"), r"^(?P<said>.+): invalid compose project$"),
)
