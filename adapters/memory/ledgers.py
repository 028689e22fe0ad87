"""Transactions over the in-memory books: all of one is kept, or nothing."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from adapters.memory.access import MemoryAccess
from adapters.memory.agreements import MemoryAgreements
from adapters.memory.auditing import MemoryAudits
from adapters.memory.books import Books
from adapters.memory.casework.cases import MemoryCases
from adapters.memory.casework.routes import MemoryRoutes
from adapters.memory.chores import MemoryChores
from adapters.memory.clocks import MemoryEscalations, MemoryNorms, MemoryTroubles
from adapters.memory.comparisons import MemoryComparisons
from adapters.memory.counting import MemoryCounting
from adapters.memory.exchanges import MemoryExchanges
from adapters.memory.links import MemoryEvidence, MemoryLinks
from adapters.memory.messages import MemoryMessages
from adapters.memory.notifications import MemoryNotifications
from adapters.memory.partners import MemoryPartners
from adapters.memory.persons.requests import MemorySubjectRequests
from adapters.memory.reconciling.reconciliations import MemoryReconciliations
from adapters.memory.reconciling.register_runs import MemoryRegisterRuns
from adapters.memory.reconciling.tokens import MemoryTokens
from adapters.memory.registers.certificates import MemoryCertificateChecks
from adapters.memory.registers.cross_checks import MemoryCrossChecks
from adapters.memory.registers.entries import MemoryEntries
from adapters.memory.registers.imports import MemoryImports
from adapters.memory.registers.pairing import MemoryPairing
from adapters.memory.registers.standings import MemoryStandings
from adapters.memory.reporting.reports import MemoryReports
from adapters.memory.signin.accounts import MemoryAccounts
from adapters.memory.work.assignments import MemoryAssignments
from adapters.memory.work.worklists import MemoryWorklists
from exchange.ledger import (
    Access,
    Accounts,
    Agreements,
    Assignments,
    Audits,
    Candidate,
    Cases,
    CertificateChecks,
    Chores,
    Comparisons,
    Counting,
    CrossChecks,
    Entries,
    Escalations,
    Evidences,
    Exchanges,
    Imports,
    Ledger,
    LedgerBusy,
    Links,
    Messages,
    Norms,
    Notifications,
    Pairing,
    Partners,
    Reconciliations,
    RegisterRuns,
    Reports,
    Routes,
    Standings,
    SubjectRequests,
    Tokens,
    Troubles,
    Within,
    Worklists,
)
from exchange.pairing.keys import Blinding

BUSY_SECONDS = 5.0


class MemoryLedger:
    """All books of one node, within one transaction."""

    links: Links
    messages: Messages
    exchanges: Exchanges
    assignments: Assignments
    worklists: Worklists
    entries: Entries
    pairing: Pairing
    counting: Counting
    standings: Standings
    agreements: Agreements
    partners: Partners
    imports: Imports
    access: Access
    accounts: Accounts
    chores: Chores
    notifications: Notifications
    cross_checks: CrossChecks
    reports: Reports
    routes: Routes
    cases: Cases
    comparisons: Comparisons
    evidence: Evidences
    norms: Norms
    escalations: Escalations
    troubles: Troubles
    tokens: Tokens
    register_runs: RegisterRuns
    certificate_checks: CertificateChecks
    reconciliations: Reconciliations
    subject_requests: SubjectRequests
    audit: Audits

    def __init__(self, books: Books, blinding: Blinding | None = None) -> None:
        self.links = MemoryLinks(books)
        self.messages = MemoryMessages(books)
        self.exchanges = MemoryExchanges(books)
        self.assignments = MemoryAssignments(books)
        self.entries = MemoryEntries(books, blinding)
        self.pairing = MemoryPairing(books, blinding)
        self.worklists = MemoryWorklists(books)
        self.counting = MemoryCounting(books)
        self.standings = MemoryStandings(books)
        self.agreements = MemoryAgreements(books)
        self.partners = MemoryPartners(books)
        self.imports = MemoryImports(books)
        self.access = MemoryAccess(books)
        self.accounts = MemoryAccounts(books)
        self.chores = MemoryChores(books)
        self.notifications = MemoryNotifications(books)
        self.cross_checks = MemoryCrossChecks(books)
        self.reports = MemoryReports(books)
        self.routes = MemoryRoutes(books)
        self.cases = MemoryCases(books)
        self.comparisons = MemoryComparisons(books)
        self.evidence = MemoryEvidence(books)
        self.norms = MemoryNorms(books)
        self.escalations = MemoryEscalations(books)
        self.troubles = MemoryTroubles(books)
        self.tokens = MemoryTokens(books)
        self.certificate_checks = MemoryCertificateChecks(books, blinding)
        self.register_runs = MemoryRegisterRuns(books)
        self.reconciliations = MemoryReconciliations(books)
        self.subject_requests = MemorySubjectRequests(books)
        self.audit = MemoryAudits(books)


class MemoryLedgers:
    """The books of one node, opened for one transaction at a time; stands where `adapters.database.engine.Database` does.

    `keyed` is the node's keyed hash, without which entries get no keys to be found by as candidates.
    """

    def __init__(self, keyed: Callable[[bytes], str] | None = None) -> None:
        self._books = Books()
        self._blinding = Blinding(keyed) if keyed is not None else None
        self._writing = threading.Lock()
        self._leading: set[str] = set()

    @contextmanager
    def transaction(self, *, read_only: bool = False, within: Within | None = None) -> Iterator[Ledger]:
        """A ledger whose changes are kept at the end, and dropped when an exception passes through.

        One writer at a time, as on SQLite: LedgerBusy if another one does not end within five seconds. A read-only
        transaction waits for nobody and sees what was kept when it began; PermissionError if it changed something. `within` is
        not looked at.
        """
        if read_only:
            before = self._books
            books = before.copy()
            yield MemoryLedger(books, self._blinding)
            if books != before:
                raise PermissionError("a read-only transaction changed the books")
            return
        if not self._writing.acquire(timeout=BUSY_SECONDS):
            raise LedgerBusy
        try:
            books = self._books.copy()
            yield MemoryLedger(books, self._blinding)
            self._books = books
        finally:
            self._writing.release()

    def advisory_leader(self, name: str) -> Candidate:
        """A candidate for leading `name`; these books are one process's, so that the lead ends with it."""
        return _MemoryCandidate(name, self._leading)


class _MemoryCandidate:
    """Who leads stands in a set: to add to it and to look at it are one step each."""

    def __init__(self, name: str, leading: set[str]) -> None:
        self._name, self._leading = name, leading
        self._mine = False

    def held(self) -> bool:
        """Whether this one leads now; it takes the lead if nobody has it."""
        if not self._mine and self._name not in self._leading:
            self._leading.add(self._name)
            self._mine = True
        return self._mine

    def release(self) -> None:
        """Give the lead up."""
        if self._mine:
            self._leading.discard(self._name)
            self._mine = False
