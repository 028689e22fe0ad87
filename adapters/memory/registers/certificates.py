"""Certificates by the blind key of their number, and the checks of them, in memory."""

from collections.abc import Iterable
from datetime import datetime

from adapters.memory.books import Books
from adapters.memory.listing import newest_first
from exchange.certificates.check import CertificateCheck, CheckAnswer, CheckRepeated
from exchange.certificates.limits import Misses
from exchange.codes import Role
from exchange.cursors import certificate_check_cursor, read_moment_cursor
from exchange.ledger import Page
from exchange.pairing.keys import Blinding
from exchange.people.register import Entry


class MemoryCertificateChecks:
    """`exchange.ledger.CertificateChecks` on dictionaries; without a `blinding` no certificate is found."""

    def __init__(self, books: Books, blinding: Blinding | None) -> None:
        self._books, self._blinding = books, blinding

    def lock(self) -> None:
        """There is one writer at a time."""

    def keeps(self, jurisdiction: str) -> bool:
        return any(county == jurisdiction for county, _ in self._books.certificate_keys.values())

    def numbered(self, jurisdiction: str, number: str) -> list[Entry]:
        if self._blinding is None:
            return []
        wanted = (jurisdiction, self._blinding.certificate_key(jurisdiction, number))
        return [self._books.entries[entry] for entry, key in sorted(self._books.certificate_keys.items()) if key == wanted]

    def misses(self, role: Role, caller: str, certificate: str, holder: str, since: datetime) -> Misses:
        missed = [
            check
            for check in self._books.certificate_checks.values()
            if check.role is role and check.answer is CheckAnswer.UNKNOWN and check.at > since
        ]
        return Misses(
            caller=sum(check.caller == caller for check in missed),
            certificate=sum(check.certificate == certificate for check in missed),
            holder=sum(check.holder == holder for check in missed),
        )

    def add(self, check: CertificateCheck) -> None:
        key = (check.id, check.role, check.partner)
        if key in self._books.certificate_checks:
            raise CheckRepeated
        self._books.certificate_checks[key] = check

    def find(self, role: Role, own: Iterable[str], page: Page) -> list[CertificateCheck]:
        within = frozenset(own)
        found = (check for check in self._books.certificate_checks.values() if check.own in within and check.role is role)
        return newest_first(found, page, cursor=certificate_check_cursor, read=read_moment_cursor)

    def forget(self, before: datetime) -> int:
        old = [key for key, check in self._books.certificate_checks.items() if check.at < before]
        for key in old:
            del self._books.certificate_checks[key]
        return len(old)
