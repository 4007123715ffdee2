from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from checker.cli.project import find_browser
from checker.report.gradebook import Sheet, Standing, write_gradebook
from tests.report.chromium import Tab, chromium
from tests.report.classroom import a_class, exercises
from tests.report.test_gradebook import ONE, PAYLOADS, hostile

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [
    pytest.mark.browser,
    # ./kata test fetches it where it may; where a machine is only there to test, its absence is a failure
    pytest.mark.skipif(
        find_browser() is None and "CI" not in os.environ,
        reason="no Chromium is installed to look at the gradebook with",
    ),
]

WHEN = datetime(2026, 11, 24, 13, 5, tzinfo=UTC)
COURSE = exercises(24)
RESULTS = a_class(80, COURSE)
SHEET = Sheet.of(RESULTS, COURSE)
NAMES = [row.student for row in SHEET.rows]
SHOWN = "[...document.querySelectorAll('tbody tr:not([hidden]) > th')].map(th => th.textContent)"
FOCUSED = "[document.activeElement.parentElement.rowIndex, document.activeElement.cellIndex]"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    with chromium(tmp_path_factory.mktemp("profile")) as tab:
        yield tab


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_gradebook(tmp_path_factory.mktemp("results"), RESULTS, COURSE, "en", WHEN)


@pytest.fixture
def tab(browser: Tab, index: Path) -> Iterator[Tab]:
    """The gradebook of 80 students and 24 exercises, freshly opened; nothing may have been complained about."""
    browser.size(1400, 1000)
    browser.media()
    browser.open(index)
    yield browser
    assert browser.complaints == []


def shown(tab: Tab) -> list[str]:
    return list(tab.run(SHOWN))


def choose(tab: Tab, field: str, value: str) -> None:
    tab.run(
        f"(() => {{ const e = document.getElementById('{field}'); e.value = '{value}';"
        " e.dispatchEvent(new Event('change')); })()"
    )


def test_all_are_there_by_name(tab: Tab) -> None:
    """Each student has a line, in the order of the sheet, and the page says how many."""
    assert shown(tab) == NAMES
    assert tab.run("document.getElementById('shown').textContent") == "80 of 80 students"


def test_search_narrows_while_one_types(tab: Tab) -> None:
    """A slash leads to the search; part of a name in any order and case is enough, in Korean too."""
    tab.press("/")
    tab.write("MINJI")
    assert shown(tab) == []
    assert tab.run("document.getElementById('nobody').checkVisibility()")
    tab.press("Escape")
    tab.write("emma smith")
    assert shown(tab) == [name for name in NAMES if "Smith" in name and "Emma" in name] != []
    tab.press("Escape")
    assert shown(tab) == NAMES
    tab.write("민지")
    found_names = [name for name in NAMES if "민지" in name]
    assert shown(tab) == found_names != []
    assert tab.run("document.getElementById('shown').textContent") == f"{len(found_names)} of 80 students"


def test_a_column_sorts_both_ways_and_says_so(tab: Tab) -> None:
    """Points begin with the most, a second click with the least, ties stay by name, and what is missing is least."""
    by_points = sorted(SHEET.rows, key=lambda row: -row.points)
    tab.click("thead .sum button")
    assert shown(tab) == [row.student for row in by_points]
    assert tab.run("document.querySelector('thead .sum').ariaSort") == "descending"
    tab.click("thead .sum button")
    assert shown(tab) == [row.student for row in sorted(SHEET.rows, key=lambda row: row.points)]
    assert tab.run("[...document.querySelectorAll('thead th')].filter(th => th.ariaSort !== 'none').length") == 1
    tab.click("thead th:nth-child(6) button")
    judged = [row for row in SHEET.rows if row.cells[3].grade is not None]
    by_fourth = [row.student for row in sorted(judged, key=lambda row: -row.cells[3].points)]
    assert shown(tab)[: len(judged)] == by_fourth
    tab.click("thead th:nth-child(6) button")
    first = SHEET.down(3)[NAMES.index(shown(tab)[0])]
    assert first.standing in {Standing.MISSING, Standing.REFUSED, Standing.PENDING}


@pytest.mark.parametrize("standing", ["blocked", "broken", "refused", "missing", "pending"])
def test_a_filter_shows_whom_it_names(tab: Tab, standing: str) -> None:
    """Students who stand so anywhere, or in one exercise."""
    choose(tab, "show", standing)
    assert shown(tab) == [row.student for row in SHEET.rows if any(cell.standing == standing for cell in row.cells)]
    choose(tab, "inside", "6")
    assert shown(tab) == [row.student for row in SHEET.rows if row.cells[6].standing == standing]


def test_who_has_points_left_is_found(tab: Tab) -> None:
    """Everyone but those who earned all there was, whatever the reason."""
    choose(tab, "inside", "0")
    choose(tab, "show", "unfinished")
    assert shown(tab) == [row.student for row in SHEET.rows if row.cells[0].standing is not Standing.FULL]


def test_a_card_leads_to_the_students_it_counts(tab: Tab) -> None:
    """The number of missing works on an exercise's card is a button to exactly these lines."""
    tab.click("#e05 [data-show=missing]")
    assert shown(tab) == [row.student for row in SHEET.rows if row.cells[4].standing is Standing.MISSING] != []
    tab.click("button[type=reset]")
    assert shown(tab) == NAMES


def test_a_view_survives_reloading(tab: Tab, index: Path) -> None:
    """Search, filter and order are in the address, so that a view can be kept or sent; nonsense in it is ignored."""
    choose(tab, "show", "broken")
    tab.click("thead .sum button")
    fragment, before = tab.run("location.hash"), shown(tab)
    tab.open(index, fragment)
    assert shown(tab) == before != NAMES
    tab.open(index, "#show=<b>&inside=99&sort=-99&other=1")
    assert shown(tab) == NAMES
    assert tab.run("document.querySelector('thead .who').ariaSort") == "ascending"


def test_the_table_is_one_stop_and_arrows_move_in_it(tab: Tab) -> None:
    """Tab enters the table once and leaves it again; arrows, Home and End move, and stop at the edges."""
    tab.run("document.querySelector('button[type=reset]').focus()")
    tab.press("Tab")
    assert tab.run(FOCUSED) == [0, 0]
    for key in ("ArrowUp", "ArrowLeft", "ArrowDown", "ArrowDown", "ArrowRight", "ArrowRight"):
        tab.press(key)
    assert tab.run(FOCUSED) == [2, 2]
    tab.press("End")
    assert tab.run(FOCUSED) == [2, 25]
    tab.press("End", ctrl=True)
    assert tab.run(FOCUSED) == [80, 25]
    tab.press("ArrowDown")
    assert tab.run(FOCUSED) == [80, 25]
    tab.press("Home", ctrl=True)
    assert tab.run(FOCUSED) == [0, 0]
    tab.press("ArrowRight")
    tab.press("Enter")
    assert shown(tab)[0] == max(SHEET.rows, key=lambda row: row.points).student
    tab.press("Tab")
    assert not tab.run("document.getElementById('grades').contains(document.activeElement)")


def test_arrows_pass_over_what_is_filtered_out(tab: Tab) -> None:
    """The line below is the next one that is seen."""
    choose(tab, "show", "broken")
    tab.run("document.querySelector('thead th').focus()")
    tab.press("ArrowDown")
    tab.press("ArrowDown")
    assert tab.run("document.activeElement.textContent") == shown(tab)[1]


def test_the_cell_in_focus_is_seen_whole(tab: Tab) -> None:
    """Neither the fixed head and foot nor the fixed names cover the cell to which the arrows have come."""
    tab.size(600, 800)
    tab.run("document.querySelector('thead th').focus()")
    covered = []
    for key in ["ArrowDown"] * 25 + ["ArrowRight"] * 14 + ["ArrowLeft"] * 12 + ["ArrowUp"] * 20:
        tab.press(key)
        covered += [] if tab.run(UNCOVERED) else [tab.run(FOCUSED)]
    assert covered == []
    tab.run("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert tab.run("document.getElementById('panel').checkVisibility()")  # it has come along with the scrolling
    tab.run("document.getElementById('scroll').scrollTo(0, 99999)")
    tab.run("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert not tab.run("document.getElementById('panel').checkVisibility()")


UNCOVERED = """(() => {
  const cell = document.activeElement, box = cell.getBoundingClientRect();
  const corners = [[box.left + 2, box.top + 2], [box.right - 2, box.bottom - 2]];
  return corners.every(([x, y]) => cell.contains(document.elementFromPoint(x, y)));
})()"""


def test_a_cell_says_what_became_of_its_checks(tab: Tab) -> None:
    """Student, exercise, points and each check by its title and outcome, for those who see and those who hear."""
    at = next(number for number, row in enumerate(SHEET.rows) if row.cells[0].standing is Standing.BLOCKED)
    tab.run("document.querySelector('thead th').focus()")
    for key in ["ArrowDown"] * (at + 1) + ["ArrowRight"] * 2:
        tab.press(key)
    cell = SHEET.rows[at].cells[0]
    said = tab.run(
        "[...document.getElementById(document.activeElement.getAttribute('aria-describedby')).children]"
        ".map(e => e.innerText)"
    )
    assert said[:3] == [NAMES[at], f"01 {COURSE[0].title.en}", f"{cell.points} of 10 points"]
    outcomes = tab.run("[...document.querySelectorAll('#panel i')].map(e => e.ariaLabel)")
    assert outcomes == [str(outcome) for outcome in cell.outcomes]
    tab.press("Escape")
    assert not tab.run("document.getElementById('panel').checkVisibility()")


def test_enter_opens_the_students_report(tab: Tab) -> None:
    """A cell leads to the report from which its points come."""
    at = next(number for number, row in enumerate(SHEET.rows) if row.cells[0].report)
    opened = "new Promise(done => addEventListener('click', e => { e.preventDefault(); done(e.target.href) }))"
    tab.run(f"window.opened = {opened}, 0")
    tab.run("document.querySelector('thead th').focus()")
    for key in ["ArrowDown"] * (at + 1) + ["ArrowRight"] * 2 + ["Enter"]:
        tab.press(key)
    assert str(tab.run("window.opened")).endswith(SHEET.rows[at].cells[0].report)


def test_head_foot_and_names_stay_in_sight(tab: Tab) -> None:
    """However far the table is scrolled, it can be read whose line and which column one is looking at."""
    tab.run("document.getElementById('scroll').scrollIntoView({ block: 'end' })")
    tab.run("document.getElementById('scroll').scrollTo(0, 500)")
    seen = (
        "[...document.querySelectorAll('thead .who, thead .sum, tfoot .who, tfoot .sum, tfoot td')].filter(cell => {"
        " const box = cell.getBoundingClientRect();"
        " return !cell.contains(document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2)) })"
        ".map(cell => cell.outerHTML)"
    )
    assert tab.run(seen) == []
    assert tab.run("document.getElementById('scroll').scrollWidth <= document.getElementById('scroll').clientWidth")
    tab.size(600, 800)
    tab.run("document.getElementById('scroll').scrollIntoView({ block: 'end' })")
    tab.run("document.getElementById('scroll').scrollTo(400, 500)")
    assert tab.run(seen.replace(", thead .sum", "").replace(", tfoot .sum, tfoot td", "")) == []


@pytest.mark.parametrize("width", [320, 600, 1400])
def test_nothing_is_wider_than_the_window(tab: Tab, width: int) -> None:
    """On a narrow window the table scrolls in its own frame; the page itself never scrolls sideways."""
    tab.size(width, 800)
    assert tab.run("document.documentElement.scrollWidth <= innerWidth")
    assert tab.run("document.getElementById('search').getBoundingClientRect().right <= innerWidth")


def test_on_paper_the_whole_table_is_there(tab: Tab) -> None:
    """Printing cuts nothing off, repeats the head on each page, and leaves out what only works on a screen."""
    tab.size(1040, 740)
    tab.media(medium="print")
    assert tab.run("getComputedStyle(document.querySelector('thead')).display") == "table-header-group"
    assert tab.run("document.getElementById('scroll').scrollHeight === document.getElementById('scroll').clientHeight")
    assert tab.run("document.documentElement.scrollWidth <= innerWidth")
    assert not tab.run("document.querySelector('.tools').checkVisibility()")
    assert tab.run("document.querySelector('tbody tr:last-child').checkVisibility()")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_what_it_stands_on(tab: Tab, scheme: str) -> None:
    """Every kind of cell has the contrast that WCAG 2.2 asks of text, 4.5 to 1, in light and in dark."""
    tab.media(scheme=scheme)
    worst = tab.run(CONTRAST)
    assert {kind: ratio for kind, ratio in worst.items() if ratio < 4.5} == {}
    assert len(worst) >= 14


CONTRAST = """(() => {
  const context = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const light = (...colours) => {
    for (const colour of colours) { context.fillStyle = colour; context.fillRect(0, 0, 1, 1); }
    const linear = [...context.getImageData(0, 0, 1, 1).data].slice(0, 3)
      .map(v => v / 255).map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
    return .2126 * linear[0] + .7152 * linear[1] + .0722 * linear[2];
  };
  const found = {};
  const card = getComputedStyle(document.querySelector('.who')).backgroundColor;
  for (const cell of document.querySelectorAll('tbody td, .quiet, .legend li, #shown, .rate span, .percent')) {
    const style = getComputedStyle(cell);
    const kind = cell.className || cell.tagName;
    if (kind in found) continue;
    const [a, b] = [light(card, style.backgroundColor), light(card, style.color)];
    found[kind] = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
  }
  return found;
})()"""


def test_nothing_that_a_learner_wrote_runs(browser: Tab, tmp_path: Path) -> None:
    """A real browser sees no script, image or dialog, neither on the page nor where its script shows a cell."""
    results = [result for payload in PAYLOADS for result in hostile(payload)]
    browser.open(write_gradebook(tmp_path, results, [ONE], "en", WHEN))
    inside = browser.run(
        "[...document.querySelectorAll('tbody td:last-child')].map(cell => {"
        " cell.dispatchEvent(new PointerEvent('pointerover', { bubbles: true }));"
        " return [...document.querySelectorAll('#panel *')].map(e => e.tagName) })"
    )
    assert len(inside) == len({result.student for result in results})
    assert {tag for tags in inside for tag in tags} == {"B", "BDI", "DIV", "UL", "LI", "I", "SPAN"}
    assert browser.run("document.querySelectorAll('img, svg[onload], iframe, base, script').length") == 2
    assert browser.complaints == []


def test_a_large_class_is_searched_and_sorted_as_well(browser: Tab, tmp_path: Path) -> None:
    """300 students and 24 exercises are all there, and answer; how soon they do is measured in benchmarks/."""
    results = a_class(300, COURSE)
    names = [row.student for row in Sheet.of(results, COURSE).rows]
    browser.open(write_gradebook(tmp_path, results, COURSE, "ko", WHEN))
    assert shown(browser) == names
    browser.click("thead th.who button")
    assert shown(browser) == names[::-1]
    assert browser.run("document.getElementById('shown').textContent") == "300명 가운데 300명"
    assert browser.complaints == []


def test_what_gets_past_the_escaping_meets_the_policy(browser: Tab, tmp_path: Path) -> None:
    """Were a script, a handler or a style to get onto the page after all, the browser would refuse it."""
    page = write_gradebook(tmp_path, hostile("kim"), [ONE], "en", WHEN)
    got_in = "<script>harmed = 1</script><b onfocus='harmed = 1' tabindex=0 autofocus style='color: red'>x</b></main>"
    page.write_text(page.read_text(encoding="utf-8").replace("</main>", got_in), encoding="utf-8")
    browser.open(page)
    assert browser.run("typeof harmed") == "undefined"
    assert len([said for said in browser.complaints if "Content Security Policy" in said]) >= 2


def test_the_table_can_be_read_without_its_script(browser: Tab, index: Path) -> None:
    """Where scripts are off, every line and every link is there all the same."""
    browser.ask("Emulation.setScriptExecutionDisabled", value=True)
    try:
        browser.load(index)
        document = browser.ask("DOM.getDocument")["root"]["nodeId"]
        lines = browser.ask("DOM.querySelectorAll", nodeId=document, selector="tbody tr:not([hidden])")
        links = browser.ask("DOM.querySelectorAll", nodeId=document, selector="tbody a[href]:not([tabindex])")
    finally:
        browser.ask("Emulation.setScriptExecutionDisabled", value=False)
    assert len(lines["nodeIds"]) == 80
    assert len(links["nodeIds"]) == sum(cell.report != "" for row in SHEET.rows for cell in row.cells)
