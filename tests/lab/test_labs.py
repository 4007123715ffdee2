"""Opening and closing labs: quickly, apart from each other, and leaving the machine as it was."""

from __future__ import annotations

import fcntl
import json
import secrets
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from checker.engine import Engine, Place, find_engine
from checker.image.mirror import Mirror
from checker.lab import Labs, Limits
from checker.lab.disk import can_clone, clone, format_disk
from checker.lab.store import Store
from checker.lab.system import forget, system
from checker.phrase import KataError
from tests.lab.conftest import Machine, run_in, until

if TYPE_CHECKING:
    from collections.abc import Callable

docker = pytest.mark.docker
alone = pytest.mark.alone


@pytest.fixture
def before() -> Machine:
    """The machine, with what the first labs of all make once."""
    with Labs(find_engine()):
        pass
    return Machine.now()


@docker
@alone
def test_the_machine_is_as_it_was(before: Machine) -> None:
    """After labs were open there is nothing of them: containers, mounts, loop devices, processes, files."""
    with Labs(find_engine()) as labs, labs.open() as one, labs.open() as other:
        inside = [find.engine.request("GET", "/_ping")[0] for find in (one, other)]
    assert inside == [200, 200]
    assert until(lambda: Machine.now() == before), Machine.now()


@docker
@alone
def test_the_machine_is_as_it_was_after_an_error(before: Machine) -> None:
    """Also an exception in the middle leaves nothing."""
    with pytest.raises(ZeroDivisionError), Labs(find_engine()) as labs, labs.open():
        raise ZeroDivisionError
    assert until(lambda: Machine.now() == before), Machine.now()


@docker
def test_who_begins_at_the_same_moment_waits_for_the_mirror(monkeypatch: pytest.MonkeyPatch) -> None:
    """The workshop and the mirror are everybody's: they are seen to under the store's lock."""
    held: list[bool] = []
    ensure = Mirror.ensure

    def watched(mirror: Mirror, tell: Callable[[str], None]) -> None:
        with (Place.here().data / "labs" / "lock").open("w", encoding="utf-8") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                held.append(True)
        ensure(mirror, tell)

    monkeypatch.setattr(Mirror, "ensure", watched)
    with Labs(find_engine()):
        assert held == [True]


@docker
def test_two_labs_share_nothing() -> None:
    """A container, a volume, a port, a file of one lab is not there in another."""
    with Labs(find_engine()) as labs, labs.open() as one, labs.open() as other:
        for lab in (one, other):
            status, _ = lab.engine.request("POST", "/volumes/create", {"Name": "same"})
            assert status == 201
            body = {
                "Image": "busybox:1",
                "Cmd": ["sleep", "60"],
                "HostConfig": {"PortBindings": {"80/tcp": [{"HostPort": "8080"}]}},
            }
            status, made = lab.engine.request("POST", "/containers/create?name=same", body)
            assert status == 201
            assert lab.engine.request("POST", f"/containers/{made['Id']}/start")[0] == 204
        run_in(one, "echo mine > /tmp/x; echo mine > ~/x; echo mine > ./x")
        said = run_in(other, "ls /tmp/x ~/x ./x; ls -d /run/docker-kata-*/labs/*").said
        assert said.count("No such file or directory") == 3
        assert one.name not in said
        assert other.name in said


@docker
def test_nothing_stays_for_the_next_lab() -> None:
    """What was in a lab is not in the one that comes after it."""
    with Labs(find_engine()) as labs:
        with labs.open() as lab:
            assert lab.engine.request("POST", "/volumes/create", {"Name": "old"})[0] == 201
            lab.engine.request("DELETE", "/images/redis:7")
        with labs.open() as _, labs.open() as lab:
            assert not lab.engine.request("GET", "/volumes")[1]["Volumes"]
            assert lab.engine.request("GET", "/images/redis:7/json")[0] == 200


_HOLDER = """
import sys
from checker.engine import find_engine
from checker.lab import Labs
with Labs(find_engine()) as labs, labs.open() as lab:
    print("open", flush=True)
    sys.stdin.read()
"""


@docker
@alone
def test_what_a_killed_process_left_is_swept() -> None:
    """Where the process that holds labs is killed, the next one removes what it left, and no one else's."""
    with Labs(find_engine()):
        pass
    before = Machine.now()
    with Labs(find_engine()) as others, others.open() as spared:
        command = [sys.executable, "-c", _HOLDER]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "open\n"
            holder.send_signal(signal.SIGKILL)
        left = Machine.now()
        assert len([line for line in left.left - before.left if line.startswith("mount")]) >= 1
        with Labs(find_engine()):
            assert spared.engine.request("GET", "/_ping")[0] == 200
    assert until(lambda: Machine.now() == before), Machine.now()


@docker
@alone
def test_kata_clean_sweeps_too() -> None:
    """``kata clean`` removes what a killed process left of its labs, and says which."""
    with Labs(find_engine()):
        pass
    before = Machine.now()
    with subprocess.Popen([sys.executable, "-c", _HOLDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"open\n"
        holder.kill()
    gone = Store(Place.here(), print).swept(find_engine())
    assert gone
    assert all(line.startswith("lab ") for line in gone)
    assert until(lambda: Machine.now() == before), Machine.now()
    assert Store(Place.here(), print).swept(find_engine()) == []


@docker
@alone
def test_a_preparation_that_was_killed_is_made_again() -> None:
    """A store is prepared whole or not at all: what a killed preparation left is removed, and another is made."""
    engine, limits = find_engine(), Limits(disk=2 * 1024**3 + secrets.randbelow(500) * 1024**2)
    place = Place.here()
    program = f"""
from checker.engine import find_engine
from checker.lab import Labs, Limits
Labs(find_engine(), limits=Limits(disk={limits.disk}), tell=lambda line: print("told", flush=True)).__enter__()
"""
    with Labs(engine, ahead=0):
        prepared = set((place.data / "labs/store").glob("prepared-*"))
        before = Machine.now()
        with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as preparing:
            assert preparing.stdout is not None
            assert preparing.stdout.readline() == "told\n"
            assert until(lambda: any((place.data / "labs/store").glob("preparing-*")), 30)
            preparing.kill()
        with Labs(engine, limits=limits) as labs, labs.open() as lab:
            assert lab.engine.request("GET", "/images/redis:7/json")[0] == 200
        assert not list((place.data / "labs/store").glob("preparing-*"))
        for made in set((place.data / "labs/store").glob("prepared-*")) - prepared:
            made.unlink()
        assert until(lambda: Machine.now() == before), Machine.now()


@docker
def test_without_btrfs_it_is_slower_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where disks can be neither cloned nor put on btrfs they are copied; labs are the same, and a line says it."""

    def refuse(*_: object) -> None:
        raise KataError("lab.disk", program="mount", detail="unknown filesystem type 'btrfs'")

    monkeypatch.setattr("checker.lab.store.can_clone", lambda _: False)
    monkeypatch.setattr("checker.lab.store._make_btrfs", refuse)
    place = Place(data=tmp_path)
    place.engine.mkdir()
    place.tools.symlink_to(Place.here().tools)
    told: list[str] = []
    with (
        Labs(find_engine()) as others,
        others.open() as spared,
        Labs(find_engine(), folder=tmp_path, tell=told.append, ahead=0) as labs,
        labs.open() as lab,
    ):
        assert spared.engine.request("GET", "/_ping")[0] == 200  # of another data folder, on the same engine
        assert lab.engine.request("GET", "/images/redis:7/json")[0] == 200
        assert not (tmp_path / "labs/store").is_mount()
    assert [line for line in told if "unknown filesystem type 'btrfs'" in line]
    assert [file.name.partition("-")[0] for file in (tmp_path / "labs/store").iterdir()] == ["prepared"]
    assert not list((place.run / "labs").iterdir())
    shutil.rmtree(place.run)


@docker
def test_killed_from_outside_it_is_gone_whatever_happens_in_it() -> None:
    """``kill`` ends everything in a lab at once; what comes after is tidying up."""
    with Labs(find_engine()) as labs, labs.open() as lab:
        name: str = json.loads(Path(lab.environment["KATA_LAB"]).read_text("utf-8"))["container"]
        lab.kill()
        assert until(lambda: not find_engine().request("GET", f"/containers/{name}/json")[1]["State"]["Running"])
        assert lab.engine.host
        with pytest.raises(KataError):
            lab.engine.request("GET", "/_ping")


@docker
def test_a_lab_that_died_while_it_waited_is_replaced() -> None:
    """Whoever opens a lab gets one that lives, though the one that was made ready for it has died."""
    with Labs(find_engine()) as labs, labs.open() as first:
        assert first.is_alive
        (waiting,) = labs._waiting
        dead = waiting.result()
        dead.kill()
        assert until(lambda: not dead.is_alive)
        with labs.open() as lab:
            assert lab.name != dead.name
            assert lab.engine.request("GET", "/_ping")[0] == 200


def test_without_root_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lab needs root, and whoever is not learns it in both languages."""
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(KataError) as caught:
        Labs(Engine(host="unix:///nobody.sock", origin="default")).__enter__()
    assert caught.value.cause.en.startswith("A lab needs root")
    assert "root 권한이 필요해요" in caught.value.cause.ko


def test_without_the_engines_programs_it_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Labs are made of the embedded engine's programs; where those cannot be had, that is said."""
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr("checker.engine.embedded.is_possible", lambda: False)
    with pytest.raises(KataError) as caught:
        Labs(Engine(host="unix:///nobody.sock", origin="default"), folder=tmp_path).__enter__()
    assert caught.value.key == "lab.no_tools"
    assert str(tmp_path) in caught.value.cause.ko


class _Bare(Engine):
    """An engine that has no images."""

    def request(self, *_: object, **__: object) -> tuple[int, list[object]]:
        """Answer any question with an empty list."""
        return 200, []


class _Stocked(Engine):
    """An engine that has an image of ours beside one that is not, and keeps what a container uses."""

    def request(self, method: str, path: str, *_: object, **__: object) -> tuple[int, object]:
        """List them; remove any but the one that is in use."""
        if method == "DELETE":
            return (409 if path.endswith(":used") else 200), None
        tags = ("kata-lab:old", "kata-lab:used", "kata-lab:new", "redis:7")
        return 200, [{"Id": tag, "RepoTags": [tag]} for tag in tags]


def test_images_of_older_labs_are_forgotten() -> None:
    """Of the images that labs are made of only the newest stays, and one that is in use; nobody else's is touched."""
    engine = _Stocked(host="unix:///nobody.sock", origin="default")
    assert forget(engine, but="kata-lab:new") == ["image kata-lab:old"]
    assert forget(engine) == ["image kata-lab:old", "image kata-lab:new"]


def test_without_the_base_image_it_says_so(tmp_path: Path) -> None:
    """Without Debian's image there is nothing to build a lab upon."""
    with pytest.raises(KataError) as caught:
        system(_Bare(host="unix:///nobody.sock", origin="default"), Place(data=tmp_path), print)
    assert "no image debian:bookworm-slim" in caught.value.cause.en
    assert "debian:bookworm-slim 이미지가 engine에 없어요" in caught.value.cause.ko


def test_a_clone_is_a_copy(tmp_path: Path) -> None:
    """Whether or not blocks can be shared, a clone has the same content and is a file of its own."""
    (tmp_path / "old").write_bytes(b"x" * 5000)
    assert clone(tmp_path / "old", tmp_path / "new") == can_clone(tmp_path)
    assert (tmp_path / "new").read_bytes() == b"x" * 5000
    (tmp_path / "new").write_bytes(b"y")
    assert (tmp_path / "old").read_bytes() == b"x" * 5000


def test_a_disk_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    """What mkfs says is passed on, with what to do about it."""
    with pytest.raises(KataError) as caught:
        format_disk(tmp_path / "disk", 512)
    assert caught.value.key == "lab.disk"
    assert caught.value.cause.en.startswith("The disk of a lab could not be set up (mkfs.ext4): ")
    assert "랩의 디스크를 준비하지 못했어요" in caught.value.cause.ko


def test_an_owner_lives_as_long_as_its_lock(tmp_path: Path) -> None:
    """A file that nobody has locked belongs to a dead process, and is removed when somebody looks."""
    store = Store(Place(data=tmp_path), print)
    (tmp_path / "labs/owners").mkdir(parents=True)
    (tmp_path / "labs/owners/dead00").touch()
    assert store.alive() == frozenset()
    assert not (tmp_path / "labs/owners/dead00").exists()
