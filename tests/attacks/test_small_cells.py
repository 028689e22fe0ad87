"""What few exchanges were for, worked out by a coordinator from all that the node tells in figures, in every form.

The attacker asks for whatever the description offers that has a purpose or a place in it, over all months and places of its key,
writes down each number as an equation, subtracts what can be subtracted, and must be left with no small cell of one purpose.
"""

import csv
import html
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import Any

import httpx
import pytest
from openpyxl import load_workbook

from api.app import operations
from api.rights import LocalRole, Right
from exchange.codes import Purpose
from exchange.counting.figures import SMALLEST_CELL
from exchange.rates import RateName
from exchange.reporting.wanted import ReportName
from tests.api.nodes import Served, served
from tests.attacks.refusing import refused
from tests.attacks.subtracting import BENEFIT, BIRTH, COUNTIES, HELD, RATES, Attacker, Cell, truth
from tests.builders import WUCHANG, XICHENG, XICHENG_NODE, a_partner, an_id
from tests.building.described import described
from tests.jobs.offices import HandClock
from tests.life.two_nodes import a_node
from tests.rates.histories import HANYANG, HUBEI, JIANGAN, WUHAN, YICHANG, History, Told, holding

DAYS = {"2026-03": 10, "2026-04": 40, "2026-05": 70}
# Of how the figures by purpose are asked for, and how they are not: each refuses it, or does not know the word.
MASKED = {"GET /api/v1/rates", "GET /api/v1/reports/{report}"}
REFUSING = {
    "GET /api/v1/rates/grid": "not-in-a-grid",
    "GET /api/v1/rates/{rate}/rows": "not-by-purpose",
    "GET /api/v1/rates/handshake/series": "not-of-handshakes",
}
# Rows of single exchanges, which say of each what it is for as long as that is told at all (docs/safeguards.md): no figures.
ROWS = {
    "GET /api/v1/exchanges",
    "GET /api/v1/exchanges/{exchange}",
    "GET /api/v1/exports/exchanges",
    "GET /api/v1/worklists",
    "GET /api/v1/worklists/{worklist}",
    "GET /api/v1/worklists/{worklist}/sheet",
}
PATHS: dict[str, Any] = described()["paths"]


@pytest.fixture(scope="module")
def hubei(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A node of five counties, two years after those months."""
    clock = HandClock()
    node = replace(a_node("hubei.example", WUCHANG), jurisdictions=frozenset(COUNTIES))
    with served(tmp_path_factory.mktemp("hubei") / "node", node, clock) as made:
        with made.office.ledgers.transaction() as ledger:
            ledger.partners.save(a_partner(XICHENG_NODE, claimed=(XICHENG,), confirmed=(XICHENG,)))
            assert ledger.links.add(an_id(1), XICHENG_NODE).id == 1
        holding(exchanges(), ledgers=made.office.ledgers)
        clock.move(timedelta(days=800))
        yield made


def exchanges() -> list[Told]:
    """All that is held."""
    told, first = list[Told](), 1
    for month, places in HELD.items():
        for county, purposes in places.items():
            for purpose, (answered, owed) in purposes.items():
                place = {"own": county, "origin": county, "purpose": purpose, "handled_by": f"{county}001"}
                for number, day in ((answered, -5), (owed, None)):
                    history = History(received=-10, due=DAYS[month])
                    told += (history if day is None else history.answered(day)).of_many(range(first, first + number), **place)
                    first += number
    return told


KEYS = (HUBEI, WUHAN, YICHANG, *COUNTIES)


def asked(node: Served, path: str, of: str, **params: Any) -> httpx.Response:
    return node.call("GET", path, role="coordinator", of=of, params=params)


def read_rates(attacker: Attacker, node: Served) -> None:
    """All figures of all places, by each purpose and by none, with each key, with and without the parts."""
    for of, month, purpose, parts in product(KEYS, HELD, (None, *Purpose), (True, False)):
        wanted = {"month": month, "parts": parts} | ({} if purpose is None else {"purpose": purpose.value})
        answer = asked(node, "/rates", of, **wanted)
        if answer.status_code == 422:
            assert (purpose is None, parts, of in COUNTIES) == (False, True, True)  # townships are told by no purpose
            refused(answer, 422, "not-by-purpose")
            continue
        for figures in answer.json()["figures"]:
            if figures["township"] is not None:
                continue
            for rate in figures["rates"]:
                if rate["rate"] in RATES and rate["denominator"] is not None:
                    counts = rate["numerator"], rate["denominator"]
                    attacker.note(month, figures["jurisdiction"], purpose, RateName(rate["rate"]), counts)
                if purpose is not None and rate["rate"] in RATES:
                    assert (rate["beside"], figures["rejected"]) == (None, None)


def read_reports(attacker: Attacker, node: Served) -> None:
    """The same of each report that is made by purpose."""
    for of, month, purpose, report in product(KEYS, HELD, Purpose, (ReportName.FEEDBACK, ReportName.LEAGUE)):
        answer = asked(node, f"/reports/{report}", of, month=month, purpose=purpose.value)
        if of in COUNTIES:
            refused(answer, 422, "not-by-purpose")
            continue
        assert answer.status_code == 200
        for table in answer.json()["tables"]:
            for line in (*table["rows"], *([table["totals"]] if table["totals"] else [])):
                note_line(attacker, month, purpose, line["cells"])


def note_line(attacker: Attacker, month: str, purpose: Purpose, cells: Mapping[str, Any]) -> None:
    for rate in RATES:
        counts = cells.get(f"{rate}_numerator"), cells.get(f"{rate}_denominator")
        if all(isinstance(count, int) for count in counts):
            attacker.note(month, cells["code"], purpose, rate, counts)  # type: ignore[arg-type]  # both are numbers


def small() -> dict[Cell, int]:
    return {cell: number for cell, number in truth().items() if 0 < number < SMALLEST_CELL}


def test_no_small_cell_follows_from_all_figures_and_reports_of_all_places_months_and_purposes(hubei: Served):
    attacker = Attacker()
    read_rates(attacker, hubei)
    read_reports(attacker, hubei)
    known = attacker.work_out()
    assert {cell: number for cell, number in truth().items() if known.get(cell, number) != number} == {}
    assert {cell: known[cell] for cell in small() if cell in known} == {}
    # And it was worth reading: something is shown by purpose of some county, of a prefecture and of the province.
    by_purpose = {len({cell.county for cell in cells}) for cells in attacker.told if len({cell.purpose for cell in cells}) == 1}
    assert {1, 3} <= by_purpose


def test_the_attacker_would_find_what_is_left_of_a_sum_and_what_is_all_of_one_purpose():
    attacker, given = Attacker(), RateName.FEEDBACK_GIVEN
    attacker.note("2026-03", WUHAN, BENEFIT, given, (55, 55))
    attacker.note("2026-03", WUCHANG, BENEFIT, given, (40, 40))
    attacker.note("2026-03", HANYANG, BENEFIT, given, (12, 12))
    assert attacker.work_out()[Cell("2026-03", JIANGAN, BENEFIT, given, "den")] == 3
    attacker = Attacker()
    for purpose in Purpose:
        attacker.note("2026-04", WUHAN, purpose, given, (43, 43) if purpose is BIRTH else (0, 0))
    attacker.note("2026-04", HANYANG, None, given, (3, 3))
    assert attacker.work_out()[Cell("2026-04", HANYANG, BIRTH, given, "den")] == 3


def lines_of(answer: httpx.Response) -> list[list[str]]:
    """The lines of a report in whatever form, each a list of cells as text."""
    media = answer.headers["content-type"].split(";")[0]
    if answer.content.startswith(b"PK"):
        sheets = load_workbook(io.BytesIO(answer.content)).worksheets
        return [[in_sheet(cell) for cell in row] for sheet in sheets for row in sheet.iter_rows()]
    if media == "text/csv":
        return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    if media == "text/html":
        rows = re.findall(r"<tr[^>]*>(.*?)</tr>", answer.text, re.S)
        said = [[html.unescape(text)] for text in re.findall(r"<p[^>]*>(.*?)</p>", answer.text, re.S)]
        return [
            [html.unescape(cell).strip() for cell in re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row, re.S)] for row in rows
        ] + said
    told = answer.json()
    lines = [[str(text) for text in line["cells"].values()] for table in told["tables"] for line in table["rows"]]
    lines += [[str(text) for text in table["totals"]["cells"].values()] for table in told["tables"] if table["totals"]]
    return lines + [[text["zh"]] for text in told["lead"]]


def in_sheet(cell: Any) -> str:
    """A cell of a workbook as it is shown."""
    return f"{cell.value:.2%}" if "%" in cell.number_format and isinstance(cell.value, int | float) else str(cell.value or "")


OTHER_FORMS = ("csv", "xlsx", "html")
FORMS = ("json", *OTHER_FORMS)


@pytest.mark.parametrize("report", [ReportName.FEEDBACK, ReportName.LEAGUE, ReportName.TREND, ReportName.BULLETIN])
def test_a_report_by_purpose_shows_no_small_number_in_any_form(hubei: Served, report: ReportName):
    months = HELD if report is not ReportName.TREND else ["2026-05"]  # which tells of them all
    every = list(product((HUBEI, WUHAN), months, Purpose))
    # Each as figures, and by turns in another form: all are written of the same figures.
    turns = [(*each, form) for each in every for form in ("json", OTHER_FORMS[every.index(each) % len(OTHER_FORMS)])]
    for of, month, purpose, form in turns:
        answer = asked(hubei, f"/reports/{report}", of, month=month, purpose=purpose.value, format=form)
        assert answer.status_code == 200, answer.text
        lines = lines_of(answer)
        assert len(lines) >= 3
        for line in lines:
            # In front a rank may stand; of a sentence each number of items is looked at.
            numbers = re.findall(r"(\d+) 件", line[0]) if len(line) == 1 else [cell for cell in line[1:] if cell.isdecimal()]
            assert not [number for number in numbers if 0 < int(number) < SMALLEST_CELL], (month, purpose, form, line)


@pytest.mark.parametrize("report", [ReportName.MATRIX, ReportName.OVERDUE])
def test_a_report_of_single_exchanges_or_pairs_is_made_by_no_purpose(hubei: Served, report: ReportName):
    for of, purpose, form in product(KEYS, Purpose, FORMS):
        answer = asked(hubei, f"/reports/{report}", of, month="2026-03", purpose=purpose.value, format=form)
        refused(answer, 422, "not-by-purpose")


@pytest.mark.parametrize(
    "changed",
    [
        {"as_of": "2026-03-27T15:59:59.999Z"},
        {"as_of": "2027-01-01T00:00:00.000Z"},
        {"cohort": "submitted"},
        {"category": "any"},
        {"category": "intra_city"},
        {"other": "110102"},
        {"priority": "normal"},
        {"kind": "query"},
        {"register": "outflow"},
        {"township": "unassigned"},
        {"township": f"{WUCHANG}001"},
        {"jurisdiction": f"{WUCHANG}001"},
        {"month": None, "from": "2026-02-21", "to": "2026-03-19"},
        {"month": None, "from": "2026-02-21", "to": "2026-04-20"},
    ],
    ids=str,
)
def test_a_second_answer_that_could_be_subtracted_from_the_first_is_refused(hubei: Served, changed: dict[str, str | None]):
    wanted = {"month": "2026-03", "purpose": "benefit", **changed}
    wanted = {name: value for name, value in wanted.items() if value is not None}
    for of, path in product((HUBEI, WUCHANG), ("/rates", "/reports/feedback", "/reports/league", "/reports/bulletin")):
        answer = asked(hubei, path, of, **wanted)
        refused(answer, 422, "not-by-purpose")


@pytest.mark.parametrize("purpose", Purpose)
@pytest.mark.parametrize("month", ["2026-04", "2026-01"])
def test_a_refusal_does_not_tell_whether_there_is_something(hubei: Served, purpose: Purpose, month: str):
    for county, path in product(COUNTIES, ("/rates", "/reports/feedback", "/reports/league", "/reports/bulletin")):
        answer = asked(hubei, path, county, month=month, purpose=purpose.value, parts=True) if path == "/rates" else None
        answer = answer or asked(hubei, path, county, month=month, purpose=purpose.value)
        refused(answer, 422, "not-by-purpose")


def test_a_month_that_goes_on_is_told_by_no_purpose(hubei: Served):
    """What it comes to today less what it came to yesterday would be one exchange."""
    month = hubei.office.node.rules.month_of(hubei.clock.now().date())
    for path in ("/rates", "/reports/trend", "/reports/league"):
        refused(asked(hubei, path, HUBEI, month=month, purpose="benefit"), 422, "not-by-purpose")


def test_whatever_has_a_purpose_in_its_question_is_known_here():
    by_purpose = {
        f"{method.upper()} {path}"
        for path, methods in PATHS.items()
        for method, told in methods.items()
        if any(each["name"] == "purpose" for each in told.get("parameters", ()))
    }
    asked_by = MASKED | REFUSING.keys()
    assert asked_by <= by_purpose <= asked_by | ROWS


@pytest.mark.parametrize("name", sorted(REFUSING))
def test_other_figures_are_divided_by_no_purpose(hubei: Served, name: str):
    path = name.removeprefix("GET /api/v1").format(rate="feedback_given")
    for of, form in product(KEYS, ("json", "ndjson", "csv")):
        months = {"from": "2026-03-01", "until": "2026-03-05"} if "series" in path else {"month": "2026-03"}
        wanted = {**months, "purpose": "benefit"} | ({"format": form} if "grid" in path else {})
        refused(asked(hubei, path, of, **wanted), 422, REFUSING[name])
        assert asked(hubei, path, of, **{name: value for name, value in wanted.items() if name != "purpose"}).status_code == 200


def test_no_other_answer_says_what_an_exchange_was_for(hubei: Served):
    """Every list and figure that a coordinator may read, in every form, and what was frozen of the months; as metrics too."""
    frozen = [
        hubei.post("/frozen-reports", {"month": month, "jurisdiction": of}, role="coordinator", of=of)["digest"]
        for month, of in product(HELD, (HUBEI, WUCHANG))
    ]
    given = {"rate": "feedback_given", "report": "feedback", "worklist": "to_answer", "year": "2026", "digest": frozen[0]}
    # One purpose is also the name of a rate.
    words = [purpose.value for purpose in Purpose if purpose is not Purpose.CERTIFICATE_VERIFICATION and purpose is not BENEFIT]
    words += [form.format(BENEFIT.value) for form in ('"{}"', ">{}<", ",{},")]
    read = 0
    for name, route in operations().items():
        method, path = name.split()
        right = route.right
        if method != "GET" or name in ROWS or not isinstance(right, Right) or LocalRole.COORDINATOR not in right.roles:
            continue
        if not all(each in given for each in re.findall(r"{(\w+)}", path)) or "/rules" in path or "/agreements" in path:
            continue  # of rules and agreements the purposes are the words, and nothing is counted by them
        for form in (None, "csv", "html", "ndjson", "xlsx"):
            params = {"month": "2026-03"} | ({} if form is None else {"format": form})
            answer = asked(hubei, path.removeprefix("/api/v1").format(**given), HUBEI, **params)
            if answer.status_code == 200:
                read += 1
                text = "\n".join(map(",".join, lines_of(answer))) if answer.content.startswith(b"PK") else answer.text
                assert not [word for word in words if word in text], (name, form)
    assert read > 20
    metrics = hubei.http.get("/metrics", headers={"authorization": f"Bearer {hubei.key('operator', HUBEI)}"})
    assert (metrics.status_code, [purpose for purpose in Purpose if purpose.value in metrics.text]) == (200, [])


def test_after_ninety_days_neither_rows_nor_lists_nor_their_counts_tell_what_was_a_birth_registration(hubei: Served):
    for of in KEYS:
        assert asked(hubei, "/exchanges", of, purpose=BIRTH.value).json()["items"] == []
        counts = asked(hubei, "/worklists", of, purpose=BIRTH.value).json()["items"]
        assert not [each for each in counts if each["count"] and "silent" not in str(each)], counts
        for path in ("/worklists/overdue", "/worklists/to_answer"):
            assert asked(hubei, path, of, purpose=BIRTH.value).json()["items"] == []
            assert "birth_registration" not in asked(hubei, path, of).text
        assert "birth_registration" not in asked(hubei, "/exports/exchanges", of, format="csv").text
