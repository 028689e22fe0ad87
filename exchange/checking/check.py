"""A cross-check (比对): one sheet of another department against the open entries of one county, and what differs.

Of the sheet itself nothing stays but its digest and the counts. A difference is one field of one entry; what the two sides
say is about a person, so it is one value (`Proposal`) that is erased once the difference is settled.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from msgspec import structs

from exchange.codes import RegisterKind
from exchange.imports import RowProblem
from exchange.people.record import Child, DocumentRef, Shape


class CheckLayout(StrEnum):
    """Whose sheet it is."""

    BIRTHS = "births"
    MARRIAGES = "marriages"
    HOUSEHOLD_MOVES = "household-moves"
    IMMUNISATION = "immunisation"


class CheckField(StrEnum):
    """What can be compared; `CHILD` is a child whom the entry does not have at all."""

    NAME = "name"
    MARITAL_STATUS = "marital_status"
    MARRIAGE_DATE = "marriage_date"
    MARRIAGE_PLACE = "marriage_place"
    SPOUSE_NAME = "spouse_name"
    SPOUSE_DOCUMENT = "spouse_document"
    ORIGIN = "origin"
    TOWNSHIP = "township"
    CHILD = "child"
    CHILD_SEX = "child_sex"
    CHILD_BIRTH_DATE = "child_birth_date"
    CHILD_BIRTH_PLACE = "child_birth_place"
    CHILD_CERTIFICATE_NUMBER = "child_certificate_number"


CHILD_FIELDS = frozenset(
    {
        CheckField.CHILD_SEX,
        CheckField.CHILD_BIRTH_DATE,
        CheckField.CHILD_BIRTH_PLACE,
        CheckField.CHILD_CERTIFICATE_NUMBER,
    }
)


FIELD_NAMES: Mapping[CheckField, tuple[str, str]] = {
    CheckField.NAME: ("姓名", "name"),
    CheckField.MARITAL_STATUS: ("婚姻状况", "marital status"),
    CheckField.MARRIAGE_DATE: ("结婚日期", "date of marriage"),
    CheckField.MARRIAGE_PLACE: ("结婚登记地", "place of marriage"),
    CheckField.SPOUSE_NAME: ("配偶姓名", "spouse's name"),
    CheckField.SPOUSE_DOCUMENT: ("配偶证件号码", "spouse's document"),
    CheckField.ORIGIN: ("户籍地", "origin"),
    CheckField.TOWNSHIP: ("现居住地乡镇街道", "township"),
    CheckField.CHILD: ("子女", "child"),
    CheckField.CHILD_SEX: ("子女性别", "child's sex"),
    CheckField.CHILD_BIRTH_DATE: ("子女出生日期", "child's birth date"),
    CheckField.CHILD_BIRTH_PLACE: ("子女出生地", "child's birth place"),
    CheckField.CHILD_CERTIFICATE_NUMBER: ("出生医学证明编号", "birth certificate's number"),
}


class CheckOutcome(StrEnum):
    """What became of a row; every row has one."""

    REFUSED = "refused"
    NO_ENTRY = "no_entry"
    EQUAL = "equal"
    DIFFERING = "differing"
    AMBIGUOUS = "ambiguous"


class Settlement(StrEnum):
    """A clerk's word on a difference: take the sheet's value, decide later, or keep the entry's and why."""

    TAKE = "take"
    LATER = "later"
    SHEET_WRONG = "keep_sheet_wrong"
    VERIFIED = "keep_verified"
    OTHER_PERSON = "keep_other_person"


class DifferenceState(StrEnum):
    """Where a difference stands. Lapsed: not settled within its time, or overtaken by a newer check or a protection."""

    OPEN = "open"
    CORRECTED = "corrected"
    KEPT = "kept"
    LAPSED = "lapsed"


class Doubt(StrEnum):
    """What a clerk should look at before taking a value."""

    FROM_ELSEWHERE = "from_elsewhere"


class Proposal(Shape, frozen=True, kw_only=True):
    """What the two say: `found` is the entry's value (None: none), `proposed` the sheet's.

    `child` is the child as the sheet has it, for fields of a child; `document` goes with a spouse, `on` is the day of the
    event.
    """

    found: str | None = None
    proposed: str
    child: Child | None = None
    document: DocumentRef | None = None
    on: date | None = None
    doubt: Doubt | None = None

    def __repr__(self) -> str:
        return "Proposal(…)"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRow:
    """A row that could not be judged: refused or ambiguous, with what is wrong in which column."""

    check: str
    row: int
    outcome: CheckOutcome
    problems: tuple[RowProblem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One field in which an entry and a row differ; `proposal` is None once it is erased.

    `entry_version` is the version of the entry that was compared.
    """

    id: str
    check: str
    jurisdiction: str
    entry: str
    entry_version: int
    row: int
    field: CheckField
    state: DifferenceState = DifferenceState.OPEN
    settlement: Settlement | None = None
    at: datetime
    settled_at: datetime | None = None
    proposal: Proposal | None = None

    def corrected(self, at: datetime) -> "Difference":
        """The entry says now what the sheet says."""
        return self._settled(DifferenceState.CORRECTED, Settlement.TAKE, at)

    def kept(self, settlement: Settlement, at: datetime) -> "Difference":
        """The entry stays as it is."""
        return self._settled(DifferenceState.KEPT, settlement, at)

    def compared_anew(self, found: str | None, entry_version: int) -> "Difference":
        """Still open, with what the entry says today."""
        if self.proposal is None:
            return self
        return replace(self, proposal=structs.replace(self.proposal, found=found), entry_version=entry_version)

    def _settled(self, state: DifferenceState, settlement: Settlement, at: datetime) -> "Difference":
        return replace(self, state=state, settlement=settlement, settled_at=at, proposal=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossCheck:
    """One check with the counts of its rows. `register` None: both; `run` counts the checks of the same bytes.

    rows = refused + no_entry + equal + differing + ambiguous.
    """

    id: str
    jurisdiction: str
    layout: CheckLayout
    register: RegisterKind | None = None
    digest: str
    run: int = 1
    at: datetime
    rows: int
    refused: int
    no_entry: int
    equal: int
    differing: int
    ambiguous: int
    blank: int = 0
    excluded_columns: int = 0
    unknown_columns: int = 0

    @property
    def matched(self) -> int:
        """Rows about somebody who has an open entry."""
        return self.equal + self.differing + self.ambiguous


FieldCounts = Mapping[tuple[CheckField, DifferenceState], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class DifferenceFilter:
    """Which differences to list; None does not filter."""

    check: str | None = None
    own: frozenset[str]
    entry: str | None = None
    field: CheckField | None = None
    state: DifferenceState | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryToCheck:
    """An entry with open differences, and in which fields."""

    entry: str
    jurisdiction: str
    fields: tuple[CheckField, ...]
