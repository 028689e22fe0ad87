"""Answer a breach: go through what was held or moved within the time, and say whose it is."""

from collections.abc import Iterator, Sequence

from exchange.auditing.event import of_case, of_entry, of_exchange
from exchange.certificates.check import CertificateCheck
from exchange.cursors import exchange_cursor
from exchange.errors import Refused
from exchange.exchanges import Exchange, LoggedMessage
from exchange.ledger import ExchangeFilter, Ledger, Page
from exchange.node import Node
from exchange.people.document import DocumentType, mask, read_document
from exchange.people.record import DocumentRef, Person, Record
from exchange.persons.exposure import Affected, Breach, Exposure
from exchange.persons.subject import Relation
from exchange.verbs.absorb import role_here
from exchange.verbs.persons.find import cases_of, checks_of, index_of, said_in
from exchange.verbs.persons.shelter import protected_among

_AT_ONCE = 500


def expose(ledger: Ledger, node: Node, breach: Breach) -> Exposure:
    """Whose data is concerned. Entries and cases are, where the node's own books are; with a partner, what it was told."""
    roll = _Roll(node)
    entries, cases = list[str](), list[str]()
    if breach.partner is None and not breach.moved:
        for entry in ledger.entries.everyone():
            reached = breach.reached(of_entry(entry.id), entry.person_index)
            if reached and entry.jurisdiction in breach.counties and entry.opened_at <= breach.until:
                entries.append(entry.id)
                for person in roll.note(entry.person, entry.record, entry.person_index):
                    person.entries.add(entry.id)
        for case in cases_of(ledger, breach.counties):
            couple = [spouse.person for spouse in case.spouses if spouse.person is not None]
            known = [each for each in couple if breach.reached(of_case(case.id), roll.index(each))]
            if known and case.opened_at <= breach.until:
                cases.append(case.id)
                for each in known:
                    for person in roll.note(each, None):
                        person.cases.add(case.id)
    exchanges, erased, erased_people = dict[str, None](), dict[str, None](), set[str]()
    for exchange, messages in _exchanges(ledger, breach):
        meant = [message for message in messages if _meant(message, breach)]
        if not meant or not breach.reached(of_exchange(exchange.key.exchange), exchange.person_index):
            continue
        exchanges[exchange.key.exchange] = None
        if exchange.entry is not None:
            entries.append(exchange.entry)
        told = False
        for message in meant:
            person_said, record = said_in(message) or (None, None)
            for person in roll.note(person_said, record, exchange.person_index):
                person.exchanges.add(exchange.key.exchange)
                person.entries |= {exchange.entry} if exchange.entry is not None else set()
                told = True
        # What took it back is kept, and says nothing of anybody.
        if not told and any(message.line is None for message in meant):
            erased[exchange.key.exchange] = None
            erased_people |= {exchange.person_index} - {""}
    checks = dict[str, None]()
    for check in checks_of(ledger, breach.counties):
        if _in_question(check, breach):
            checks[check.id] = None
            held = ledger.entries.by_person(breach.counties, [check.holder]).get(check.holder, ())
            person = roll.note_holder(check.holder, held[0].person if held else None)
            person.checks.add(check.id)
            if breach.partner is not None or breach.moved:
                person.fields |= {"name", "document"}  # the question held them; what is kept of it does not
    roll.mark(protected_among(ledger, node, roll.indexes))
    known_entries = ledger.entries.load(set(entries))
    return Exposure(
        breach=breach,
        entries=tuple(sorted(set(entries))),
        exchanges=tuple(exchanges),
        cases=tuple(cases),
        checks=tuple(checks),
        erased=tuple(erased),
        erased_entries=tuple(sorted(set(entries) - set(known_entries))),
        erased_people=len(erased_people - roll.people.keys()),
        people=tuple(roll.people.values()),
    )


class _Roll:
    """The people who are concerned, each once."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self.people: dict[str, Affected] = {}
        # In whose records each of them stands, their own included.
        self._beside: dict[str, set[str]] = {}

    @property
    def indexes(self) -> set[str]:
        """Of everybody in whose record one of them stands."""
        return set().union(*self._beside.values())

    def mark(self, protected: frozenset[str]) -> None:
        """Mark who is protected, and who stands beside them."""
        for key, beside in self._beside.items():
            self.people[key].protected = not protected.isdisjoint(beside)

    def note(self, person: Person | None, record: Record | None, index: str | None = None) -> Iterator[Affected]:
        """Those of whom these two tell something. `index` is that of whom both are about, whether they are named or not."""
        if person is not None or (record is not None and index):
            theirs = index or self.index(person)
            found = self._person(Relation.PERSON, person, theirs, theirs)
            if person is not None:
                found.fields |= {"name", "document", "sex", "birth_date"}
            if record is not None:
                found.fields |= {item.value for item in record.items()}
                found.children = max(found.children, len(record.children or ()))
            yield found
        if record is not None and record.spouse is not None:
            document = record.spouse.document or DocumentRef(type=DocumentType.NONE)
            other = Person(name=record.spouse.name, document=document)
            spouse = self._person(Relation.SPOUSE, other, self.index(other), index or self.index(person))
            spouse.fields |= {"name", "document"} if record.spouse.document is not None else {"name"}
            yield spouse

    def note_holder(self, index: str, person: Person | None) -> Affected:
        """The holder of a certificate that was checked."""
        found = self._person(Relation.PERSON, person, index, index)
        found.fields.add("certificate")
        return found

    def _person(self, relation: Relation, person: Person | None, index: str, whose: str) -> Affected:
        key = index or (person.name if person is not None else "")
        known = self.people.setdefault(key, Affected(name="", document=""))
        known.relations.add(relation)
        self._beside.setdefault(key, set()).update((index, whose))
        if person is not None and not known.name:
            known.name, known.document = person.name, _masked(person.document)
        return known

    def index(self, person: Person | None) -> str:
        """The blind index of somebody."""
        return index_of(self._node, person)


def _masked(document: DocumentRef) -> str:
    try:
        return mask(read_document(document.type, document.number or ""))
    except Refused:
        return ""


def _exchanges(ledger: Ledger, breach: Breach) -> Iterator[tuple[Exchange, Sequence[LoggedMessage]]]:
    link = ledger.links.of(breach.partner) if breach.partner is not None else None
    if breach.partner is not None and link is None:
        return
    wanted = ExchangeFilter(own=breach.counties, link=link.id if link is not None else None)
    after = ""
    while some := ledger.exchanges.find(wanted, Page(after=after, limit=_AT_ONCE)):
        logs = {
            (number, name): log
            for number in {each.key.link for each in some}
            for name, log in ledger.messages.of_exchanges(
                number, {each.key.exchange for each in some if each.key.link == number}
            ).items()
        }
        for exchange in some:
            log = logs.get((exchange.key.link, exchange.key.exchange), [])
            yield exchange, [message for message in log if role_here(message.kind, message.direction) is exchange.key.role]
        after = exchange_cursor(some[-1])


def _in_question(check: CertificateCheck, breach: Breach) -> bool:
    """Whether a check was made in the time with who is concerned; a key that was lost concerns those whom it was shown."""
    if breach.partner is not None and check.partner != breach.partner:
        return False
    return check.at <= breach.until and (not breach.moved or check.at >= breach.since) and breach.reached("", check.holder)


def _meant(message: LoggedMessage, breach: Breach) -> bool:
    """Whether a message was moved in the time, or was there at some time within."""
    at = message.received_at or message.sent_at or message.created_at
    # What waits for its way out has moved nowhere, and no partner has it.
    waits = message.sent_at is None and (breach.moved or breach.partner is not None)
    return not waits and at <= breach.until and (not breach.moved or at >= breach.since)
