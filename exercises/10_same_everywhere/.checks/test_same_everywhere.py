from __future__ import annotations

import contextlib
import hashlib
import json
import runpy
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from checker.author import Bench, Mistake, Registry, packed, step, together, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

HOUSE = "kata-house"
ENVIRONMENTS = ("dev", "test", "prod")
LETTERHEAD, VAT = "따라배우는 상점", 10
SEOUL = timezone(timedelta(hours=9))  # without summer time since 1988
KOREAN = ("가람", "나은", "도윤", "라온", "미르", "보라", "새벽", "아라", "지우", "하늘")
LATIN = ("alto", "bora", "Carl", "Dora", "elle", "Finn", "Zoe")
MAKE_WHEELS = Path(__file__).with_name("make_wheels.py")
DICE = secrets.SystemRandom()
PATIENCE = 20  # seconds that a report may take


@dataclass(frozen=True, kw_only=True)
class Sales:
    """What is to be reported: when it was, and who sold for how many won."""

    at: int
    sold: dict[str, int]

    @property
    def text(self) -> str:
        return f"at,{self.at}\n" + "".join(f"{name},{won}\n" for name, won in self.sold.items())

    @property
    def amounts(self) -> tuple[str, ...]:
        """What each sold for, with VAT, rounded half up."""
        return tuple(f"{(2 * won * (100 + VAT) + 100) // 200:,}" for won in self.sold.values())

    @property
    def order(self) -> tuple[str, ...]:
        """The names as a Korean reader looks for them."""
        return tuple(sorted(self.sold, key=lambda name: (not "가" <= name[0] <= "힣", name.casefold())))

    @property
    def seoul(self) -> str:
        return datetime.fromtimestamp(self.at, SEOUL).strftime("%Y-%m-%d %H:%M")


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a container printed: its letterhead, its environment, its time, and who sold what."""

    text: str

    @property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    def line(self, number: int) -> str:
        return self.lines[number] if number < len(self.lines) else "∅"

    @property
    def names(self) -> tuple[str, ...]:
        rows = (line.split("  ") for line in self.lines if "  " in line)
        return tuple(name for name, *_ in rows if name != "=")

    def changes(self, after: Report) -> tuple[str, str]:
        """Return the first line that is different in another report, and what it is there."""
        longest = max(len(self.lines), len(after.lines))
        pairs = ((self.line(number), after.line(number)) for number in range(longest))
        return next((pair for pair in pairs if pair[0] != pair[1]), ("∅", "∅"))


@step
def registry(bench: Bench) -> Iterator[Registry]:
    with bench.registry() as registry:
        for tag in ("1.0", "latest"):
            registry.put(f"{HOUSE}:{tag}", *_house(LETTERHEAD, VAT))
        yield registry


@step
def image(bench: Bench, registry: Registry) -> str:
    return _build(bench, registry)


@step
def sales() -> Sales:
    names = DICE.sample([*DICE.sample(KOREAN, 4), *DICE.sample(LATIN, 3)], 7)
    now = datetime.now(SEOUL)
    at = now.replace(hour=DICE.randrange(9), minute=DICE.randrange(60)) - timedelta(days=DICE.randrange(300))
    return Sales(at=int(at.timestamp()), sold={name: DICE.randrange(1000, 90_000) for name in names})


@step
def report(bench: Bench, image: str, sales: Sales) -> Report:
    first, again = _report(bench, image, sales), _report(bench, image, sales)
    missing = [amount for amount in sales.amounts if amount not in first.text]
    if missing:
        raise Mistake("not_in_it", missing=missing[0], report=first.text[:400].strip() or "∅")
    if first.text != again.text:
        before, after = first.changes(again)
        raise Mistake("not_the_same_twice", before=before, after=after)
    return first


def test_reports_what_it_is_given(report: Report) -> None:
    assert report.text


def test_next_months_library(bench: Bench, registry: Registry, report: Report, sales: Sales) -> None:
    news = f"* {bench.nonce()}"
    with _newer_wheels(bench, news):
        after = _report(bench, _build(bench, registry), sales)
    if after.text != report.text:
        before, now = report.changes(after)
        raise Mistake("library_moved" if news in after.text else "dependency_moved", before=before, after=now)


def test_a_moved_base(bench: Bench, registry: Registry, report: Report, sales: Sales) -> None:
    registry.put(f"{HOUSE}:latest", *_house(f"{LETTERHEAD}, {bench.nonce()}", DICE.randrange(11, 20)))
    after = _report(bench, _build(bench, registry), sales)
    if after.text != report.text:
        before, now = report.changes(after)
        raise Mistake("base_moved", before=before, after=now)


def test_korean_names(bench: Bench, image: str, report: Report, sales: Sales) -> None:
    settings = dict(setting.partition("=")[::2] for setting in (bench.image(image) or {})["Config"]["Env"])
    lang = settings.get("LC_ALL") or settings.get("LANG") or "∅"
    if set(report.names) != set(sales.sold):
        strange = [name for name in report.names if name not in sales.sold]
        raise Mistake("misprinted", found=", ".join(strange)[:200] or "∅", lang=lang)
    if report.names != sales.order:
        found, wanted = ", ".join(report.names), ", ".join(sales.order)
        raise Mistake("sorted_differently", found=found, wanted=wanted, lang=lang)


def test_seoul_time(report: Report, sales: Sales) -> None:
    if report.line(2) != sales.seoul:
        raise Mistake("other_time", found=report.line(2)[:60], wanted=sales.seoul)


def test_one_image_for_all(bench: Bench, image: str, report: Report, sales: Sales) -> None:
    found: dict[str, Report] = {}

    def run(environment: str) -> None:
        found[environment] = _report(bench, image, sales, {"APP_ENV": environment})

    names = DICE.sample(ENVIRONMENTS, len(ENVIRONMENTS))
    together(*(lambda name=name: run(name) for name in names))
    for name in names:
        line = found[name].line(1)
        if line != f"APP_ENV={name}":
            raise Mistake("environment_ignored", wanted=name, found=line[:60])
        told = Report(text=found[name].text.replace(line, report.line(1), 1))
        if told.text != report.text:
            before, now = report.changes(told)
            raise Mistake("more_than_that", environment=name, before=before, after=now)


def _build(bench: Bench, registry: Registry) -> str:
    arguments = {"KATA_REGISTRY": registry.address}
    return bench.build(arguments=arguments, no_cache=True, seconds=60).reference


def _report(bench: Bench, image: str, sales: Sales, environment: Mapping[str, str] | None = None) -> Report:
    """Run the image on some sales and return what it printed on its standard output."""
    api = bench.client.api
    variables = [f"{name}={value}" for name, value in (environment or {}).items()]
    with bench.temporary({"Image": image, "Env": variables}) as container:
        api.put_archive(container.id, "/", packed({"in/sales.csv": sales.text.encode()}))
        container.start()
        if not wait_for(lambda: container.status == "exited", PATIENCE, every=0.05):
            raise Mistake("never_ends", seconds=PATIENCE)
        if container.exit_code != 0:
            raise Mistake("ended_badly", code=container.exit_code, log=container.last_words() or "∅")
        if container.read("/in/sales.csv") != sales.text.encode():
            raise Mistake("writes_its_input")
        return Report(text=bytes(api.logs(container.id, stderr=False)).decode(errors="replace"))


@contextlib.contextmanager
def _newer_wheels(bench: Bench, news: str) -> Iterator[None]:
    """Have next month's wheels beside this month's, in the copy of the work."""
    next_month: Callable[[str], dict[str, bytes]] = runpy.run_path(str(MAKE_WHEELS))["next_month"]
    wheels = {bench.work.folder / "wheels" / name: content for name, content in next_month(news).items()}
    try:
        for path, content in wheels.items():
            path.write_bytes(content)
        yield
    finally:
        for path in wheels:
            path.unlink(missing_ok=True)


def _house(letterhead: str, vat: int) -> tuple[bytes, bytes]:
    """Return the configuration and the only layer of an image that holds the house's rules."""
    layer = packed({"house/letterhead.txt": letterhead.encode(), "house/vat.txt": str(vat).encode()})
    config = {
        "os": "linux",
        "architecture": "amd64",
        "config": {},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
        "history": [{"created_by": "the house"}],
    }
    return json.dumps(config).encode(), layer
