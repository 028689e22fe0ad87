"""What `woshou subject report` hands over of other people: what is about the one who asks, and nothing of who is protected."""

import json
from dataclasses import replace

import pytest
from msgspec import structs

from exchange.auditing.event import Actor, ActorKind, AuditEvent, of_entry, of_person
from exchange.codes import Item, Kind, Result
from exchange.people.record import Child, Record, Spouse
from exchange.wire.message import FeedbackBody
from tests.builders import WUCHANG, XICHENG, a_moment, a_person, a_record, an_id, an_id_number
from tests.building.cases import a_case
from tests.cli.screens import on_screen
from tests.cli.two_counties import ask, keep, married_to, opened, say, two_counties

CERTIFICATE = "A420123456"


@pytest.fixture
def both(empty, tmp_path, database_url):
    return two_counties(empty, tmp_path, database_url)


def handed(both, folder, claim):
    """Everything that is written for the one who asks, and what the operator sees beside it."""
    page, text = folder / "page.html", folder / "report.json"
    ran = [both("subject", "report", "--force", "-o", str(file), stdin=claim) for file in (page, text)]
    assert [each.code for each in ran] == [0, 0], ran
    return page.read_text("utf-8") + text.read_text("utf-8"), ran[0].err


def case_of_a_couple(both, one, two, *, ids):
    with opened(both) as office, office.ledgers.transaction() as ledger:
        made = a_case(7, jurisdiction=WUCHANG, following=False)
        first, second = (
            structs.replace(each, person=who, query=None) for each, who in zip(made.spouses, (one, two), strict=True)
        )
        ledger.cases.add(replace(made, id=ids, spouses=(first, second)))
    return ids


def test_a_protected_entry_of_a_spouse_is_not_handed_over_and_the_operator_is_told(both, tmp_path):
    own = keep(both, 1, a_person(1), county=XICHENG)
    hers = keep(both, 2, a_person(2), record=married_to(1), protected=True)
    elsewhere = keep(both, 3, a_person(2), county=XICHENG, record=married_to(1))
    asked = ask(both, 4, items=(Item.SPOUSE,), record=Record(spouse=married_to(1).spouse))
    case = case_of_a_couple(both, a_person(1), a_person(2), ids=an_id(77))
    keep(both, 4, a_person(4), protected=True)
    with opened(both) as office, office.ledgers.transaction() as ledger:
        index = office.node.person_index(a_person(1))
        read = AuditEvent(at=a_moment(60), jurisdiction=WUCHANG, actor=Actor(kind=ActorKind.KEY, id="hers"), action="read_entry")
        about = (of_entry(hers), of_person(index))
        ledger.audit.append([replace(read, subjects=about, shown=("person", "spouse"))])
    told, beside = handed(both, tmp_path, an_id_number(1))
    assert own in told
    assert [
        name for name in (hers, elsewhere, asked, case, "武昌区", WUCHANG, "first_marriage", "key hers") if name in told
    ] == []
    assert "4 more items touch on another person who is protected" in beside
    shown = on_screen(both, "subject", "report", stdin=an_id_number(1))
    assert hers not in shown.replace("\n", "")
    assert "can endanger" in shown


def test_a_protected_person_is_told_of_their_own_entry(both, tmp_path):
    hers = keep(both, 2, a_person(2), record=married_to(1), protected=True)
    told, beside = handed(both, tmp_path, an_id_number(2))
    assert hers in told
    assert beside == ""


def test_a_parent_is_not_led_to_a_protected_one_by_the_childs_certificate(both, tmp_path):
    hers = keep(both, 2, a_person(2), record=a_record(children=[Child(certificate_number=CERTIFICATE)]), protected=True)
    told, beside = handed(both, tmp_path, json.dumps({"birth_certificate": CERTIFICATE}))
    assert hers not in told
    assert "1 more items" in beside


def test_a_spouse_of_the_same_name_who_is_protected_is_not_listed(both):
    keep(both, 1, a_person(1, name="李四"))
    keep(both, 2, a_person(2), record=a_record(spouse=Spouse(name="李四")), protected=True)
    claim = json.dumps({"document": {"type": "id_number", "number": an_id_number(1)}, "name": "李四"})
    assert both("subject", "report", stdin=claim).json["perhaps"] == []


def test_of_another_ones_entry_neither_place_nor_time_is_told(both, tmp_path):
    hers = keep(both, 2, a_person(2), record=married_to(1))
    told, beside = handed(both, tmp_path, an_id_number(1))
    assert hers in told
    assert [name for name in ("武昌区", WUCHANG, "inflow", "流入台账", an_id_number(2)) if name in told] == []
    (held,) = both("subject", "report", stdin=an_id_number(1)).json["held"]
    assert (held["jurisdiction"], held["register"], held["opened_at"], held["closed_at"]) == (None, None, None, None)
    assert beside == ""


def test_of_readings_of_another_ones_record_those_alone_are_told_in_which_the_person_was_shown(both):
    hers = keep(both, 2, a_person(2), record=married_to(1))
    with opened(both) as office, office.ledgers.transaction() as ledger:
        him, her = (office.node.person_index(a_person(n)) for n in (1, 2))
        read = AuditEvent(
            at=a_moment(60), jurisdiction=WUCHANG, actor=Actor(kind=ActorKind.KEY, id="k"), action="read_entry", shown=("person",)
        )
        hers_alone = replace(read, subjects=(of_entry(hers), of_person(her)), actor=replace(read.actor, id="hers"))
        of_both = replace(read, subjects=(of_entry(hers), of_person(her), of_person(him)))
        ledger.audit.append([hers_alone, of_both])
    assert [row["who"] for row in both("subject", "report", stdin=an_id_number(1)).json["seen_by"]] == ["key k"]


def test_the_page_has_exchanges_with_purpose_and_outcome_and_answers_that_only_confirm(both, tmp_path):
    exchange = ask(both, 1, entry=None)
    say(both, exchange, Kind.FEEDBACK, FeedbackBody(result=Result.CONFIRMED))
    case_of_a_couple(both, a_person(1), a_person(2), ids=an_id(77))
    told, _ = handed(both, tmp_path, an_id_number(1))
    assert "用途 purpose: 公共服务 public_service. 结果 outcome: 已反馈 answered" in told
    assert "属实 confirmed" in told
    assert "()" not in told
    passed = both("subject", "report", stdin=an_id_number(1)).json["passed"]
    assert [(row["kind"], row["came"], row["result"]) for row in passed if row["kind"] == "feedback"] == [
        ("feedback", False, "confirmed"),
        ("feedback", True, "confirmed"),
    ]


def test_the_screen_says_where_who_saw_it_stands(both):
    keep(both, 1, a_person(1))
    both("subject", "report", "-o", "-", stdin=an_id_number(1))
    assert "Who saw it (1 readings) stands in the file of -o only" in on_screen(both, "subject", "report", stdin=an_id_number(1))


def test_a_spouse_who_is_only_named_is_put_before_a_clerk_and_not_answered(both):
    keep(both, 1, a_person(1, name="李四"))
    named = keep(both, 2, a_person(2), record=a_record(spouse=Spouse(name="李四")))
    claim = json.dumps({"document": {"type": "id_number", "number": an_id_number(1)}, "name": "李四"})
    told = both("subject", "report", stdin=claim).json
    assert told["perhaps"] == [named]
    assert [held["id"] for held in told["held"]] == [an_id(1)]


def test_a_report_that_went_into_a_file_is_a_reading_like_any_other(both, tmp_path):
    keep(both, 1, a_person(1))
    assert both("subject", "report", "-o", "-", stdin=an_id_number(1)).code == 0
    (row,) = both("audit", "list", "--action", "subject report").json["items"]
    assert {"person", "marital_status"} <= set(row["shown"])
    assert f"entry:{an_id(1)}" in row["subjects"]
    assert both("subject", "report", "-o", str(tmp_path / "page.html"), stdin=an_id_number(1)).code == 0
    assert "command" in (tmp_path / "page.html").read_text("utf-8")


def test_what_stands_in_a_record_cannot_write_into_the_page(both, tmp_path):
    keep(both, 1, a_person(1, name="<script>alert(1)</script>"))
    page = tmp_path / "page.html"
    assert both("subject", "report", "-o", str(page), stdin=an_id_number(1)).code == 0
    assert "<script>" not in page.read_text("utf-8")
