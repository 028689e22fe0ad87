"""Whose data a breach has laid open, since when, and which of it (个人信息保护法第五十七条)."""

from dataclasses import dataclass, field
from datetime import datetime

from exchange.auditing.event import of_person
from exchange.persons.subject import Relation


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """What is known of it. `partner` or `counties` say whose books; `moved` is whether only what was sent or taken in the time
    is meant, as when a key is lost, or all that was held at some time within. With `shown`, subjects of the audit, only those of
    whom something was shown.
    """

    since: datetime
    until: datetime
    counties: frozenset[str]
    partner: str | None = None
    moved: bool = False
    shown: frozenset[str] | None = None

    def reached(self, subject: str, index: str) -> bool:
        """Whether something of it, or of the person with this index, was shown, if that is known at all."""
        return self.shown is None or subject in self.shown or (index != "" and of_person(index) in self.shown)


@dataclass(slots=True, kw_only=True)
class Affected:
    """One person, however often they stand in the books; children are told through the parent in whose record they stand.

    `protected` are those who are, and who stands in their records: a notice to either can endanger somebody.
    """

    name: str
    document: str
    protected: bool = False
    relations: set[Relation] = field(default_factory=set)
    fields: set[str] = field(default_factory=set)
    entries: set[str] = field(default_factory=set)
    exchanges: set[str] = field(default_factory=set)
    cases: set[str] = field(default_factory=set)
    checks: set[str] = field(default_factory=set)
    children: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """The answer: ids, counts and fields; `people` names them, `checks` are those of certificates.

    Of `erased` exchanges and `erased_entries` it is not known any more what they said. `erased_people` is how many persons stand
    in nothing else: their blind index alone is left.
    """

    breach: Breach
    entries: tuple[str, ...]
    exchanges: tuple[str, ...]
    cases: tuple[str, ...]
    checks: tuple[str, ...]
    erased: tuple[str, ...]
    erased_entries: tuple[str, ...]
    erased_people: int
    people: tuple[Affected, ...]

    @property
    def fields(self) -> dict[str, int]:
        """Of how many people each field was open."""
        names = sorted({name for person in self.people for name in person.fields})
        return {name: sum(name in person.fields for person in self.people) for name in names}
