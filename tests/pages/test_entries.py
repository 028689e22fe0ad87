"""The registers' pages: a person found by number, an entry looked at for a purpose, its number on demand, and its keeping."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from msgspec import structs

from exchange.people.register import Entry
from exchange.work.daily import DailyLimits
from tests.access.world import CHAOYANG, beijing
from tests.api.nodes import Neighbours, Served, served
from tests.api.test_worklists import HERE, ask
from tests.builders import WUCHANG, XICHENG, a_person, a_record, an_entry, an_id, an_id_number
from tests.jobs.offices import HandClock
from tests.pages.support import Reader, refusal_of, signed_in, text_of

ENTRY, NUMBER, NAME, OTHER = an_id(1), an_id_number(1), "诸葛西城", "上官西城"
PATH = f"/entries/{ENTRY}/benefit"
WRITTEN = [NUMBER, f" {NUMBER[:6]} {NUMBER[6:]}", NUMBER.translate({ord(digit): ord(digit) + 0xFEE0 for digit in "0123456789"})]


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Served]:
    """A node of two counties with people in the first, whose clerks may see six of them a day."""
    few = replace(beijing(), daily_limits=DailyLimits(queries=9, persons=6, sheets=9))
    with served(tmp_path / "node", few, HandClock()) as made:
        people = {n: structs.replace(a_person(n), name=name) for n, name in ((1, NAME), (2, OTHER))}
        held = [
            an_entry(n, person=person, person_index=few.person_index(person), record=a_record(address="阜成门外大街"))
            for n, person in people.items()
        ]
        with made.office.ledgers.transaction() as ledger:
            ledger.entries.add(held)
        yield made


def find(reader: Reader, number: str, **more: str) -> httpx.Response:
    reader.get("/entries")
    return reader.post("/entries", document__type="id_number", document__number=number, **{"purpose": "benefit", **more})


def told(node: Served, county: str = XICHENG) -> list[tuple[str, str | None, list[str], tuple[str, ...]]]:
    """What the audit has of what was not refused: the action, its purpose, the kinds of its subjects, and what was shown."""
    with node.office.ledgers.transaction(read_only=True) as ledger:
        events = [row.event for row in ledger.audit.rows(county) if row.event.problem is None]
    return [(e.action, e.purpose, sorted({s.partition(":")[0] for s in e.subjects}), e.shown) for e in events]


@pytest.mark.parametrize("written", WRITTEN)
def test_a_person_is_found_by_number_and_the_number_goes_nowhere(node: Served, written: str):
    reader = signed_in(node, of=XICHENG)
    page = find(reader, written)
    assert (page.status_code, page.url.path, page.url.query) == (200, "/entries", b"")
    assert (NAME in page.text, NUMBER in page.text, "110102**********" in page.text) == (True, False, True)
    assert OTHER not in page.text
    assert f'href="{PATH}"' in page.text
    assert told(node)[-1] == ("find_person", "benefit", ["entry", "person"], ("person",))


def test_that_nobody_is_there_is_told_and_audited_and_counted(node: Served):
    reader = signed_in(node, of=XICHENG)
    assert "本县台账中没有此人" in find(reader, an_id_number(9)).text
    assert told(node)[-1][:2] == ("find_person", "benefit")
    assert [find(reader, an_id_number(9)).status_code for _ in range(6)] == [200] * 5 + [429]


@pytest.mark.parametrize(
    ("number", "purpose", "code", "field"),
    [
        ("123", "benefit", "document-refused", None),
        ("", "benefit", "invalid", "document.number"),
        ("12/34", "benefit", "invalid", "document.number"),
        (f"\u202e{NUMBER}", "benefit", "unseen-character", "document.number"),
        (f"1\x07{NUMBER}", "benefit", "unseen-character", "document.number"),
        (NUMBER, "", "invalid", "purpose"),
        (NUMBER, "curiosity", "invalid", "purpose"),
    ],
)
def test_what_is_refused_is_told_beside_the_form(node: Served, number: str, purpose: str, code: str, field: str | None):
    refused = find(signed_in(node, of=XICHENG), number, purpose=purpose)
    assert (refused.status_code, refusal_of(refused)) == (422, code)
    assert (f'name="{field}"' in (marked(refused) or "")) == (field is not None)
    assert f'name="document.number" type="text" value="{number}"' in refused.text
    assert NAME not in refused.text


def marked(page: httpx.Response) -> str | None:
    """The field that is marked as wrong."""
    before, found, _ = page.text.partition(' aria-invalid="true"')
    return before.rpartition("<")[2] if found else None


@pytest.mark.parametrize(
    ("language", "words"), [("zh", ["在册", "现居住地", "湖北省武汉市武昌区"]), ("en", ["open", "Lives in", "Address"])]
)
def test_an_entry_is_shown_for_a_purpose_with_its_number_masked(node: Served, language: str, words: list[str]):
    reader = signed_in(node, of=XICHENG, language=language)
    asked = reader.get(f"/entries/{ENTRY}")
    assert (asked.status_code, NAME in asked.text) == (200, False)
    assert told(node)[-1] == ("ask_purpose", None, ["entry"], ())
    page = reader.get(f"/entries/{ENTRY}", purpose="benefit")
    assert page.url.path == PATH
    assert [word for word in words if word.lower() not in text_of(page).lower()] == []
    assert (NAME in page.text, "阜成门外大街" in page.text, NUMBER in page.text) == (True, True, False)
    action, purpose, subjects, shown = told(node)[-1]
    assert (action, purpose, subjects) == ("show_entry", "benefit", ["entry", "person"])
    assert {"person", "address"} <= set(shown)
    assert refusal_of(reader.get(f"/entries/{ENTRY}/curiosity")) == "invalid"


def test_the_number_is_shown_once_on_purpose_and_the_audit_tells_it(node: Served):
    reader = signed_in(node, of=XICHENG)
    reader.get(PATH)
    shown = reader.post(PATH)
    assert (shown.status_code, NUMBER in shown.text) == (200, True)
    assert told(node)[-1][:3] == ("show_number", "benefit", ["entry", "person"])
    assert NUMBER not in reader.get(PATH).text
    assert NUMBER not in reader.http.post(PATH).text


def test_an_entry_is_closed_and_reopened(node: Served):
    reader = signed_in(node, of=XICHENG)
    reader.get(PATH)
    node.clock.move(an_entry(1).opened_at - node.clock.now())
    closed = reader.post(f"{PATH}/closing", reason="returned", version="1")
    assert (closed.url.path, "已退档 · 已返乡" in closed.text) == (PATH, True)
    stale = reader.post(f"{PATH}/reopening", version="1")
    assert (stale.status_code, refusal_of(stale), "已退档" in stale.text) == (412, "version-differs", True)
    assert "在册" in reader.post(f"{PATH}/reopening", version="2").text
    kept = [row[:2] for row in told(node) if row[0] in ("close_one", "reopen_one")]
    assert kept == [("close_one", "benefit"), ("reopen_one", "benefit")]


def test_a_closing_that_is_refused_is_told_beside_its_form(node: Served):
    reader = signed_in(node, of=XICHENG)
    reader.get(PATH)
    refused = reader.post(f"{PATH}/closing", reason="returned", version="1", on="2001-01-01")
    assert (refused.status_code, refusal_of(refused)) == (422, "day-outside-entry")
    assert 'value="returned" selected' in refused.text
    assert 'name="on"' in (marked(refused) or "")
    assert refusal_of(reader.post(f"{PATH}/closing", reason="tired", version="1")) == "invalid"
    assert refusal_of(reader.post(f"{PATH}/closing", reason="returned", version="")) == "invalid"
    assert "在册" in reader.get(PATH).text


def test_an_entry_is_protected_and_that_is_ended(node: Served):
    reader = signed_in(node, of=XICHENG)
    reader.get(PATH)
    assert "解除保护" in reader.post(f"{PATH}/protection", protected="yes", version="1").text
    assert held(node).protected
    assert "设为保护" in reader.post(f"{PATH}/protection", protected="no", version="2").text
    assert not held(node).protected


def held(node: Served) -> Entry:
    with node.office.ledgers.transaction(read_only=True) as ledger:
        found = ledger.entries.get(ENTRY)
    assert found is not None
    return found


@pytest.mark.parametrize("form", ["", "/closing", "/reopening", "/protection"])
def test_a_form_without_its_token_does_and_shows_nothing(node: Served, form: str):
    reader = signed_in(node, of=XICHENG)
    before = held(node)
    sent = reader.http.post(PATH + form, data={"reason": "returned", "version": "1", "protected": "yes"})
    assert (sent.status_code, refusal_of(sent)) == (403, "form-not-ours")
    assert (NAME in sent.text, NUMBER in sent.text) == (False, False)
    assert held(node) == before


@pytest.mark.parametrize(
    ("role", "of", "status"),
    [
        ("clerk", CHAOYANG, 404),
        ("clerk", "110102001", 403),
        ("coordinator", XICHENG, 403),
        ("auditor", XICHENG, 403),
        ("operator", "110000", 403),
    ],
)
def test_nobody_else_learns_of_an_entry(node: Served, role: str, of: str, status: int):
    reader = signed_in(node, role=role, of=of)
    assert ('href="/entries"' in reader.get("/").text) == (status == 404)
    found = find(reader, NUMBER) if status == 404 else reader.get("/entries")
    assert found.status_code == (200 if status == 404 else 403)
    answers = [found, reader.get(f"/entries/{ENTRY}"), reader.get(PATH)]
    reader.get("/account")
    forms = {"": {}, "/closing": {"reason": "returned", "version": "1"}, "/protection": {"version": "1", "protected": "yes"}}
    answers += [reader.post(PATH + form, **fields) for form, fields in forms.items()]
    assert [each.status_code for each in answers[1:]] == [status] * 5
    assert [each for each in answers if NAME in each.text] == []
    assert held(node).version == 1


def test_the_day_of_a_clerk_counts_whom_the_pages_show(node: Served):
    reader = signed_in(node, of=XICHENG)
    answers = [reader.get(PATH) for _ in range(7)]
    assert [each.status_code for each in answers] == [200] * 6 + [429]
    assert (refusal_of(answers[-1]), NAME in answers[-1].text) == ("daily-limit", False)


def test_an_entry_and_its_exchanges_lead_to_each_other(both: Neighbours):
    exchange = ask(both, 1)
    both.deliver()
    reader = signed_in(both.wuchang)
    page = reader.get(f"/exchanges/{exchange}")
    entry = page.text.split('href="/entries/')[1].split('"')[0]
    assert entry.endswith("/public_service")
    assert f'href="/exchanges/{exchange}/asked?from=' in reader.get(f"/entries/{entry}").text
    assert told(both.wuchang, WUCHANG)[-1][:2] == ("show_entry", "public_service")


def test_the_other_side_is_asked_from_an_entry_or_it_is_told_why_not(both: Neighbours):
    facts = {"register": "outflow", "origin": XICHENG, "destination": WUCHANG}
    person = {"name": "示例·样本丙", "document": {"type": "id_number", "number": an_id_number(2)}}
    entry = both.xicheng.post("/entries", {**facts, "person": person}, status=201)["id"]
    reader = signed_in(both.xicheng)
    address = f"/entries/{entry}/public_service"
    assert "武昌区" in reader.get(address).text
    nothing = reader.post(f"{address}/query", reason="facts_differ")
    assert (nothing.status_code, refusal_of(nothing)) == (422, "invalid")
    assert 'id="f-items-why">有一项填写不符合要求：请至少选一个项目。' in nothing.text
    assert 'value="facts_differ" selected' in nothing.text
    asked = reader.post(f"{address}/query", reason="facts_differ", items=["marital_status", "children"])
    assert (asked.status_code, asked.url.path.endswith("/asker")) == (200, True)
    both.deliver()
    (arrived,) = both.wuchang.get("/worklists/to_answer")["items"]
    assert (arrived["items"], arrived["purpose"]) == (["marital_status", "children"], "public_service")


def test_a_township_is_led_to_no_entry(both: Neighbours):
    exchange = ask(both, 1)
    both.deliver()
    both.wuchang.post(f"/exchanges/{exchange}/assignment", {"township": HERE})
    page = signed_in(both.wuchang, of=HERE).get(f"/exchanges/{exchange}")
    assert (page.status_code, "/entries/" in page.text) == (200, False)
