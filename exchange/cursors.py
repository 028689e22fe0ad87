"""Where a row stands in its listing: the text that a caller hands back to go on after it, the same on every ledger.

All listings but the worklists and those within a file or a check begin with the newest. A cursor compares as text as its row
does in the listing.
"""

import re
from datetime import datetime
from typing import NamedTuple

from exchange.auditing.chain import AuditRow
from exchange.cases.case import Case
from exchange.certificates.check import CertificateCheck
from exchange.checking.check import CheckRow, CrossCheck, Difference, EntryToCheck
from exchange.clocks.escalation import Escalation
from exchange.clocks.troubles import Trouble
from exchange.codes import Role
from exchange.comparing.comparison import Comparison
from exchange.counting.rows import Row as CountedRow
from exchange.errors import Invalid
from exchange.exchanges import Exchange
from exchange.imports import ImportedFile, RowResult
from exchange.ledger import Finding
from exchange.moments import from_milliseconds, to_milliseconds
from exchange.people.register import Entry
from exchange.persons.request import SubjectRequest
from exchange.reconciling.pairs import Pair
from exchange.reconciling.reconciliation import Reconciliation
from exchange.reconciling.results import RegisterDifference
from exchange.settling.evidence import Evidence
from exchange.work.worklists import BELONGS, Worklist, place_on

_NAME = r"[0-9A-Za-z_.-]{1,100}"
_EXCHANGE = re.compile(rf"(\d{{15}})~({_NAME})~(asker|asked)~(\d{{10}})", re.ASCII)
# A finding's id may be made of several ids.
_MOMENT = re.compile(r"(\d{15})~([0-9A-Za-z_.:-]{1,300})", re.ASCII)
_OF_PAIR = re.compile(rf"({_NAME})~(\d{{6}})~(\d{{6}})", re.ASCII)
_WORK = re.compile(rf"(\d{{15}})~({_NAME})~(\d{{10}})", re.ASCII)
_DUE = re.compile(rf"(\d{{4}}-\d\d-\d\d)~({_NAME})~(\d{{10}})", re.ASCII)
_COUNTED = re.compile(rf"({_NAME})~(\d{{6}})", re.ASCII)
_ENTRY = re.compile(_NAME)
_ROW = re.compile(r"\d{1,9}", re.ASCII)


class BadCursor(Invalid):
    """A cursor that no listing of this kind has given."""

    code = "bad-cursor"
    zh = "翻页标记无效，请从第一页重新查询。"
    en = "The cursor is not one of this listing's; begin again with the first page."


class ExchangePlace(NamedTuple):
    """Where an exchange stands among others."""

    submitted_at: datetime
    exchange: str
    role: Role
    link: int


class WorkPlace(NamedTuple):
    """Where an exchange stands on a worklist: a date, or milliseconds in 15 digits, and what tells it from its neighbours."""

    place: str
    exchange: str
    link: int


class MomentPlace(NamedTuple):
    """Where a row stands that is listed by its moment and id."""

    at: datetime
    id: str


def exchange_cursor(exchange: Exchange) -> str:
    """An exchange's place: its moment, then what identifies it."""
    key = exchange.key
    return f"{to_milliseconds(exchange.submitted_at):015d}~{key.exchange}~{key.role}~{key.link:010d}"


def work_cursor(worklist: Worklist, exchange: Exchange) -> str:
    """An exchange's place on a worklist, the most urgent first."""
    return f"{place_on(worklist, exchange)}~{exchange.key.exchange}~{exchange.key.link:010d}"


def entry_cursor(entry: Entry) -> str:
    """An entry's place: its id, a UUIDv7, so the newest has the greatest."""
    return entry.id


def case_cursor(case: Case) -> str:
    """A case's place: its id, as an entry's."""
    return case.id


def import_cursor(file: ImportedFile) -> str:
    """A file's place: its moment, then its id."""
    return f"{to_milliseconds(file.at):015d}~{file.id}"


def row_cursor(row: RowResult) -> str:
    """A row's place within its file: the sheet's own number, the smallest first."""
    return str(row.row)


def counted_cursor(row: CountedRow) -> str:
    """The place of an exchange behind a rate: its id, the smallest first, then whose it is."""
    return f"{row.id}~{row.own}"


def finding_cursor(finding: Finding) -> str:
    """A finding's place: its moment, then its id."""
    return f"{to_milliseconds(finding.at):015d}~{finding.id}"


def check_cursor(check: CrossCheck) -> str:
    """A cross-check's place: its moment, then its id."""
    return f"{to_milliseconds(check.at):015d}~{check.id}"


def check_row_cursor(row: CheckRow) -> str:
    """A row's place within its check: the sheet's own number, the smallest first."""
    return str(row.row)


def difference_cursor(difference: Difference) -> str:
    """A difference's place: its id, a UUIDv7, the smallest first, which is the order of the sheet."""
    return difference.id


def to_check_cursor(entry: EntryToCheck) -> str:
    """An entry's place among those to check: its id, the smallest first."""
    return entry.entry


def escalation_cursor(escalation: Escalation) -> str:
    """An escalation's place: its moment, then its id."""
    return f"{to_milliseconds(escalation.raised_at):015d}~{escalation.id}"


def trouble_cursor(trouble: Trouble) -> str:
    """A trouble's place: the moment at which it began, then its id."""
    return f"{to_milliseconds(trouble.began_at):015d}~{trouble.id}"


def certificate_check_cursor(check: CertificateCheck) -> str:
    """The place of a check of a certificate among those of its role: its moment, then its id."""
    return f"{to_milliseconds(check.at):015d}~{check.id}"


def comparison_cursor(comparison: Comparison) -> str:
    """A comparison's place: its moment, then its id."""
    return f"{to_milliseconds(comparison.at):015d}~{comparison.id}"


def evidence_cursor(evidence: Evidence) -> str:
    """An evidence's place: its moment, then its id."""
    return f"{to_milliseconds(evidence.at):015d}~{evidence.id}"


def audit_cursor(row: AuditRow) -> str:
    """An audit row's place: its moment, then its id."""
    return f"{to_milliseconds(row.event.at):015d}~{row.id}"


def reconciliation_cursor(reconciliation: Reconciliation) -> str:
    """A reconciliation's place: when it began, then its id."""
    return f"{to_milliseconds(reconciliation.began_at):015d}~{reconciliation.id}"


def subject_request_cursor(request: SubjectRequest) -> str:
    """A request's place: when it was made, then its id."""
    return f"{to_milliseconds(request.at):015d}~{request.id}"


def register_difference_cursor(difference: RegisterDifference) -> str:
    """A register difference's place: its entry, then its pair."""
    return f"{difference.entry}~{difference.pair.origin}~{difference.pair.destination}"


def read_register_difference_cursor(cursor: str) -> tuple[str, Pair]:
    """The place that `register_difference_cursor` wrote; BadCursor for anything else."""
    entry, origin, destination = _parts(_OF_PAIR, cursor)
    return entry, Pair(origin=origin, destination=destination)


def read_exchange_cursor(cursor: str) -> ExchangePlace:
    """The place that `exchange_cursor` wrote; BadCursor for anything else."""
    at, exchange, role, link = _parts(_EXCHANGE, cursor)
    return ExchangePlace(_moment(at), exchange, Role(role), int(link))


def read_work_cursor(worklist: Worklist, cursor: str) -> WorkPlace:
    """The place that `work_cursor` wrote for that list; BadCursor for anything else."""
    place, exchange, link = _parts(_DUE if BELONGS[worklist].order.dated else _WORK, cursor)
    return WorkPlace(place, exchange, int(link))


def read_counted_cursor(cursor: str) -> tuple[str, str]:
    """The id and the county that `counted_cursor` wrote; BadCursor for anything else."""
    exchange, own = _parts(_COUNTED, cursor)
    return exchange, own


def read_entry_cursor(cursor: str) -> str:
    """The id that `entry_cursor` or `case_cursor` wrote; BadCursor for anything else."""
    _parts(_ENTRY, cursor)
    return cursor


def read_moment_cursor(cursor: str) -> MomentPlace:
    """The place that a cursor of a moment and an id wrote; BadCursor for anything else."""
    at, name = _parts(_MOMENT, cursor)
    return MomentPlace(_moment(at), name)


def read_row_cursor(cursor: str) -> int:
    """The row that `row_cursor` wrote; BadCursor for anything else."""
    _parts(_ROW, cursor)
    return int(cursor)


def _parts(form: re.Pattern[str], cursor: str) -> tuple[str, ...]:
    match = form.fullmatch(cursor)
    if match is None:
        raise BadCursor
    return match.groups()


def _moment(milliseconds: str) -> datetime:
    try:
        return from_milliseconds(int(milliseconds))
    except OverflowError as exc:
        raise BadCursor from exc
