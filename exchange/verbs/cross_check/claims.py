"""What a row of another department's sheet says of whom: claims about the persons whose documents it names.

A cell that cannot be read refuses its row, whole, so that a clerk mends it once; nothing of a row is guessed.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import TypeVar

from exchange.checking.check import CheckField, CheckLayout
from exchange.checking.compare import Claim
from exchange.codes import Event, MaritalStatus, Sex
from exchange.errors import Invalid, Refused
from exchange.node import Node, NotServed
from exchange.people.document import Document, DocumentType, read_document
from exchange.people.draft import NotBornYet
from exchange.people.name import read_name
from exchange.people.plausible import MalformedRecord, reference_to
from exchange.people.record import Child
from exchange.people.whereabouts import PlaceReader, PlaceTooCoarse
from exchange.verbs.sheets.facts import SheetRow
from exchange.verbs.sheets.rows import MissingCell, UnknownCode, coded, date_in, required

Cells = Mapping[str, str]
T = TypeVar("T")
_NUMBER = re.compile(r"[0-9A-Za-z()\-]{1,40}", re.ASCII)
_LONGEST_PLACE = 100
_UNKNOWN = frozenset({Sex.UNKNOWN, Sex.UNSTATED})


class DateInFuture(Invalid):
    """An event that has not happened yet."""

    code = "date-in-future"
    zh = "日期晚于今天。"
    en = "The date lies in the future."


class OnePersonTwice(Invalid):
    """Both persons of a row have one document."""

    code = "one-person-twice"
    zh = "两人的证件号码相同。"
    en = "Both persons have the same document number."


class ClaimReader:
    """Reads the rows of one layout for one county on one day; NotServed if the node does not serve it."""

    def __init__(self, node: Node, jurisdiction: str, layout: CheckLayout, today: date) -> None:
        if jurisdiction not in node.jurisdictions:
            raise NotServed
        self.node, self.jurisdiction, self.layout, self.today = node, jurisdiction, layout, today
        self.places = PlaceReader(node.divisions, jurisdiction, today)
        self._read = {
            CheckLayout.BIRTHS: self._births,
            CheckLayout.MARRIAGES: self._marriages,
            CheckLayout.HOUSEHOLD_MOVES: self._household_moves,
            CheckLayout.IMMUNISATION: self._immunisation,
        }[layout]

    def read(self, row: SheetRow) -> list[Claim]:
        """The claims of a row, one for each person with a number; a Refused leaf for the first cell that cannot be read."""
        return list(self._read(row.number, row.cells))

    def _births(self, row: int, cells: Cells) -> Iterator[Claim]:
        parents = [self._document(cells, "mother_"), self._document(cells, "father_")]
        indexes = dict.fromkeys(index for index in map(self._index, parents) if index is not None)
        if not indexes:
            raise MissingCell(pointer="/mother_document_number")
        if len(indexes) < sum(parent is not None for parent in parents):
            raise OnePersonTwice(pointer="/father_document_number")
        child = self._child(cells, _certificate(cells))
        facts = _about(child)
        for index in indexes:
            yield Claim(person_index=index, row=row, facts=facts, child=child)

    def _immunisation(self, row: int, cells: Cells) -> Iterator[Claim]:
        index = self._index(self._document(cells, "guardian_"))
        if index is None:
            raise MissingCell(pointer="/guardian_document_number")
        child = self._child(cells, None)
        facts = _about(child)
        township = self._township(cells.get("destination_township"))
        if township is not None:
            facts[CheckField.TOWNSHIP] = township
        yield Claim(person_index=index, row=row, facts=facts, child=child)

    def _marriages(self, row: int, cells: Cells) -> Iterator[Claim]:
        event = coded(cells, "marriage_event", Event)
        if event is None:
            raise MissingCell(pointer="/marriage_event")
        sides = [(_name(cells, f"{who}_name"), self._document(cells, f"{who}_")) for who in ("husband", "wife")]
        indexes = [self._index(document) for _, document in sides]
        if indexes == [None, None]:
            raise MissingCell(pointer="/husband_document_number")
        if indexes[0] == indexes[1]:
            raise OnePersonTwice(pointer="/wife_document_number")
        on, place = self._day(cells, "marriage_registered_on"), _place(cells, "marriage_registered_at")
        for index, (name, _), (other, document) in zip(indexes, sides, reversed(sides), strict=True):
            if index is None:
                continue
            facts: dict[CheckField, str | None] = {CheckField.NAME: name}
            if event is Event.DIVORCE:
                facts[CheckField.MARITAL_STATUS] = MaritalStatus.DIVORCED.value
            else:
                facts[CheckField.MARITAL_STATUS] = MaritalStatus.MARRIED.value
                facts[CheckField.MARRIAGE_DATE] = on.isoformat() if on else None
                facts[CheckField.MARRIAGE_PLACE] = place
                facts[CheckField.SPOUSE_NAME] = other
                facts[CheckField.SPOUSE_DOCUMENT] = document.number if document else None
            reference = reference_to(document) if document is not None else None
            yield Claim(person_index=index, row=row, facts=_known(facts), document=reference, on=on)

    def _household_moves(self, row: int, cells: Cells) -> Iterator[Claim]:
        index = self._index(self._document(cells, ""))
        if index is None:
            raise MissingCell(pointer="/document_number")
        to = self._county(required(cells, "household_to"), "household_to")
        came_from = cells.get("household_from")
        facts = {CheckField.NAME: _name(cells, "name"), CheckField.ORIGIN: to}
        yield Claim(
            person_index=index,
            row=row,
            facts=_known(facts),
            on=self._day(cells, "household_moved_on"),
            came_from=None if came_from is None else self._county(came_from, "household_from", coarse=True),
        )

    def _document(self, cells: Cells, whose: str) -> Document | None:
        column = f"{whose}document_number"
        kind = coded(cells, f"{whose}document_type", DocumentType)
        number = cells.get(column)
        if number is None:
            return None
        return _at(column, lambda: read_document(kind, number))

    def _index(self, document: Document | None) -> str | None:
        return None if document is None else self.node.document_index(document)

    def _day(self, cells: Cells, column: str) -> date | None:
        day = date_in(cells, column)
        if day is not None and day > self.today:
            raise DateInFuture(pointer=f"/{column}")
        return day

    def _child(self, cells: Cells, certificate: str | None) -> Child:
        born = date_in(cells, "child_birth_date")
        if born is None and certificate is None:
            raise MissingCell(pointer="/child_birth_date")
        if born is not None and born > self.today:
            raise NotBornYet(pointer="/child_birth_date")
        return Child(
            sex=coded(cells, "child_sex", Sex) or Sex.UNKNOWN,
            birth_date=born,
            birth_place=_place(cells, "child_birth_place"),
            certificate_number=certificate,
        )

    def _county(self, text: str, column: str, *, coarse: bool = False) -> str:
        """The county that a cell means, as of today; PlaceTooCoarse for a province or prefecture that has counties."""
        code = _at(column, lambda: self.places.code(text, "origin"))
        place, _ = _at(column, lambda: self.places.other_side(code, "origin"))
        divisions = self.node.divisions
        if not coarse and divisions.county_of(place) is None and divisions.counties_within(place):
            raise PlaceTooCoarse(pointer=f"/{column}")
        return place

    def _township(self, text: str | None) -> str | None:
        """A present township of the own county; None for any other text, since a family may live elsewhere."""
        if text is None:
            return None
        code, divisions = self.places.township(text), self.node.divisions
        return code if code in divisions.children(self.jurisdiction) else None


def _at(column: str, read: Callable[[], T]) -> T:
    try:
        return read()
    except Refused as refusal:
        refusal.pointer = f"/{column}"
        raise


def _name(cells: Cells, column: str) -> str | None:
    text = cells.get(column)
    return None if text is None else _at(column, lambda: read_name(text))


def _place(cells: Cells, column: str) -> str | None:
    text = cells.get(column)
    if text is not None and len(text) > _LONGEST_PLACE:
        raise MalformedRecord(pointer=f"/{column}")
    return text


def _certificate(cells: Cells) -> str | None:
    text = cells.get("birth_certificate_number")
    if text is None:
        return None
    number = "".join(text.split())
    if not _NUMBER.fullmatch(number):
        raise UnknownCode(
            zh="出生医学证明编号至多 40 个字母、数字、连字符或括号。",
            en="A birth certificate's number is at most 40 letters, digits, hyphens or brackets.",
            pointer="/birth_certificate_number",
        )
    return number


def _about(child: Child) -> dict[CheckField, str]:
    return _known(
        {
            CheckField.CHILD_SEX: None if child.sex in _UNKNOWN else child.sex.value,
            CheckField.CHILD_BIRTH_DATE: child.birth_date.isoformat() if child.birth_date else None,
            CheckField.CHILD_BIRTH_PLACE: child.birth_place,
            CheckField.CHILD_CERTIFICATE_NUMBER: child.certificate_number,
        }
    )


def _known(facts: Mapping[CheckField, str | None]) -> dict[CheckField, str]:
    return {name: text for name, text in facts.items() if text is not None}
