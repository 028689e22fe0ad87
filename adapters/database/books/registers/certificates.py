"""Certificates by the blind key of their number, and the checks of them."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import case, delete, exists, func, literal, or_, select

from adapters.database.books.registers.entry_rows import entries_of
from adapters.database.pages import newest_first
from adapters.database.tables import CertificateCheckRow, CertificateKeyRow, EntryRow
from adapters.database.values import day_of, stored
from adapters.database.work import AnyRow, Work, table_of
from exchange.certificates.check import CertificateCheck, CheckAnswer, CheckRepeated
from exchange.certificates.limits import Misses
from exchange.codes import Role
from exchange.ledger import Page
from exchange.moments import from_milliseconds, to_milliseconds
from exchange.pairing.keys import Blinding
from exchange.people.register import Entry

_ENTRIES = table_of(EntryRow)
_KEYS = table_of(CertificateKeyRow)
_CHECKS = table_of(CertificateCheckRow)
# No two certificates of a county have one number; a person may have been entered twice.
_MOST = 20


class SqlCertificateChecks:
    """`exchange.ledger.CertificateChecks` in SQL; without a `blinding` no certificate is found."""

    def __init__(self, work: Work, blinding: Blinding | None) -> None:
        self._work, self._blinding = work, blinding

    def lock(self) -> None:
        self._work.lock(CertificateCheckRow)

    def keeps(self, jurisdiction: str) -> bool:
        row = self._work.first(select(literal(1)).where(exists().where(_KEYS.c.jurisdiction == jurisdiction)))
        return row is not None

    def numbered(self, jurisdiction: str, number: str) -> list[Entry]:
        if self._blinding is None:
            return []
        key = self._blinding.certificate_key(jurisdiction, number)
        of_county = select(_ENTRIES).join(_KEYS, _KEYS.c.entry == _ENTRIES.c.id).where(_KEYS.c.jurisdiction == jurisdiction)
        found = self._work.rows(of_county.where(_KEYS.c.number == key).order_by(_ENTRIES.c.id).limit(_MOST))
        # Opened where nothing was found: to fetch a key and to open an entry takes time that would tell.
        other = self._work.rows(of_county.limit(1))
        entries = entries_of(self._work, found or other)
        return entries if found else []

    def misses(self, role: Role, caller: str, certificate: str, holder: str, since: datetime) -> Misses:
        held = _CHECKS.c
        about = (held.caller == caller, held.certificate == certificate, held.holder == holder)
        counted = [func.coalesce(func.sum(case((each, 1), else_=0)), 0) for each in about]
        missed = (
            held.role == role.value,
            held.answer == CheckAnswer.UNKNOWN.value,
            held.at > to_milliseconds(since),
            or_(*about),
        )
        row = self._work.first(select(*counted).where(*missed))
        return Misses(0, 0, 0) if row is None else Misses._make(int(count) for count in row)

    def add(self, check: CertificateCheck) -> None:
        if not self._work.claim(CertificateCheckRow, stored(check)):
            raise CheckRepeated

    def find(self, role: Role, own: Iterable[str], page: Page) -> list[CertificateCheck]:
        found = select(_CHECKS).where(self._work.one_of(_CHECKS.c.own, own), _CHECKS.c.role == role.value)
        return [_check(row) for row in self._work.rows(newest_first(found, _CHECKS.c.at, _CHECKS.c.id, page))]

    def forget(self, before: datetime) -> int:
        return self._work.change(delete(_CHECKS).where(_CHECKS.c.at < to_milliseconds(before)))


def _check(row: AnyRow) -> CertificateCheck:
    return CertificateCheck(
        **{
            **row._mapping,
            "role": Role(row.role),
            "application_date": day_of(row.application_date),
            "answer": CheckAnswer(row.answer),
            "at": from_milliseconds(row.at),
        }
    )
