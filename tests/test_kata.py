from __future__ import annotations

import importlib.machinery
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
LANGUAGES = ("en", "ko")


Starter = Any  # a module without stubs


def _load(file: Path) -> Starter:
    loader = importlib.machinery.SourceFileLoader("kata_starter", str(file))
    spec = importlib.util.spec_from_loader("kata_starter", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Return a clone that has nothing but the starter, empty locks, and a command line that prints itself."""
    shutil.copy(ROOT / "kata", tmp_path / "kata")
    for lock in ("requirements.lock", "requirements-dev.lock"):
        (tmp_path / lock).write_text("# nothing\n", encoding="utf-8")
    (tmp_path / "checker").mkdir()
    (tmp_path / "checker/__init__.py").touch()
    printed = "import os, sys; print(*sys.argv[1:], sys.prefix, os.getcwd(), 'docker' in sys.modules)"
    (tmp_path / "checker/cli.py").write_text(printed, encoding="utf-8")
    return tmp_path


@pytest.fixture
def starter(clone: Path, monkeypatch: pytest.MonkeyPatch) -> Starter:
    """Return the starter of that clone as a module that runs no program and remembers what it would."""
    module = _load(clone / "kata")
    module.ran = []

    def run(command: list[object]) -> None:
        module.ran.append([str(word) for word in command])
        if "venv" in module.ran[-1]:
            (module.VENV / "lib/python3.11/site-packages").mkdir(parents=True)
            (module.VENV / "bin").mkdir()
            (module.VENV / "bin/python").touch()

    monkeypatch.setattr(module, "_run", run)
    monkeypatch.setattr(module, "_missing_here", lambda _: ["click"])
    return module


def _start(clone: Path, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    base = Path(sys.base_prefix, "bin", f"python3.{sys.version_info.minor}")
    environ = {k: v for k, v in os.environ.items() if k not in {"VIRTUAL_ENV", "PYTHONPATH"}}
    return subprocess.run(
        [base, clone / "kata", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=environ,
        cwd=cwd,
    )


def test_locks_install_only_what_is_hashed() -> None:
    """Every package of both locks is pinned and hashed, and no address or machine's path is in them."""
    for lock in ("requirements.lock", "requirements-dev.lock"):
        text = (ROOT / lock).read_text(encoding="utf-8")
        packages = re.findall(r"^[a-z0-9].*?(?=^[a-z0-9]|\Z)", text, re.MULTILINE | re.DOTALL)
        assert len(packages) >= 20
        assert all("==" in package and "--hash=sha256:" in package for package in packages)
        assert "://" not in text
        assert not re.search(r"(?<!\S)/\w", text)


def test_development_has_everything_that_a_run_has() -> None:
    """Both locks agree on every package that they share."""
    pinned = [
        set(re.findall(r"^(\S+==\S+)", (ROOT / lock).read_text(encoding="utf-8"), re.MULTILINE))
        for lock in ("requirements.lock", "requirements-dev.lock")
    ]
    assert pinned[0] < pinned[1]


def test_speaks_both_languages(starter: Starter) -> None:
    """Every sentence exists in both languages, with the same blanks."""
    for sentence in starter.SENTENCES.values():
        blanks = [set(re.findall(r"{(\w+)}", sentence[language])) for language in LANGUAGES]
        assert blanks[0] == blanks[1]


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"KATA_LANG": "ko", "LANG": "en_US.UTF-8"}, "준비됐어요"),
        ({"LC_ALL": "ko_KR.UTF-8", "LANG": "en_US.UTF-8"}, "준비됐어요"),
        ({"LANG": "de_DE.UTF-8"}, "ready"),
        ({"KATA_LANG": "en", "LANG": "ko_KR.UTF-8"}, "ready"),
    ],
)
def test_chooses_the_language(
    starter: Starter,
    monkeypatch: pytest.MonkeyPatch,
    variables: dict[str, str],
    words: str,
) -> None:
    """The language is KATA_LANG's, then the locale's, then English."""
    for name in ("KATA_LANG", "LC_ALL", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert words in starter.sentence("ready")


def test_makes_the_environment_once(starter: Starter, capsys: pytest.CaptureFixture[str]) -> None:
    """The first run makes it and says so, the second does and says nothing."""
    starter.interpreter("run")
    assert starter.ran[0][1:4] == ["-m", "venv", str(starter.VENV)]
    assert "--require-hashes" in starter.ran[1]
    assert "requirements.lock" in capsys.readouterr().err
    starter.ran.clear()
    assert starter.interpreter("run") == starter.VENV / "bin/python"
    assert starter.ran == []
    assert capsys.readouterr().err == ""


def test_tests_add_the_development_packages(starter: Starter) -> None:
    """``./kata test`` adds its packages to the environment that is there; a plain run keeps them."""
    starter.interpreter("run")
    starter.ran.clear()
    starter.interpreter("dev")
    assert [Path(command[-1]).name for command in starter.ran] == ["requirements-dev.lock"]
    starter.ran.clear()
    starter.interpreter("run")
    assert starter.ran == []


def test_changed_lock_makes_it_anew(starter: Starter) -> None:
    """When the lock has changed, the environment is made from nothing."""
    starter.interpreter("run")
    (starter.VENV / "stray").touch()
    starter.LOCKS["run"].write_text("# something else\n", encoding="utf-8")
    starter.interpreter("run")
    assert not (starter.VENV / "stray").exists()


def test_half_made_environment_is_made_anew(starter: Starter, monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment whose making was interrupted is not mistaken for a whole one, nor for a stranger's."""

    def interrupted(_: str) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(starter, "_install", interrupted)
        with pytest.raises(KeyboardInterrupt):
            starter.interpreter("run")
    assert not starter.is_ready("run")
    starter.interpreter("run")
    assert starter.is_ready("run")


def test_moved_clone_makes_it_anew(starter: Starter, clone: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """An environment names its own folder in its scripts; in a clone that was moved it is not ready."""
    starter.interpreter("run")
    moved = tmp_path_factory.mktemp("moved") / "clone"
    shutil.copytree(clone, moved)
    assert not _load(moved / "kata").is_ready("run")


@pytest.mark.parametrize(("language", "words"), [("en", "was not made by ./kata"), ("ko", "만든 환경이 아닌데")])
def test_leaves_an_environment_of_the_users_alone(
    starter: Starter,
    monkeypatch: pytest.MonkeyPatch,
    language: str,
    words: str,
) -> None:
    """A .venv that ./kata did not make is neither deleted nor installed into; what it lacks is named."""
    monkeypatch.setenv("KATA_LANG", language)
    starter.VENV.mkdir()
    (starter.VENV / "pyvenv.cfg").touch()
    with pytest.raises(starter.SetUpError, match="testcontainers") as caught:
        starter.interpreter("run")
    assert words in str(caught.value)
    assert (starter.VENV / "pyvenv.cfg").exists()
    assert starter.ran == []


def _without_ensurepip(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "importlib.util.find_spec",
        lambda name: None if name == "ensurepip" else importlib.machinery.ModuleSpec(name, None),
    )


@pytest.mark.parametrize(("language", "words"), [("en", "Install it"), ("ko", "설치한 뒤")])
def test_says_what_debian_left_out(
    starter: Starter,
    monkeypatch: pytest.MonkeyPatch,
    language: str,
    words: str,
) -> None:
    """Without ensurepip, and not as root, the error names Debian's package."""
    monkeypatch.setenv("KATA_LANG", language)
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    _without_ensurepip(monkeypatch)
    with pytest.raises(starter.SetUpError, match=words) as caught:
        starter.interpreter("run")
    assert f"python3.{sys.version_info.minor}-venv" in str(caught.value)


def test_root_on_debian_gets_what_debian_left_out(
    starter: Starter,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """As root, with Debian's own Python, the package is installed after saying so."""
    monkeypatch.setenv("KATA_LANG", "en")
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr("sys.executable", "/usr/bin/python3")
    _without_ensurepip(monkeypatch)
    starter.interpreter("run")
    assert starter.ran[1][:2] == ["apt-get", "install"]
    assert "with apt-get" in capsys.readouterr().err


@pytest.mark.parametrize(("language", "words"), [("en", "did not work"), ("ko", "실패했어요")])
def test_says_what_pip_said(clone: Path, monkeypatch: pytest.MonkeyPatch, language: str, words: str) -> None:
    """A program that fails is shown with its last lines and what to check."""
    monkeypatch.setenv("KATA_LANG", language)
    starter = _load(clone / "kata")
    with pytest.raises(starter.SetUpError, match=words) as caught:
        starter._run(["sh", "-c", "echo no route to the index; exit 1"])
    assert "no route to the index" in str(caught.value)


@pytest.mark.parametrize(("language", "words"), [("en", "cannot be written"), ("ko", "쓸 수 없어요")])
def test_says_that_the_clone_is_not_writable(
    starter: Starter,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    language: str,
    words: str,
) -> None:
    """A full disk is a sentence and exit code 3."""

    def full(_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setenv("KATA_LANG", language)
    monkeypatch.setattr(starter, "_run", full)
    with pytest.raises(SystemExit) as caught:
        starter.main(["list"])
    assert caught.value.code == 3
    said = capsys.readouterr().err
    assert words in said
    assert "No space left on device" in said


def test_interrupted_leaves_with_130(starter: Starter, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C while the environment is being made ends quietly."""

    def interrupted(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(starter, "_run", interrupted)
    with pytest.raises(SystemExit) as caught:
        starter.main(["list"])
    assert caught.value.code == 130


def test_hands_over_from_any_folder(clone: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A real environment is made; a docker.py where the learner stands is not imported."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    for name in ("docker.py", "checker.py"):
        (elsewhere / name).write_text("raise SystemExit('the learner was imported')", encoding="utf-8")
    first = _start(clone, "check", "01", cwd=elsewhere)
    assert first.returncode == 0, first.stderr
    assert first.stdout == f"check 01 {clone}/.venv {elsewhere} False\n"
    second = _start(clone, "check", "01", cwd=elsewhere)
    assert (second.stdout, second.stderr) == (first.stdout, "")


def test_two_at_once_make_it_once(clone: Path, starter: Starter) -> None:
    """While one makes the environment the other waits, says so, and then makes nothing."""
    base = Path(sys.base_prefix, "bin", f"python3.{sys.version_info.minor}")
    environ = {**os.environ, "KATA_LANG": "en"}
    with starter._alone():
        second = subprocess.Popen(
            [base, clone / "kata"], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environ
        )
        assert second.stderr is not None
        assert "waiting" in second.stderr.readline()
        starter._make("run")
        # what the fake left is not a Python: let the real one be found there
        (starter.VENV / "bin/python").unlink()
        (starter.VENV / "bin/python").symlink_to(base)
        (starter.VENV / "lib/python3.11/site-packages/docker_kata.pth").unlink()
        (starter.VENV / "kata.json").write_text(json.dumps({"run": starter.fingerprint("run")}), encoding="utf-8")
    _, errors = second.communicate(timeout=60)
    assert "Making" not in errors


def test_old_python_is_told_which_it_needs(clone: Path) -> None:
    """A Python that is too old reads one sentence in both languages instead of a syntax error."""
    program = (
        "import sys; sys.version_info = (3, 9, 0, 'final', 0); sys.version = '3.9.0 (main)'\n"
        f"exec(compile(open({str(clone / 'kata')!r}).read(), 'kata', 'exec'))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert "needs Python 3.11 or later; this is 3.9.0" in done.stderr
    assert "Python 3.11 이상이 필요한데" in done.stderr
