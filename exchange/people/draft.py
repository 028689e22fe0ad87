"""Checking what somebody wants to enter in a register: who it is, whether they count, and which facts can be kept.

What would make the entry useless or unlawful is refused, all of it at once, so that a clerk mends a row once. What is only
doubtful is kept with a warning; a fact that cannot be true is left out with one.
"""

from dataclasses import dataclass
from datetime import date

from exchange.codes import Sex
from exchange.errors import Invalid, Refused
from exchange.imports import RowProblem
from exchange.node import Node, NotServed
from exchange.people.document import Document, DocumentType, read_document
from exchange.people.doubts import document_warning, warning
from exchange.people.name import read_name
from exchange.people.plausible import kept_record, reference_to
from exchange.people.record import DocumentRef, Person, Record
from exchange.people.register import NOTHING_KNOWN, EntryDraft
from exchange.people.whereabouts import PlaceReader

_OLDEST = 120
_UNKNOWN_SEX = frozenset({Sex.UNKNOWN, Sex.UNSTATED})


class ReasonNotCounted(Invalid):
    """Away for business, medical care, study, travel or a visit: no migrant (order 555 of 2009, article 2)."""

    code = "reason-not-counted"
    zh = "因出差、就医、上学、旅游、探亲等离开户籍地的，不属于流动人口，不建档。"
    en = "People away for business, medical care, study, travel or a visit are no migrants and get no entry."


class NotIdentifiable(Invalid):
    """Neither a document number nor a birth date: the person could not be found again."""

    code = "not-identifiable"
    zh = "无证件号码的，须填写出生日期。"
    en = "A person without a document number needs a birth date."


class NotBornYet(Invalid):
    """A birth date in the future."""

    code = "not-born-yet"
    zh = "出生日期晚于今天。"
    en = "The birth date lies in the future."


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedDraft:
    """A draft in its normal form with the person's blind index; not to be entered if anything is refused."""

    draft: EntryDraft
    person_index: str
    warnings: tuple[RowProblem, ...] = ()
    refusals: tuple[Refused, ...] = ()

    @property
    def returned_on(self) -> date | None:
        """The day on which the person came back for good; None for one who is away."""
        moving = self.draft.record.moving
        if moving is None or moving.returned_on is None:
            return None
        return None if moving.moved_on is not None and moving.moved_on > moving.returned_on else moving.returned_on


_SEX_DIFFERS = warning("sex", "sex-differs", "性别与证件号码不一致，请核对。", "The sex differs from the document number's.")
_BIRTH_DIFFERS = warning(
    "birth_date",
    "birth-date-differs",
    "出生日期与证件号码不一致，请核对。",
    "The birth date differs from the document number's.",
)
_CONVERTED = warning(
    "document_number", "old-number", "15 位旧号码，已换算为 18 位。", "An old number of 15 digits, converted to 18."
)
_MINOR = warning("birth_date", "minor", "未成年，不计入流动人口统计对象。", "A minor: not among the adults who count.")
_VERY_OLD = warning(
    "birth_date", "age-implausible", f"年龄超过 {_OLDEST} 岁，请核对。", f"Older than {_OLDEST}: check the birth date."
)


class Registrar:
    """Checks drafts for the registers of one jurisdiction on one day; NotServed if the node does not serve it."""

    def __init__(self, node: Node, jurisdiction: str, today: date) -> None:
        if jurisdiction not in node.jurisdictions:
            raise NotServed
        self.node, self.jurisdiction, self.today = node, jurisdiction, today
        self.places = PlaceReader(node.divisions, jurisdiction, today)
        self._of_age = _years_before(today, node.rules.migrant.adult_age)
        self._too_old = _years_before(today, _OLDEST)

    def check(self, draft: EntryDraft) -> CheckedDraft:
        """The draft in its normal form, with everything that is wrong with it."""
        warnings: list[RowProblem] = []
        refusals: list[Refused] = []
        places = self.places.both(draft.register, draft.origin, draft.destination, draft.township)
        person = draft.person
        try:
            person = self.person(draft.person, warnings)
        except Refused as refusal:
            refusals.append(refusal.with_traceback(None))
        record = draft.record
        if record != NOTHING_KNOWN:
            try:
                record = kept_record(record, person.birth_date, self.today, warnings)
            except Refused as refusal:
                refusals.append(refusal.with_traceback(None))
            try:
                self.require_counted(record)
            except Refused as refusal:
                refusals.append(refusal.with_traceback(None))
        if refusals or places.refusals:
            found = (*places.refusals, *refusals)
            return CheckedDraft(draft=draft, person_index="", warnings=(*places.warnings, *warnings), refusals=found)
        return CheckedDraft(
            draft=EntryDraft(
                register=draft.register,
                origin=places.origin,
                destination=places.destination,
                township=places.township,
                person=person,
                record=record,
                opened_on=draft.opened_on,
                protected=draft.protected,
            ),
            person_index=self.node.person_index(person),
            warnings=(*places.warnings, *warnings),
        )

    def person(self, person: Person, warnings: list[RowProblem]) -> Person:
        """The person with name and document in their normal form, sex and birth date filled in from the number.

        What is stated stays where it differs from the number, with a warning. Raises a Refused leaf.
        """
        name, document = self.name(person.name), self.document(person.document)
        sex, born = self.compared(document, person.sex, person.birth_date, warnings)
        return Person(name=name, document=reference_to(document), sex=sex, birth_date=born)

    def compared(
        self, document: Document, sex: Sex, birth_date: date | None, warnings: list[RowProblem]
    ) -> tuple[Sex, date | None]:
        """Sex and birth date beside those that the number tells; a Refused leaf for an impossible age."""
        if document.original is not None:
            warnings.append(_CONVERTED)
        for doubt in document.warnings:
            warnings.append(document_warning("document_number", doubt))
        told_birth, told_sex = document.birth_date, document.sex
        born = birth_date or told_birth
        if told_birth is not None and born != told_birth:
            warnings.append(_BIRTH_DIFFERS)
        if told_sex is not None and sex is not told_sex:
            if sex in _UNKNOWN_SEX:
                sex = told_sex
            else:
                warnings.append(_SEX_DIFFERS)
        self._age(born, document, warnings)
        return sex, born

    @staticmethod
    def name(written: str) -> str:
        """The name in its normal form. Raises a Refused leaf."""
        try:
            return read_name(written)
        except Refused as refusal:
            raise _at(refusal, "/person/name") from None

    @staticmethod
    def document(written: DocumentRef) -> Document:
        """The document in its normal form. Raises a Refused leaf."""
        try:
            return read_document(written.type, written.number or "")
        except Refused as refusal:
            raise _at(refusal, "/person/document/number") from None

    def require_counted(self, record: Record) -> None:
        """ReasonNotCounted for who is away for a reason that makes no migrant."""
        if record.moving is not None and not self.node.rules.counts_as_migrant(record.moving.reason):
            raise ReasonNotCounted(pointer="/record/moving/reason")

    def _age(self, born: date | None, document: Document, warnings: list[RowProblem]) -> None:
        if born is None:
            if document.type is DocumentType.NONE:
                raise NotIdentifiable(pointer="/person/birth_date")
        elif born > self.today:
            raise NotBornYet(pointer="/person/birth_date")
        elif born > self._of_age:
            warnings.append(_MINOR)
        elif born <= self._too_old:
            warnings.append(_VERY_OLD)


def _at(refusal: Refused, pointer: str) -> Refused:
    refusal.pointer = pointer
    return refusal.with_traceback(None)


def _years_before(day: date, years: int) -> date:
    """The same day some years before; 28 February for a leap day."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return day.replace(year=day.year - years, day=28)


def check_draft(node: Node, jurisdiction: str, draft: EntryDraft, today: date) -> CheckedDraft:
    """Check one draft for a register of the jurisdiction; raises the first refusal."""
    checked = Registrar(node, jurisdiction, today).check(draft)
    for refusal in checked.refusals:
        raise refusal
    return checked
