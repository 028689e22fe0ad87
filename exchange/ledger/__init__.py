"""The ledger port: what the verbs need stored, in sets rather than rows.

Implemented in memory (`adapters.memory`) and in SQL (`adapters.database`); one contract test runs on all of them. A ledger is
one transaction: the edge opens and commits it, verbs never do.
"""

from contextlib import AbstractContextManager
from typing import Protocol

from exchange.ledger.accounts import Accounts
from exchange.ledger.audits import AuditFilter, Audits
from exchange.ledger.books import (
    Access,
    Agreements,
    Assignments,
    Cases,
    Chores,
    Comparisons,
    Counting,
    Entries,
    Escalations,
    Exchanges,
    Imports,
    Links,
    Messages,
    Norms,
    Notifications,
    Pairing,
    Partners,
    Reports,
    Routes,
    Troubles,
    Worklists,
)
from exchange.ledger.busy import LedgerAway, LedgerBusy
from exchange.ledger.certificates import CertificateChecks
from exchange.ledger.cross_checks import CrossChecks
from exchange.ledger.evidence import Evidences
from exchange.ledger.persons import SubjectRequests
from exchange.ledger.reconciliations import Reconciliations
from exchange.ledger.registers import RegisterRuns, Tokens
from exchange.ledger.standings import Standings
from exchange.ledger.values import (
    ApiKey,
    CaseFilter,
    ComparedExchange,
    CountedExchange,
    DailyRun,
    EntryFilter,
    ExchangeFilter,
    Finding,
    Held,
    Page,
    RegisterDifferenceFilter,
    RememberedAnswer,
    UnfinishedRun,
)
from exchange.ledger.within import Within

__all__ = [
    "Access",
    "Accounts",
    "Agreements",
    "ApiKey",
    "Assignments",
    "AuditFilter",
    "Audits",
    "Candidate",
    "CaseFilter",
    "Cases",
    "CertificateChecks",
    "Chores",
    "ComparedExchange",
    "Comparisons",
    "CountedExchange",
    "Counting",
    "CrossChecks",
    "DailyRun",
    "Entries",
    "EntryFilter",
    "Escalations",
    "Evidences",
    "ExchangeFilter",
    "Exchanges",
    "Finding",
    "Held",
    "Imports",
    "Ledger",
    "LedgerAway",
    "LedgerBusy",
    "Ledgers",
    "Links",
    "Messages",
    "Norms",
    "Notifications",
    "Page",
    "Pairing",
    "Partners",
    "Reconciliations",
    "RegisterDifferenceFilter",
    "RegisterRuns",
    "RememberedAnswer",
    "Reports",
    "Routes",
    "Standings",
    "SubjectRequests",
    "Tokens",
    "Troubles",
    "UnfinishedRun",
    "Within",
    "Worklists",
]


class Ledger(Protocol):
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


class Candidate(Protocol):
    """One who would lead: of all on one ledger at most one holds a name, and it is free when that one's process is gone."""

    def held(self) -> bool:
        """Whether this process leads now; it takes the lead if nobody has it."""
        ...

    def release(self) -> None:
        """Give the lead up, or stop being a candidate."""
        ...


class Ledgers(Protocol):
    """Where ledgers come from: one transaction each, committed at the end of the block, rolled back on an exception."""

    def transaction(self, *, read_only: bool = False, within: Within | None = None) -> AbstractContextManager[Ledger]:
        """One transaction, on the records of one caller, or without `within` on those of the whole node."""
        ...

    def advisory_leader(self, name: str) -> Candidate: ...
