"""Values for tests, each complete and valid, so that a test shows only what matters to it.

The number `n` tells values of one kind apart and gives the same value every time; everything else is changed by name:
``an_entry(2, jurisdiction="420106")``. People, places of work and nodes are invented; the division codes are real.
"""

from dataclasses import replace
from typing import Any

from exchange.codes import Item, Kind, Purpose, RegisterKind, Role
from exchange.conversation import Conversation, Fact, FactKind, State, Turn
from exchange.exchanges import Acceptance, Direction, Exchange, ExchangeKey, Link, LoggedMessage, StoredBatch
from exchange.jurisdiction import Category
from exchange.people.register import Entry, EntryFact, EntryFactKind
from exchange.wire.batch import Outcome
from tests.building.basics import (
    WUCHANG,
    WUCHANG_NODE,
    XICHENG,
    XICHENG_NODE,
    YUYANG,
    YUYANG_NODE,
    a_day,
    a_digest,
    a_moment,
    a_person,
    a_record,
    a_salt,
    an_id,
    an_id_number,
)
from tests.building.checks import a_check, a_check_row, a_difference
from tests.building.clocks import a_loaded_day, a_rules_file, a_rules_use, a_trouble, an_escalation
from tests.building.differences import a_register_difference, a_register_run
from tests.building.local import (
    a_comparison,
    a_finding,
    a_notification,
    a_row,
    a_row_problem,
    a_run,
    a_session,
    an_account,
    an_answer,
    an_api_key,
    an_import,
)
from tests.building.partners import a_partner, a_partner_key, agreed_terms, an_agreement
from tests.building.reconciling import a_failed_pair, a_link_step, a_reconciliation, a_token_key
from tests.building.reports import a_frozen, a_frozen_rate, a_monthly, a_received, a_sending, frozen_line
from tests.building.wire import a_feedback, a_notice, a_query

__all__ = [
    "WUCHANG",
    "WUCHANG_NODE",
    "XICHENG",
    "XICHENG_NODE",
    "YUYANG",
    "YUYANG_NODE",
    "a_batch",
    "a_check",
    "a_check_row",
    "a_comparison",
    "a_conversation",
    "a_day",
    "a_difference",
    "a_digest",
    "a_fact",
    "a_failed_pair",
    "a_feedback",
    "a_finding",
    "a_frozen",
    "a_frozen_rate",
    "a_link",
    "a_link_step",
    "a_loaded_day",
    "a_message",
    "a_moment",
    "a_monthly",
    "a_notice",
    "a_notification",
    "a_partner",
    "a_partner_key",
    "a_person",
    "a_query",
    "a_received",
    "a_reconciliation",
    "a_record",
    "a_register_difference",
    "a_register_run",
    "a_row",
    "a_row_problem",
    "a_rules_file",
    "a_rules_use",
    "a_run",
    "a_salt",
    "a_sending",
    "a_session",
    "a_token_key",
    "a_trouble",
    "agreed_terms",
    "an_account",
    "an_agreement",
    "an_answer",
    "an_api_key",
    "an_entry",
    "an_entry_fact",
    "an_escalation",
    "an_exchange",
    "an_id",
    "an_id_number",
    "an_import",
    "cut",
    "frozen_line",
    "judged",
]


def an_entry(n: int = 1, **changes: Any) -> Entry:
    """An open entry in the outflow register of Xicheng: a person who lives in Wuchang."""
    entry = Entry(
        id=an_id(n),
        jurisdiction=XICHENG,
        register=RegisterKind.OUTFLOW,
        origin=XICHENG,
        destination=WUCHANG,
        person=a_person(n),
        record=a_record(),
        person_index=f"person-{n}",
        opened_at=a_moment(n),
    )
    return replace(entry, **changes)


def an_entry_fact(n: int = 1, **changes: Any) -> EntryFact:
    """The opening of `an_entry(n)`, known as it happened."""
    fact = EntryFact(
        entry=an_id(n), what=EntryFactKind.OPENED, happened_at=a_moment(n), known_at=changes.get("happened_at", a_moment(n))
    )
    return replace(fact, **changes)


def a_link(n: int = 1, **changes: Any) -> Link:
    """A link on which nothing was sent yet."""
    return replace(Link(id=n, uuid=an_id(n), partner=f"node-{n}.example"), **changes)


def a_batch(sequence: int = 1, **changes: Any) -> StoredBatch:
    """An outgoing batch of three messages on link 1, without a receipt yet."""
    batch = StoredBatch(
        link=1,
        direction=Direction.OUT,
        sequence=sequence,
        turn=sequence,
        digest=a_digest(f"batch {sequence}"),
        previous=a_digest(f"batch {sequence - 1}") if sequence > 1 else None,
        seen=0,
        sent_at=a_moment(sequence),
        messages=3,
        manifest_jws=f"header.manifest-{sequence}.signature",
    )
    return replace(batch, **changes)


def a_message(n: int = 1, **changes: Any) -> LoggedMessage:
    """A query of link 1 that waits to be sent; it opens the exchange of the same number."""
    message = LoggedMessage(
        link=1,
        direction=Direction.OUT,
        id=an_id(n),
        exchange=an_id(n),
        kind=Kind.QUERY,
        digest=a_digest(n),
        line=b'{"n":%d,"name":"\xe7\x8e\x8b"}' % n,
        in_reply_to=None,
        created_at=a_moment(n),
    )
    return replace(message, **changes)


def cut(message: LoggedMessage, sequence: int = 1, position: int = 0) -> LoggedMessage:
    """The same message, cut into a batch that has no receipt yet."""
    return replace(message, sequence=sequence, position=position, turn=sequence, sent_at=a_moment(sequence))


def judged(message: LoggedMessage, sequence: int = 1, position: int = 0, **changes: Any) -> LoggedMessage:
    """The same message, sent and accepted."""
    received = a_moment(sequence + 1)
    accepted = replace(cut(message, sequence, position), received_at=received, known_at=received, outcome=Outcome.ACCEPTED)
    return replace(accepted, **changes)


def a_conversation(state: State = State.OPEN, **changes: Any) -> Conversation:
    """A conversation in its first round, due on 1 April 2026."""
    conversation = Conversation(state=state, due=a_day(30), last_turn=Turn(1, XICHENG_NODE, 0))
    return replace(conversation, **changes)


def an_exchange(n: int = 1, *, link: int = 1, role: Role = Role.ASKER, **changes: Any) -> Exchange:
    """A query of Xicheng to Wuchang that was not sent yet. A `conversation` makes it an accepted one, due on 1 April."""
    exchange = Exchange(
        key=ExchangeKey(link, an_id(n), role),
        own=XICHENG if role is Role.ASKER else WUCHANG,
        other=WUCHANG if role is Role.ASKER else XICHENG,
        origin=XICHENG,
        destination=WUCHANG,
        category=Category.MIGRANT,
        kind=Kind.QUERY,
        event=None,
        purpose=Purpose.PUBLIC_SERVICE,
        urgent=None,
        items=(Item.MARITAL_STATUS, Item.CHILDREN),
        agreement=a_digest("agreement"),
        opening=an_id(n),
        submitted_at=a_moment(n),
        acceptance=Acceptance.PENDING,
        person_index=f"person-{n}",
    )
    if "conversation" in changes:
        exchange = replace(
            exchange,
            acceptance=Acceptance.ACCEPTED,
            received_at=a_moment(n + 1),
            known_at=a_moment(n + 1),
            first_due=a_day(30),
        )
    return replace(exchange, **changes)


def a_fact(what: FactKind = FactKind.OPENED, n: int = 1, **changes: Any) -> Fact:
    """What message `n` did in the first round, known as it happened."""
    happened = changes.get("happened_at", a_moment(n))
    return replace(Fact(what=what, round=1, happened_at=happened, known_at=happened, message=an_id(n)), **changes)
