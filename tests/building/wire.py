"""Messages as they cross the wire; import them from `tests.builders`."""

from datetime import date
from typing import Any

from msgspec import structs

from exchange.codes import Event, Item, MaritalStatus, PriorityLevel, Purpose, QueryReason, Result, Sex
from exchange.moments import format_moment
from exchange.people.record import Child, Record
from exchange.wire import ijson
from exchange.wire.message import (
    Feedback,
    FeedbackBody,
    Notice,
    NoticeBody,
    Priority,
    Query,
    QueryBody,
    Reply,
    write_message,
)
from tests.building.basics import WUCHANG, XICHENG, a_moment, a_person, a_salt, an_id


def a_query(n: int = 1, **changes: Any) -> Query:
    """A well-formed query of Xicheng to Wuchang about a person's marital status and children."""
    query = Query(
        **_envelope(n, sender=XICHENG, receiver=WUCHANG),
        in_reply_to=None,
        body=QueryBody(person=a_person(n), items=[Item.MARITAL_STATUS, Item.CHILDREN], reason=QueryReason.REGISTER_ENTRY),
    )
    return structs.replace(query, **changes)


def a_notice(n: int = 1, event: Event = Event.BIRTH, **changes: Any) -> Notice:
    """A well-formed notice of Xicheng to Wuchang: a birth, with the child in the record."""
    notice = Notice(
        **_envelope(n, sender=XICHENG, receiver=WUCHANG),
        in_reply_to=None,
        body=NoticeBody(
            event=event,
            date=date(2026, 2, 3),
            person=a_person(n),
            record=Record(children=[Child(sex=Sex.MALE, birth_date=date(2026, 2, 3))]),
        ),
    )
    return structs.replace(notice, **changes)


def a_feedback(n: int = 2, to: Query | Notice | None = None, result: Result = Result.CONFIRMED, **changes: Any) -> Feedback:
    """A well-formed answer of Wuchang to `to`, by default to the first query; a correction brings a corrected status."""
    opening = to or a_query()
    corrected = Record(marital_status=MaritalStatus.DIVORCED) if result is Result.CORRECTED else None
    feedback = Feedback(
        **{
            **_envelope(n, sender=opening.to, receiver=opening.from_),
            "exchange": opening.exchange,
            "origin": opening.origin,
            "destination": opening.destination,
            "purpose": opening.purpose,
        },
        in_reply_to=Reply(id=opening.id, digest=ijson.digest(write_message(opening))),
        body=FeedbackBody(result=result, record=corrected),
    )
    return structs.replace(feedback, **changes)


def _envelope(n: int, *, sender: str, receiver: str) -> dict[str, Any]:
    return {
        "id": an_id(n),
        "salt": a_salt(n),
        "exchange": an_id(n),
        "from_": sender,
        "to": receiver,
        "origin": XICHENG,
        "destination": WUCHANG,
        "created_at": format_moment(a_moment(n)),
        "purpose": Purpose.PUBLIC_SERVICE,
        "priority": Priority(level=PriorityLevel.NORMAL),
    }
