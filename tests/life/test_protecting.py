"""What is under way about somebody when the entry is protected: nothing of it goes out, and nothing hangs."""

from dataclasses import replace

import pytest

from exchange.codes import Event, Item, Kind, MaritalStatus, Purpose, RefusalReason, RegisterKind, Result
from exchange.exchanges import Acceptance, Exchange
from exchange.people.record import Record, Spouse
from exchange.people.register import EntryProtected
from exchange.verbs import submit
from exchange.verbs.keep_entry import protect_entry
from exchange.verbs.persons.withhold import CountyAnswers
from exchange.wire.message import FeedbackBody
from exchange.work.worklists import WorkFilter, Worklist
from tests.builders import WUCHANG, XICHENG, a_person, an_entry
from tests.life.two_nodes import Side, Two

OWN = frozenset({WUCHANG})
MARRIED = Record(marital_status=MaritalStatus.MARRIED, spouse=Spouse(name="配偶", document=a_person(2).document))


def entered(side: Side, n: int, register: RegisterKind = RegisterKind.OUTFLOW) -> str:
    """Person `n` of Wuchang's, who lives in Xicheng, or the other way round."""
    sides = {"origin": WUCHANG, "destination": XICHENG}
    if register is RegisterKind.INFLOW:
        sides = {"origin": XICHENG, "destination": WUCHANG}
    person = a_person(n)
    entry = an_entry(
        n, jurisdiction=WUCHANG, register=register, person=person, person_index=side.node.person_index(person), **sides
    )
    with side.ledgers.transaction() as ledger:
        ledger.entries.add([entry])
    return entry.id


def protect(side: Side, entry: str, *, protected: bool = True) -> None:
    with side.ledgers.transaction() as ledger:
        protect_entry(ledger, OWN, entry, protected, side.now)


def the_exchange(side: Side, exchange: str) -> Exchange:
    with side.ledgers.transaction(read_only=True) as ledger:
        (held,) = ledger.exchanges.named(exchange)
    return held


def queued(side: Side) -> list[Kind]:
    with side.ledgers.transaction(read_only=True) as ledger:
        (link,) = ledger.links.all()
        return [message.kind for message in ledger.messages.queued(link.id, 100)]


def asking(side: Side, entry: str, **changes: object) -> submit.OpeningDraft:
    """Wuchang asks where the person of its outflow entry lives."""
    draft = submit.OpeningDraft(
        own=WUCHANG,
        other=XICHENG,
        own_is_origin=True,
        purpose=Purpose.PUBLIC_SERVICE,
        entry=entry,
        items=(Item.MARITAL_STATUS, Item.SPOUSE),
    )
    return replace(draft, **changes)  # type: ignore[arg-type]  # whatever a test names


def begin(side: Side, draft: submit.OpeningDraft) -> str:
    with side.ledgers.transaction() as ledger:
        return submit.submit(ledger, side.node, draft, side.now).key.exchange


@pytest.mark.parametrize("notice", [False, True])
def test_what_waits_to_be_sent_about_it_never_goes_out(two: Two, notice: bool) -> None:
    entry, other = entered(two.wuchang, 1), entered(two.wuchang, 3)
    told = {"event": Event.BIRTH, "event_date": two.wuchang.now.date(), "items": ()} if notice else {}
    exchange, kept = begin(two.wuchang, asking(two.wuchang, entry, **told)), begin(two.wuchang, asking(two.wuchang, other))
    protect(two.wuchang, entry)
    assert queued(two.wuchang) == [Kind.QUERY]
    held = the_exchange(two.wuchang, exchange)
    assert (held.acceptance, held.conversation) == (Acceptance.REJECTED, None)
    assert held.problem is not None
    assert held.problem.type.endswith(":taken-back")
    assert "entry-protected" not in str(held.problem)
    with two.wuchang.ledgers.transaction(read_only=True) as ledger:
        work = WorkFilter.at(OWN, two.wuchang.now)
        assert ledger.worklists.counts(work)[Worklist.TO_MEND] == 0
    two.calm()
    with two.xicheng.ledgers.transaction(read_only=True) as ledger:
        assert ledger.exchanges.named(exchange) == []
        assert len(ledger.exchanges.named(kept)) == 1
    protect(two.wuchang, entry, protected=False)
    again = begin(two.wuchang, asking(two.wuchang, entry))
    two.calm()
    assert the_exchange(two.wuchang, again).acceptance is Acceptance.ACCEPTED


def test_what_names_it_as_the_spouse_never_goes_out(two: Two) -> None:
    entry, spouse = entered(two.wuchang, 1), entered(two.wuchang, 2)
    exchange = begin(two.wuchang, asking(two.wuchang, entry, record=MARRIED))
    protect(two.wuchang, spouse)
    assert queued(two.wuchang) == []
    assert the_exchange(two.wuchang, exchange).acceptance is Acceptance.REJECTED
    with pytest.raises(EntryProtected) as refused:
        begin(two.wuchang, asking(two.wuchang, entry, record=MARRIED))
    assert refused.value.pointer == "/record/spouse"
    begin(two.wuchang, asking(two.wuchang, entry))
    assert queued(two.wuchang) == [Kind.QUERY]


def test_an_exchange_that_was_paired_with_it_is_as_if_nobody_were_found(two: Two) -> None:
    entry = entered(two.wuchang, 1)
    exchange = two.xicheng.ask(1)
    two.calm()
    assert the_exchange(two.wuchang, exchange).entry == entry
    two.wuchang.say(
        exchange, Kind.FEEDBACK, FeedbackBody(result=Result.CORRECTED, record=Record(marital_status=MaritalStatus.MARRIED))
    )
    protect(two.wuchang, entry)
    held = the_exchange(two.wuchang, exchange)
    assert (held.entry, held.paired_at, held.pairing) == (None, None, None)
    assert queued(two.wuchang) == []
    protect(two.wuchang, entry, protected=False)
    assert the_exchange(two.wuchang, exchange).entry == entry


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (FeedbackBody(result=Result.CORRECTED, record=Record(marital_status=MaritalStatus.MARRIED)), "/record"),
        (FeedbackBody(result=Result.CONFIRMED), "/result"),
        (FeedbackBody(result=Result.NOT_FOUND), None),
        (FeedbackBody(result=Result.REFUSED, reason=RefusalReason.NO_LEGAL_BASIS), None),
    ],
)
def test_an_answer_tells_nothing_of_it(two: Two, body: FeedbackBody, pointer: str | None) -> None:
    protect(two.wuchang, entered(two.wuchang, 1))
    exchange = two.xicheng.ask(1)
    two.calm()
    if pointer is None:
        two.wuchang.say(exchange, Kind.FEEDBACK, body)
        two.calm()
        assert the_exchange(two.xicheng, exchange).conversation.result is body.result  # type: ignore[union-attr]  # it was accepted
        return
    with pytest.raises(EntryProtected) as refused:
        two.wuchang.say(exchange, Kind.FEEDBACK, body)
    assert refused.value.pointer == pointer
    with two.wuchang.ledgers.transaction() as ledger:
        (held,) = ledger.exchanges.named(exchange)
        ledger.exchanges.save([replace(held, handled_by=f"{WUCHANG}001")])
    with pytest.raises(CountyAnswers):
        two.wuchang.say(exchange, Kind.FEEDBACK, body)


def test_an_answer_about_another_does_not_name_it_as_the_spouse(two: Two) -> None:
    entered(two.wuchang, 1)
    protect(two.wuchang, entered(two.wuchang, 2))
    exchange = two.xicheng.ask(1)
    two.calm()
    with pytest.raises(EntryProtected) as refused:
        two.wuchang.say(exchange, Kind.FEEDBACK, FeedbackBody(result=Result.CORRECTED, record=MARRIED))
    assert refused.value.pointer == "/record/spouse"


def test_what_was_sent_already_is_not_called_back(two: Two) -> None:
    entry = entered(two.wuchang, 1)
    exchange = begin(two.wuchang, asking(two.wuchang, entry))
    two.calm()
    protect(two.wuchang, entry)
    assert the_exchange(two.wuchang, exchange).acceptance is Acceptance.ACCEPTED
    assert the_exchange(two.wuchang, exchange).entry == entry


def test_another_entry_does_not_lend_itself_to_ask_about_it(two: Two) -> None:
    entry = entered(two.wuchang, 1)
    protect(two.wuchang, entered(two.wuchang, 3))
    with pytest.raises(EntryProtected) as refused:
        begin(two.wuchang, asking(two.wuchang, entry, person=a_person(3)))
    assert refused.value.pointer == "/person"
