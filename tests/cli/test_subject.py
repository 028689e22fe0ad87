"""`woshou subject`: one person's rights, on a node of two counties that exchange with one another, on both databases."""

import json
from dataclasses import replace
from datetime import date, timedelta

import pytest
from msgspec import structs

from adapters.clock import set_clock
from exchange.auditing.event import Actor, ActorKind, AuditEvent, of_case, of_entry, of_exchange, of_person
from exchange.codes import Event, Item, Kind, MaritalStatus, Purpose, Result
from exchange.ledger import ExchangeFilter, Page
from exchange.moments import Period
from exchange.people.document import DocumentType
from exchange.people.record import Child, DocumentRef, Record, Spouse
from exchange.wire.message import FeedbackBody
from tests.builders import WUCHANG, WUCHANG_NODE, XICHENG, a_day, a_moment, a_person, a_record, an_id, an_id_number
from tests.building.cases import a_case
from tests.cli.two_counties import ask, closed, deliver, keep, married_to, opened, say, two_counties
from tests.proving.making import as_others_do, documents

CERTIFICATE = "A420123456"


@pytest.fixture
def both(empty, tmp_path, database_url):
    return two_counties(empty, tmp_path, database_url)


def numberless(name="王小明", born=date(1990, 3, 7)):
    return a_person(name=name, document=DocumentRef(type=DocumentType.NONE), birth_date=born)


def spouse_of(n):
    return Spouse(name="某某", document=DocumentRef(type=DocumentType.ID_NUMBER, number=an_id_number(n)))


def test_a_report_tells_of_every_place_in_which_a_person_stands(both):
    own = keep(both, 1, a_person(1), record=a_record())
    protected = keep(both, 2, a_person(1), county=XICHENG, protected=True, **closed())
    spouse = keep(both, 3, a_person(3), record=married_to(1))
    keep(both, 4, a_person(4), record=a_record(children=[Child(certificate_number=CERTIFICATE)]))
    keep(both, 5, a_person(5), record=married_to(6))
    told = both("subject", "report", "--people", stdin=an_id_number(1)).json
    assert {(held["id"], held["relation"]) for held in told["held"]} == {
        (own, "person"),
        (protected, "person"),
        (spouse, "spouse"),
    }
    by_id = {held["id"]: held["content"] for held in told["held"]}
    assert by_id[own]["person"]["name"] == "王小明"
    # Of the other one's record only what is about the couple: not who the other one is.
    assert set(by_id[spouse]) == {"spouse", "marriage", "marital_status"}
    child = both("subject", "report", stdin=json.dumps({"birth_certificate": CERTIFICATE})).json
    assert [(held["id"], held["relation"], held["fields"]) for held in child["held"]] == [(an_id(4), "child", ["children"])]


def test_without_people_a_report_on_the_screen_names_nobody_and_the_file_tells_all(both, tmp_path):
    keep(both, 1, a_person(1), record=a_record())
    page, text = tmp_path / "page.html", tmp_path / "report.json"
    told = both("subject", "report", "-o", str(page), stdin=an_id_number(1))
    assert "王小明" not in told.out
    assert an_id_number(1) not in told.out
    shown = page.read_text("utf-8")
    assert "王小明" in shown
    assert "What is held of you" in shown
    assert "武昌区" in shown
    assert ("性别 sex" in shown, "birth_date" in shown) == (True, False)
    assert page.stat().st_mode & 0o077 == 0
    assert both("subject", "report", "-o", str(text), stdin=an_id_number(1)).code == 0
    assert json.loads(text.read_bytes())["held"][0]["content"]["person"]["name"] == "王小明"


def test_a_report_tells_from_whom_and_to_whom_it_went_and_what_was_erased(both):
    keep(both, 1, a_person(1))
    exchange = ask(both, 1)
    say(
        both, exchange, Kind.FEEDBACK, FeedbackBody(result=Result.CORRECTED, record=Record(marital_status=MaritalStatus.DIVORCED))
    )
    about_spouse = ask(both, 2, items=(Item.SPOUSE,), record=Record(spouse=spouse_of(1)))
    ask(both, 7)
    told = both("subject", "report", stdin=an_id_number(1)).json
    assert {each["exchange"] for each in told["exchanges"]} == {exchange}
    passed = {(row["exchange"], row["kind"], row["came"], row["sender"], row["receiver"]): row for row in told["passed"]}
    assert set(passed) == {
        (exchange, "query", False, WUCHANG, XICHENG),
        (exchange, "query", True, WUCHANG, XICHENG),
        (exchange, "feedback", False, XICHENG, WUCHANG),
        (exchange, "feedback", True, XICHENG, WUCHANG),
        (about_spouse, "query", False, WUCHANG, XICHENG),
        (about_spouse, "query", True, WUCHANG, XICHENG),
    }
    assert passed[exchange, "query", False, WUCHANG, XICHENG]["fields"] == ["name", "document", "sex", "birth_date"]
    assert passed[exchange, "feedback", True, XICHENG, WUCHANG]["fields"] == ["marital_status"]
    assert passed[about_spouse, "query", True, WUCHANG, XICHENG]["relation"] == "spouse"
    say(both, exchange, Kind.CONFIRMATION)
    with opened(both) as office, office.ledgers.transaction() as ledger:
        ledger.messages.erase(ledger.links.all()[0].id, [exchange])
    after = both("subject", "report", stdin=an_id_number(1)).json
    assert [row["erased"] for row in after["passed"] if row["exchange"] == exchange] == [True] * 4


def seen(both, *words, **claim):
    given = json.dumps(claim, default=str) if claim else an_id_number(1)
    return [row["who"].split()[0] + " " + row["what"] for row in both("subject", "report", *words, stdin=given).json["seen_by"]]


def test_a_report_tells_who_saw_the_person_when_for_what_and_what(both):
    keep(both, 1, a_person(1), record=a_record())
    keep(both, 2, a_person(2))
    exchange = ask(both, 1, entry=an_id(1), person=None)
    clerk = Actor(kind=ActorKind.KEY, id="k1", role="clerk")
    read = AuditEvent(
        at=a_moment(60),
        jurisdiction=WUCHANG,
        actor=clerk,
        action="read_exchange",
        purpose=Purpose.BENEFIT,
        subjects=(of_exchange(exchange),),
        shown=("marital_status", "person"),
    )
    withheld = replace(read, shown=(), masked=True)
    elsewhere = replace(read, subjects=(of_entry(an_id(2)),))
    assert both("subject", "report", stdin=an_id_number(1)).json["seen_by"] == []
    with opened(both) as office, office.ledgers.transaction() as ledger:
        ledger.audit.append([read, withheld, elsewhere])
    told = both("subject", "report", stdin=an_id_number(1)).json["seen_by"]
    assert [row for row in told if row["who"].startswith("key")] == [
        {"at": "2026-03-02T02:00:00.000Z", "who": "key k1 clerk", "purpose": "benefit", "what": "marital_status, person"}
    ]


def test_of_two_people_without_a_number_each_is_told_of_their_own_readings_only(both):
    keep(both, 1, numberless())
    keep(both, 2, numberless(), county=XICHENG)
    read = AuditEvent(at=a_moment(60), actor=Actor(kind=ActorKind.KEY, id="k1"), action="read_entry", shown=("person",))
    with opened(both) as office:
        index = office.node.person_index(numberless())
        with office.ledgers.transaction() as ledger:
            ledger.audit.append([replace(read, subjects=(of_entry(an_id(2)), of_person(index)))])
    claim = {"name": "王小明", "birth_date": "1990-03-07"}
    assert "key person" not in seen(both, "--candidate", an_id(1), **claim)
    assert "key person" in seen(both, "--candidate", an_id(2), **claim)


def test_an_old_number_of_15_digits_and_small_letters_find_the_same_person(both):
    number = next(each for each in map(an_id_number, range(1, 99)) if each.endswith("X"))
    keep(both, 1, a_person(document=DocumentRef(type=DocumentType.ID_NUMBER, number=number)))
    for written in (number, number.lower(), f"{number[:6]} {number[6:]}", number[:6] + number[8:17]):
        assert len(both("subject", "report", stdin=written).json["held"]) == 1


def test_two_of_one_name_are_never_mixed(both):
    first = keep(both, 1, numberless(), township="420106001")
    second = keep(both, 2, numberless(), county=XICHENG)
    keep(both, 3, numberless(born=date(1991, 1, 1)), protected=True)
    claim = json.dumps({"name": "王小明", "birth_date": "1990-03-07"})
    refused = both("subject", "report", stdin=claim).refusal
    assert refused["code"] == "choose-one"
    assert first in refused["en"]
    assert second in refused["en"]
    assert an_id(3) not in refused["en"]
    told = both("subject", "report", "--candidate", second, stdin=claim).json
    assert [held["id"] for held in told["held"]] == [second]
    assert both("subject", "erase", "--yes", stdin=claim).refusal["code"] == "choose-one"
    assert both("subject", "report", "--candidate", an_id(3), stdin=claim).refusal["code"] == "choose-one"
    assert both("subject", "report", stdin=json.dumps({"name": "王小明"})).refusal["code"] == "subject-unclear"
    assert both("subject", "report", stdin="").refusal["code"] == "subject-unclear"


def corrected(folder, **fields):
    path = folder / "right.json"
    path.write_text(json.dumps(fields, ensure_ascii=False), "utf-8")
    return str(path)


def test_a_correction_changes_entries_reaches_every_recipient_and_comes_back(both, tmp_path):
    keep(both, 1, a_person(1), record=Record(marital_status=MaritalStatus.FIRST_MARRIAGE))
    exchange = ask(both, 1, entry=an_id(1), person=None, record=Record(marital_status=MaritalStatus.FIRST_MARRIAGE))
    ask(both, 2)
    fields = corrected(tmp_path, person={"name": "王大明"}, record={"marital_status": MaritalStatus.DIVORCED})
    made = both("subject", "correct", "--fields", fields, stdin=an_id_number(1)).json
    assert made["entries"] == [an_id(1)]
    (recipient,) = made["recipients"]
    assert (recipient["own"], recipient["other"], recipient["told"]) == (WUCHANG, XICHENG, "waiting")
    with opened(both) as office, office.ledgers.transaction(read_only=True) as ledger:
        entry = ledger.entries.get(an_id(1))
        assert entry is not None
        assert (entry.person.name, entry.record.marital_status) == ("王大明", MaritalStatus.DIVORCED)
        (notice,) = ledger.exchanges.named(recipient["exchange"])
        (line,) = ledger.messages.of_exchanges(notice.key.link, [notice.key.exchange])[notice.key.exchange]
        (opening,) = [each for each in ledger.exchanges.named(exchange) if each.key.role == "asker"]
    body = json.loads(line.line or b"")["body"]
    assert (notice.event, body["corrects"]["id"], body["person"]["name"]) == (Event.CORRECTION, opening.opening, "王大明")
    assert body["record"] == {"marital_status": MaritalStatus.DIVORCED}
    deliver(both)
    status = both("subject", "status", made["request"]).json
    assert [each["told"] for each in status["recipients"]] == ["accepted"]
    assert [each["exchange"] for each in both("worklist", "to_note").json["items"]] == [recipient["exchange"]]
    say(both, recipient["exchange"], Kind.FEEDBACK, FeedbackBody(result=Result.CONFIRMED))
    status = both("subject", "status", made["request"]).json
    assert [(each["told"], each["result"]) for each in status["recipients"]] == [("fed_back", "confirmed")]
    listed = both("subject", "requests").json["items"]
    assert [(each["id"], each["kind"], each["reason"]) for each in listed] == [(made["request"], "correction", "wrong")]
    assert "index" not in json.dumps(listed)
    again = both("subject", "report", stdin=an_id_number(1)).json
    assert [each["id"] for each in again["requests"]] == [made["request"]]


def test_a_correction_that_no_agreement_covers_says_whom_to_call(empty, tmp_path, database_url):
    node = two_counties(empty, tmp_path, database_url, kinds=("query",))
    ask(node, 1)
    made = node("subject", "correct", "--fields", corrected(tmp_path, person={"name": "王大明"}), stdin=an_id_number(1)).json
    (recipient,) = made["recipients"]
    assert (recipient["told"], recipient["other"], recipient["partner"]) == ("not_sent", XICHENG, WUCHANG_NODE)
    assert recipient["reason"]["code"] == "no-agreement"
    assert recipient["exchange"] is None


def test_a_protected_person_is_corrected_here_and_announced_to_nobody(both, tmp_path):
    ask(both, 1)
    keep(both, 1, a_person(1), protected=True)
    made = both("subject", "correct", "--fields", corrected(tmp_path, person={"name": "王大明"}), stdin=an_id_number(1)).json
    assert made["entries"] == [an_id(1)]
    assert [each["reason"]["code"] for each in made["recipients"]] == ["entry-protected"]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, "nothing-to-correct"),
        ({"person": {"name": "王小明"}}, "nothing-to-correct"),
        ({"person": {"document": {"type": "id_number", "number": "110102199013071234"}}}, "document-refused"),
        ({"person": {"nickname": "小明"}}, "not-readable"),
        ({"record": {"ethnicity": "99x"}}, "not-readable"),
    ],
)
def test_a_correction_is_judged_as_an_entry_is(both, tmp_path, fields, code):
    keep(both, 1, a_person(1))
    told = both("subject", "correct", "--fields", corrected(tmp_path, **fields), stdin=an_id_number(1)).refusal
    assert told["code"] == code
    assert "1990" not in json.dumps(told)


def test_a_closed_entry_is_not_corrected(both, tmp_path):
    keep(both, 1, a_person(1), **closed())
    told = both("subject", "correct", "--fields", corrected(tmp_path, person={"name": "王大明"}), stdin=an_id_number(1)).refusal
    assert told["code"] == "closed-only"


def rates(node):
    """All figures as of a moment in the past, and every digest and stamp."""
    shown = [node("report", "--from", "2026-03-01", "--to", "2026-04-30", "--as-of", "2026-03-20", "--jurisdiction", county).json
             for county in (WUCHANG, XICHENG)]  # fmt: skip
    with opened(node) as office, office.ledgers.transaction(read_only=True) as ledger:
        link = ledger.links.all()[0]
        wanted = ExchangeFilter(own=frozenset({WUCHANG, XICHENG}))
        names = {each.key.exchange for each in ledger.exchanges.find(wanted, Page(limit=1000))}
        log = [(each.id, each.digest, each.received_at, each.outcome, each.due)
               for messages in ledger.messages.of_exchanges(link.id, names).values() for each in messages
               if each.received_at is not None and each.received_at < a_moment(60 * 24 * 18)]  # fmt: skip
        period = Period(first=a_day(), last=a_day(30))
        sums = ledger.entries.sums(frozenset({WUCHANG, XICHENG}), period.last, a_moment(60 * 24 * 18))
    return shown, log, sorted(sums)


def test_erasing_is_a_dry_run_first_and_then_final_and_changes_no_figure_of_the_past(both, tmp_path):
    gone = keep(both, 1, a_person(1), record=a_record())
    open_ = keep(both, 2, a_person(1), county=XICHENG)
    anothers = keep(both, 3, a_person(3), record=married_to(1), **closed())
    exchange = ask(both, 1, entry=gone, person=None)
    say(both, exchange, Kind.FEEDBACK, FeedbackBody(result=Result.CONFIRMED))
    say(both, exchange, Kind.CONFIRMATION)
    waiting = ask(both, 1)
    strange = ask(both, 3)
    assert both("register", "close", gone, "--reason", "returned").code == 0
    set_clock(tmp_path / "clock", a_moment() + timedelta(days=20))
    before = rates(both)
    planned = both("subject", "erase", stdin=an_id_number(1)).json
    assert (planned["done"], planned["entries"], planned["exchanges"], planned["withdrawn"]) == (
        False,
        [gone],
        [exchange],
        [exchange],
    )
    assert {(each["id"], each["why"]) for each in planned["kept"]} == {
        (open_, "open_entry"),
        (anothers, "anothers_record"),
        (waiting, "open_exchange"),
    }
    assert all(each["zh"] and each["en"] for each in planned["kept"])
    with opened(both) as office, office.ledgers.transaction(read_only=True) as ledger:
        held = ledger.entries.get(gone)
        assert held is not None
        assert held.person == a_person(1)
    assert both("subject", "requests").json["items"] == []
    done = both("subject", "erase", "--yes", stdin=an_id_number(1)).json
    assert (done["done"], done["entries"]) == (True, [gone])
    deliver(both)
    with opened(both) as office, office.ledgers.transaction(read_only=True) as ledger:
        assert ledger.entries.get(gone) is None
        kept = ledger.entries.load([open_, anothers])
        assert kept[open_].person == a_person(1)
        assert kept[anothers].record.spouse is not None
        link = ledger.links.all()[0].id
        log = ledger.messages.of_exchanges(link, [exchange, waiting, strange])
        assert {each.line for each in log[exchange] if each.kind is not Kind.WITHDRAWAL} == {None}
        assert all(each.line is not None for name in (waiting, strange) for each in log[name])
    assert both("register", "reopen", gone).refusal["code"] == "not-found"
    assert rates(both) == before
    status = both("subject", "status", done["request"]).json
    assert [each["told"] for each in status["recipients"]] == ["accepted"]
    told = both("subject", "report", stdin=an_id_number(1)).json
    assert [held["id"] for held in told["held"]] == [open_, anothers]
    assert [(each["kind"], each["entries"]) for each in told["requests"]] == [("erasure", [gone])]
    file = tmp_path / "evidence.json"
    assert both("evidence", exchange, "--role", "asker", "-o", str(file)).code == 0
    with opened(both) as office:
        ran = as_others_do(file, *documents(tmp_path, office))
    assert ran.returncode == 0, ran.stdout
    assert ran.stdout.count("erased; its digest stands") == 3
    assert both("subject", "erase", "--yes", stdin=an_id_number(1)).json["entries"] == []


def test_what_we_opened_and_is_not_over_is_withdrawn_only_if_told_so(both):
    exchange = ask(both, 1)
    assert both("subject", "erase", stdin=an_id_number(1)).json["withdrawn"] == []
    done = both("subject", "erase", "--yes", "--withdraw-open", stdin=an_id_number(1)).json
    assert done["withdrawn"] == [exchange]
    assert [each["told"] for each in done["recipients"]] == ["waiting"]
    deliver(both)
    with opened(both) as office, office.ledgers.transaction(read_only=True) as ledger:
        assert {each.conversation.state.value for each in ledger.exchanges.named(exchange) if each.conversation} == {"withdrawn"}


def test_one_of_a_couple_leaves_a_case_that_is_over_and_the_other_stays(both):
    one, two = a_person(1), a_person(2)
    with opened(both) as office, office.ledgers.transaction() as ledger:
        made = a_case(1, jurisdiction=WUCHANG, finished_at=a_moment(), following=False)
        spouses = tuple(structs.replace(each, person=who) for each, who in zip(made.spouses, (one, two), strict=True))
        ledger.cases.add(a_case(1, jurisdiction=WUCHANG, finished_at=a_moment(), following=False, spouses=spouses))
        ledger.cases.add(a_case(2, jurisdiction=WUCHANG, spouses=spouses))
    done = both("subject", "erase", "--yes", stdin=an_id_number(1)).json
    assert done["cases"] == [made.id]
    assert [each["why"] for each in done["kept"]] == ["open_case"]
    with opened(both) as office, office.ledgers.transaction(read_only=True) as ledger:
        held = ledger.cases.get(made.id)
        assert held is not None
        assert [spouse.person for spouse in held.spouses] == [None, two]
        told = [row.event for head in ledger.audit.heads() for row in ledger.audit.rows(head.jurisdiction)]
        assert [row.action for row in told if of_case(made.id) in row.subjects] == ["subject erase"]


def test_no_command_takes_a_number_as_an_argument(both):
    for name in ("report", "correct", "erase"):
        refused = both("subject", name, an_id_number(1))
        assert refused.code == 2


def test_a_purpose_stays_that_of_the_message(both, tmp_path):
    """The correction of what was told for public service is told for public service."""
    exchange = ask(both, 1)
    made = both("subject", "correct", "--fields", corrected(tmp_path, person={"name": "王大明"}), stdin=an_id_number(1)).json
    with opened(both) as office, office.ledgers.transaction(read_only=True) as ledger:
        held = ledger.exchanges.named(made["recipients"][0]["exchange"])
        assert [each.purpose for each in held] == [Purpose.PUBLIC_SERVICE]
        assert ledger.exchanges.named(exchange)
