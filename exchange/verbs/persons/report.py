"""Tell a person what is held of them."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Any

import msgspec

from exchange.auditing.event import of_entry, of_exchange, of_person
from exchange.codes import Kind, Role
from exchange.errors import Refused
from exchange.imports import ImportedFile
from exchange.ledger import Ledger
from exchange.moments import civil_day, day_start
from exchange.node import Node
from exchange.persons.report import About, CertificateChecked, Compared, Held, Passed, Reading, Source, SubjectReport
from exchange.persons.subject import Relation, occurrences
from exchange.verbs.auditing.who_saw import readings_of
from exchange.verbs.persons.find import Found, FoundEntry, FoundMessage, checks_of
from exchange.verbs.persons.shelter import Answerable
from exchange.wire.message import Feedback, read_message


def report(ledger: Ledger, node: Node, answer: Answerable, now: datetime) -> SubjectReport:
    """The answer to what was found and may be told."""
    found = answer.found
    partners = {link.id: link.partner for link in ledger.links.all()}
    index = found.subject.index
    return SubjectReport(
        at=now,
        node=node.name,
        held=(*_entries(ledger, found), *_cases(node, found)),
        exchanges=tuple(
            About(
                exchange=each.key.exchange,
                partner=partners[each.key.link],
                role=each.key.role,
                own=each.own,
                other=each.other,
                kind=each.kind,
                event=each.event,
                purpose=each.purpose_on(civil_day(now)),
                state=each.conversation.state_at(now, node.rules.lapse_days) if each.conversation else each.acceptance,
                submitted_at=each.submitted_at,
            )
            for each in found.exchanges
        ),
        passed=tuple(_passed(each, partners[each.message.link]) for each in found.messages if _tells(each)),
        certificates=tuple(sorted(_certificates(ledger, found), key=lambda each: each.at)),
        compared=tuple(_compared(ledger, [each.entry.id for each in found.entries if _is_person(each)])),
        differences=tuple(difference.id for difference in found.differences),
        requests=tuple(ledger.subject_requests.of_person(index)) if index is not None else (),
        seen_by=tuple(_readings(ledger, answer)),
        perhaps=found.perhaps,
        named_after=tuple(map(_source, found.files)),
    )


def _entries(ledger: Ledger, found: Found) -> Iterator[Held]:
    made = ledger.imports.that_made({each.entry.id for each in found.entries})
    for each in found.entries:
        # Of another person's entry neither the county nor the time is told: where somebody else lives is not the asker's to know.
        entry, own = each.entry, _is_person(each)
        yield Held(
            kind="entry",
            id=entry.id,
            jurisdiction=entry.jurisdiction if own else None,
            register=entry.register if own else None,
            relation=each.occurrence.relation,
            opened_at=entry.opened_at if own else None,
            closed_at=entry.closed_at if own else None,
            fields=each.occurrence.fields,
            content=each.occurrence.content,
            sources=tuple(map(_source, made.get(entry.id, ()))),
        )


def _source(file: ImportedFile) -> Source:
    return Source(file=file.id, layout=file.layout, at=file.at)


def _cases(node: Node, found: Found) -> Iterator[Held]:
    for case in found.cases:
        for spouse in case.spouses:
            for occurrence in occurrences(found.subject, node.person_index, spouse.person, None):
                made: list[Any] = [msgspec.to_builtins(each) for each in spouse.commitments]
                yield Held(
                    kind="case",
                    id=case.id,
                    jurisdiction=case.jurisdiction,
                    register=None,
                    relation=Relation.PERSON,
                    opened_at=case.opened_at,
                    closed_at=case.finished_at or case.cancelled_at,
                    fields=(*occurrence.fields, "commitments") if made else occurrence.fields,
                    content={**occurrence.content, "commitments": made} if made else occurrence.content,
                )


def _tells(each: FoundMessage) -> bool:
    """Whether a message says, or said, something of a person; a confirmation or a reminder never does."""
    return each.occurrence is not None or each.message.kind in (Kind.QUERY, Kind.NOTICE, Kind.FEEDBACK)


def _passed(each: FoundMessage, partner: str) -> Passed:
    message, exchange, occurrence = each.message, each.exchange, each.occurrence
    came = message.direction == "in"
    return Passed(
        exchange=message.exchange,
        message=message.id,
        kind=message.kind,
        came=came,
        partner=partner,
        sender=exchange.other if came else exchange.own,
        receiver=exchange.own if came else exchange.other,
        sent_at=message.sent_at,
        received_at=message.received_at,
        outcome=message.outcome,
        result=_result(message.line) if message.kind is Kind.FEEDBACK and message.line is not None else None,
        relation=occurrence.relation if occurrence is not None else Relation.PERSON,
        fields=occurrence.fields if occurrence is not None else (),
        erased=message.line is None,
    )


def _result(line: bytes) -> str | None:
    try:
        said = read_message(line)
    except Refused:
        return None
    return said.body.result.value if isinstance(said, Feedback) else None


def _readings(ledger: Ledger, answer: Answerable) -> Iterator[Reading]:
    """Who was shown an entry or an exchange of the person, or the person wherever else, as in another one's record.

    A reading of another one's record that did not show the person is not theirs to know; nor is one of what is withheld.
    """
    found, subject = answer.found, answer.found.subject
    own = {of_entry(each.entry.id) for each in found.entries if _is_person(each)}
    own |= {of_exchange(each.key.exchange) for each in found.exchanges}
    named = set(own)
    if subject.index is not None and subject.needles:
        # Without a number, two of one name and birth date have one index: by that alone nobody is told from the other.
        named.add(of_person(subject.index))
    for event in readings_of(ledger, subject.counties, named):
        if not answer.withheld.isdisjoint(event.subjects) and own.isdisjoint(event.subjects):
            continue
        actor = event.actor
        yield Reading(
            at=event.at,
            who=" ".join(part for part in (actor.kind.value, actor.id, actor.role) if part),
            purpose=event.purpose.value if event.purpose is not None else "",
            what=", ".join(event.shown),
        )


def _certificates(ledger: Ledger, found: Found) -> Iterator[CertificateChecked]:
    """Checks are known by the holder's document alone."""
    subject = found.subject
    for check in checks_of(ledger, subject.counties) if subject.needles else ():
        if check.holder == subject.index:
            asker, issuer = (check.own, check.other) if check.role is Role.ASKER else (check.other, check.own)
            yield CertificateChecked(
                check=check.id, at=check.at, partner=check.partner, asker=asker, issuer=issuer, answer=check.answer
            )


def _is_person(each: FoundEntry) -> bool:
    return each.occurrence.relation is Relation.PERSON


def _compared(ledger: Ledger, entries: Iterable[str]) -> Iterator[Compared]:
    """What has become of the tokens that were made of the entries; those of past months are dropped after some time."""
    for number in sorted({key for leaves in ledger.tokens.standing(entries).values() for key, _ in leaves}):
        key = ledger.tokens.get(number)
        if key is not None:
            began = ledger.register_runs.since(key.pair, key.partner, day_start(date.fromisoformat(f"{key.month}-01")))
            yield Compared(
                partner=key.partner,
                origin=key.pair.origin,
                destination=key.pair.destination,
                month=key.month,
                items=tuple(item.value for item in key.items),
                at=tuple(run.began_at for run in began),
            )
