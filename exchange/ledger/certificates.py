"""The book of certificates: where they stand in the register, and every check."""

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from exchange.certificates.check import CertificateCheck
from exchange.certificates.limits import Misses
from exchange.codes import Role
from exchange.ledger.values import Page
from exchange.people.register import Entry


class CertificateChecks(Protocol):
    """Certificates by the blind key of their number, and the checks of them that were asked and answered.

    Adding, saving and protecting an entry keeps its key as it should be: outflow entries alone have one, protected ones none.
    `numbered` gives a county's entries under a number, `keeps` whether it has any. Whoever counts misses before adding a check
    takes the `lock` first, until the transaction ends. `add` is CheckRepeated for an id that this partner has used.
    """

    def lock(self) -> None: ...
    def keeps(self, jurisdiction: str) -> bool: ...
    def numbered(self, jurisdiction: str, number: str) -> list[Entry]: ...
    def misses(self, role: Role, caller: str, certificate: str, holder: str, since: datetime) -> Misses: ...
    def add(self, check: CertificateCheck) -> None: ...
    def find(self, role: Role, own: Iterable[str], page: Page) -> list[CertificateCheck]: ...
    def forget(self, before: datetime) -> int: ...
