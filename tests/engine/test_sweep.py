from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import pytest

from checker.engine import LABEL, Engine, Place, find_engine
from checker.engine.sweep import clean, sweep, uninstall
from checker.phrase import KataError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engine.conftest import FakeEngine


def _empty(fake: FakeEngine) -> Engine:
    lists = {"/containers/json": [], "/networks": [], "/volumes": {"Volumes": None}, "/images/json": []}
    fake.answers |= {path: (200, answer) for path, answer in lists.items()}
    return Engine(host=fake.host, origin="default")


def test_cleans_names_of_exercises_and_no_others(fake_engine: FakeEngine) -> None:
    """Only names of the form kata-NN-* go; one that merely looks alike stays."""
    engine = _empty(fake_engine)
    names = ["/kata-04-redis", "/kata-x", "/my-kata-04-redis", "/katana"]
    rows = [{"Id": f"id{n}", "Names": [name]} for n, name in enumerate(names)]
    fake_engine.answers["/containers/json"] = (200, rows)
    fake_engine.answers["/containers/id0"] = (204, "")

    # the fake does not filter by label: an empty list for the sweep, the rows for the names
    answer = fake_engine.answer
    fake_engine.answer = lambda method, path: (  # type: ignore[method-assign]
        (200, []) if "kata.run" in path and path.startswith("/containers") else answer(method, path)
    )
    assert clean(engine) == ["container kata-04-redis"]
    assert [asked for asked in fake_engine.asked if asked.startswith("DELETE")] == [
        "DELETE /containers/id0?force=1&v=1"
    ]


def test_what_is_gone_already_is_no_error(fake_engine: FakeEngine) -> None:
    """A container that somebody else removed in the meantime counts as removed."""
    engine = _empty(fake_engine)
    fake_engine.answers["/containers/json"] = (200, [{"Id": "gone", "Names": ["/x"]}])
    assert sweep(engine) == ["container x"]


@pytest.mark.parametrize(("language", "words"), [("en", "would not remove"), ("ko", "거절했어요")])
def test_says_what_the_engine_kept(
    fake_engine: FakeEngine, monkeypatch: pytest.MonkeyPatch, language: str, words: str
) -> None:
    """An engine's refusal is passed on with its own reason, and leads to the doctor."""
    monkeypatch.setenv("KATA_LANG", language)
    engine = _empty(fake_engine)
    fake_engine.answers["/volumes"] = (200, {"Volumes": [{"Name": "v"}]})
    fake_engine.answers["/volumes/v"] = (409, {"message": "volume is in use"})
    with pytest.raises(KataError, match="volume is in use") as caught:
        sweep(engine)
    assert words in str(caught.value)
    assert "./kata doctor" in str(caught.value)


def test_uninstalling_nothing_does_nothing(tmp_path: Path) -> None:
    """Where there is no data folder there is nothing to say."""
    assert uninstall(Place(data=tmp_path / "nothing")) == []


@pytest.mark.docker
def test_sweeps_one_run_and_leaves_the_rest() -> None:
    """A sweep removes what carries its run's label, and neither another run's nor anything without it."""
    engine = find_engine()
    client = engine.client()
    ours, others, foreign = (f"sweep-{secrets.token_hex(4)}" for _ in range(3))
    labels = {ours: {LABEL: ours}, others: {LABEL: others}, foreign: {}}
    try:
        for name, label in labels.items():
            client.volumes.create(name, labels=label)
            client.networks.create(name, labels=label)
        assert sorted(sweep(engine, ours)) == [f"network {ours}", f"volume {ours}"]
        left = {volume.name for volume in client.volumes.list()} & set(labels)
        assert left == {others, foreign}
        assert {network.name for network in client.networks.list()} >= {others, foreign}
    finally:
        for name in labels:
            for network in client.networks.list(names=[name]):
                network.remove()
            for volume in client.volumes.list(filters={"name": name}):
                volume.remove()
        client.close()
