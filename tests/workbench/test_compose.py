from __future__ import annotations

import secrets
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from checker.exercise import Exercise
from checker.verdict import Mistake
from checker.work import Work
from checker.workbench.bench import Bench
from checker.workbench.container import wait_for
from checker.workbench.run import Run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from docker import DockerClient

    from checker.engine import Engine

pytestmark = pytest.mark.docker

MANIFEST = """
title = { en = "Compose", ko = "작곡" }
files = ["compose.yaml"]
images = ["busybox:1"]
seconds = 120

[[check]]
id = "one"
points = 10
title = { en = "one", ko = "하나" }

[mistake.wrong]
en = "wrong"
ko = "틀렸어요"
"""
HELLO = """
services:
  hello:
    network_mode: none
    build:
      context: .
      dockerfile_inline: |
        FROM busybox:1
        ARG WORD
        RUN echo "$WORD" > /word
        CMD ["sleep", "300"]
      args:
        WORD: ${WORD}
"""


@contextmanager
def opened(compose: str, folder: Path, engine: Engine) -> Iterator[Bench]:
    """A bench of an exercise whose work is this compose file, put away afterwards."""
    exercise = folder / f"96_{secrets.token_hex(3)}"
    exercise.mkdir()
    (exercise / "exercise.toml").write_text(MANIFEST, encoding="utf-8")
    (exercise / "compose.yaml").write_text(compose, encoding="utf-8")
    read = Exercise.read(exercise)
    with Run.begin(folder / "runs") as run, Bench(engine, read, Work.copy(read, exercise, run.folder / "w"), run) as it:
        yield it


def test_services_are_built_and_brought_up(tmp_path: Path, engine: Engine, client: DockerClient) -> None:
    """A service runs the image that was built for it last, and at the end nothing of it is left."""
    with opened(HELLO, tmp_path, engine) as bench:
        word = bench.nonce()
        hello = bench.compose(environment={"WORD": word})
        built = hello.build()
        hello.up()
        container = hello.container("hello")
        assert container.ask("cat", "/word").said.strip() == word
        assert container.image == built["hello"].image_id
        again = hello.build(no_cache=True)
        hello.up()
        assert again["hello"].reference != built["hello"].reference
        assert hello.container("hello").id != container.id
        hello.down()
        assert wait_for(lambda: hello.containers("hello") == (), 5)
        hello.up()
        project = hello.project
    assert not [row for row in client.api.containers(all=True) if project in row["Names"][0]]
    assert not [tag for row in client.api.images() for tag in row["RepoTags"] or () if "kata-96-" in tag]


def test_a_file_that_compose_cannot_read_is_the_learners(tmp_path: Path, engine: Engine) -> None:
    """What Compose says of a file that it cannot read is handed on."""
    with opened("services:\n  web:\n    imagine: busybox:1\n", tmp_path, engine) as bench:
        with pytest.raises(Mistake) as caught:
            bench.compose()
        assert caught.value.key == "docker.compose_invalid"
        assert "imagine" in str(caught.value.blanks)


def test_a_missing_service_is_named(tmp_path: Path, engine: Engine) -> None:
    """Asked for a service that the file has not, the sentence lists those that it has."""
    with opened("services:\n  wep:\n    image: busybox:1\n", tmp_path, engine) as bench:
        composition = bench.compose()
        for service, key in (("web", "compose.no_service"), ("wep", "compose.no_container")):
            with pytest.raises(Mistake) as caught:
                composition.container(service)
            assert caught.value.key == key
            assert "wep" in caught.value.blanks.values()


def test_nothing_is_built_outside_the_work(tmp_path: Path, engine: Engine) -> None:
    """A build context above the learner's folder is the learner's mistake, and nothing of it is read."""
    with opened("services:\n  web:\n    build: ..\n", tmp_path, engine) as bench:
        with pytest.raises(Mistake) as caught:
            bench.compose().build()
        assert caught.value.key == "compose.context_outside"


FURTHER = """
services:
  web:
    network_mode: none
    build:
      context: .
      dockerfile_inline: |
        FROM scratch
        COPY --from=more words more
        COPY --from=image /bin/busybox /bin/sh
        CMD ["sh", "-c", "cat < /more"]
      additional_contexts:
        more: {more}
        image: docker-image://busybox:1
"""


def test_further_contexts(tmp_path: Path, engine: Engine) -> None:
    """A build may take files from another folder of the learner's and from an image, as Compose lets it."""
    with opened(FURTHER.format(more="./further"), tmp_path, engine) as bench:
        bench.work.put("further/words", "further words")
        assert bench.compose().build()["web"].steps


@pytest.mark.parametrize(
    ("more", "key"),
    [
        ("..", "compose.context_outside"),
        ("/etc", "compose.context_outside"),
        ("https://example.org/more.git", "compose.context_of_another_kind"),
        ("./absent", "docker.context_missing"),
    ],
)
def test_further_contexts_that_cannot_be_had(tmp_path: Path, engine: Engine, more: str, key: str) -> None:
    """A further context outside the learner's folder is not read; one that is missing or of another kind is named."""
    with opened(FURTHER.format(more=more), tmp_path, engine) as bench:
        with pytest.raises(Mistake) as caught:
            bench.compose().build()
        assert caught.value.key == key
        assert more.lstrip("./") in str(caught.value.blanks)


def test_services_of_one_image_share_what_was_built_last(tmp_path: Path, engine: Engine) -> None:
    """Two services that give their images the same name run the same image, as with Compose's own build."""
    service = """
    image: same
    network_mode: none
    build:
      context: .
      dockerfile_inline: |
        FROM busybox:1
        RUN echo {name} > /name
        CMD ["sleep", "300"]
"""
    text = "services:\n" + "".join(f"  {name}:{service.format(name=name)}" for name in ("a", "b"))
    with opened(text, tmp_path, engine) as bench:
        both = bench.compose()
        both.build()
        both.up()
        said = {both.container(name).ask("cat", "/name").said.strip() for name in ("a", "b")}
        assert said == {"b"}


def test_a_build_that_fails_names_its_own_dockerfile(tmp_path: Path, engine: Engine) -> None:
    """Of several Dockerfiles the sentence names the one that it is about, also one that stands in the compose file."""
    inline = '{context: ., dockerfile_inline: "FROM busybox:1\\nRUN false"}'
    for build, place in ((inline, "web: dockerfile_inline:2"), ("{context: ., dockerfile: x.docker}", "x.docker:3")):
        with opened(f"services:\n  web:\n    build: {build}\n", tmp_path, engine) as bench:
            (bench.work.folder / "x.docker").write_text("FROM busybox:1\n\nRUN exit 3\n", encoding="utf-8")
            with pytest.raises(Mistake) as caught:
                bench.compose().build()
            assert caught.value.blanks["place"] == place
