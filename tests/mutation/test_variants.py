from __future__ import annotations

import pytest

from checker.mutation.variants import variants


def said(file: str, text: str) -> dict[str, str]:
    return {variant.what: variant.text for variant in variants(file, text)}


def test_a_dockerfile_loses_its_instructions() -> None:
    """Each instruction is dropped once, with all of its lines; FROM stays, without which there is no Dockerfile."""
    found = said("Dockerfile", 'FROM a:1\n# why\nRUN one \\\n  && two\nCMD ["x"]\n')
    assert found["without “RUN one \\ && two”"] == 'FROM a:1\n# why\nCMD ["x"]\n'
    assert found['without “CMD ["x"]”'] == "FROM a:1\n# why\nRUN one \\\n  && two\n"
    assert not [what for what in found if what.startswith("without “FROM")]


def test_a_script_loses_lines_and_options() -> None:
    """Lines go, and options, alone and with the word behind them; what only holds lines together stays."""
    found = said("run.sh", "#!/bin/sh\nif true; then\n  docker run -d --name x redis:7\nfi\n")
    line = "“docker run -d --name x redis:7”"
    assert found[f"without {line}"] == "#!/bin/sh\nif true; then\nfi\n"
    assert "  docker run  --name x redis:7\n" in found[f"without -d in {line}"]
    assert "  docker run -d  redis:7\n" in found[f"without --name x in {line}"]
    assert not [what for what in found if "if true" in what or "fi”" in what]


def test_numbers_tags_and_paths_change() -> None:
    """A port becomes the next one, a tag another, a path one that nobody made; a port behind a colon is no tag."""
    found = said("run.sh", "docker run -p 127.0.0.1:8080:80 -v data:/srv web:1.2\n")
    texts = set(found.values())
    assert "docker run -p 127.0.0.1:8080:80 -v data:/srv web:other\n" in texts
    assert "docker run -p 127.0.0.1:8080:80 -v data:/srv-other web:1.2\n" in texts
    assert "docker run -p 127.0.0.1:8081:80 -v data:/srv web:1.2\n" in texts
    assert "docker run -p 127.0.0.1:8080:81 -v data:/srv web:1.2\n" in texts


def test_the_same_words_twice_have_two_names() -> None:
    """What stands in a file twice is dropped once and once, under names that can be told apart."""
    found = said("run.sh", "case $1 in a) ;;\n;;\nesac\nsync\necho 1\nsync\n")
    assert found["without “sync”"] == "case $1 in a) ;;\n;;\nesac\necho 1\nsync\n"
    assert found["without “sync” (2)"] == "case $1 in a) ;;\n;;\nesac\nsync\necho 1\n"
    assert "without “;;”" not in found


def test_a_compose_file_loses_keys_and_entries() -> None:
    """Keys of all depths go, entries of lists too, and values change as they do in a line."""
    found = said("compose.yaml", "services:\n  web:\n    image: web:1\n    ports: ['8000:80', '1:2']\n    init: true\n")
    assert found["without services.web.image"] == (
        "services:\n  web:\n    ports:\n    - 8000:80\n    - '1:2'\n    init: true\n"
    )
    assert "8000:80" not in found["without services.web.ports.0"]
    assert "image: web:other" in found[":other for :1 in “web:1” at services.web.image"]
    assert "init: false" in found["false at services.web.init"]


def test_answers_lose_their_keys() -> None:
    """A key goes with its value, also one of several lines."""
    found = said("answers.toml", 'a = "x"\nb = [\n  "y",\n]\nc = 1\n')
    assert found == {
        "without a": 'b = [\n  "y",\n]\nc = 1\n',
        "without b": 'a = "x"\nc = 1\n',
        "without c": 'a = "x"\nb = [\n  "y",\n]\n',
    }


def test_a_heredoc_is_one_line() -> None:
    """What is written between <<END and END belongs to the line that begins it."""
    found = said("run.sh", "cat > f <<'END'\none\ntwo\nEND\ntrue\n")
    assert found["without “cat > f <<'END' one two END”"] == "true\n"


@pytest.mark.parametrize("file", ["run.sh", "Dockerfile", "a/compose.yaml"])
def test_nothing_comes_twice(file: str) -> None:
    """No variant is the file itself, and no two are the same."""
    text = "FROM redis:7\n" if file == "Dockerfile" else "a: redis:7\n"
    found = [variant.text for variant in variants(file, text)]
    assert len(found) == len(set(found))
    assert text not in found
