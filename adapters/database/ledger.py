"""All books of one node, within one transaction, in SQL."""

from adapters.database.books.access import SqlAccess
from adapters.database.books.accounts import SqlAccounts
from adapters.database.books.agreements import SqlAgreements
from adapters.database.books.auditing.audits import SqlAudits
from adapters.database.books.casework.cases import SqlCases
from adapters.database.books.casework.routes import SqlRoutes
from adapters.database.books.chores import SqlChores
from adapters.database.books.clocks.escalations import SqlEscalations
from adapters.database.books.clocks.norms import SqlNorms
from adapters.database.books.clocks.troubles import SqlTroubles
from adapters.database.books.comparisons import SqlComparisons
from adapters.database.books.counting.standings import SqlStandings
from adapters.database.books.counting.verdicts import SqlCounting
from adapters.database.books.evidence import SqlEvidence
from adapters.database.books.exchanges import SqlExchanges
from adapters.database.books.links import SqlLinks
from adapters.database.books.messages import SqlMessages
from adapters.database.books.notifications import SqlNotifications
from adapters.database.books.partners import SqlPartners
from adapters.database.books.persons.requests import SqlSubjectRequests
from adapters.database.books.reconciling.reconciliations import SqlReconciliations
from adapters.database.books.reconciling.register_runs import SqlRegisterRuns
from adapters.database.books.reconciling.tokens import SqlTokens
from adapters.database.books.registers.certificates import SqlCertificateChecks
from adapters.database.books.registers.cross_checks import SqlCrossChecks
from adapters.database.books.registers.entries import SqlEntries
from adapters.database.books.registers.imports import SqlImports
from adapters.database.books.registers.pairing import SqlPairing
from adapters.database.books.reporting.reports import SqlReports
from adapters.database.books.work.assignments import SqlAssignments
from adapters.database.books.work.worklists import SqlWorklists
from adapters.database.work import Work
from exchange.ledger import (
    Access,
    Accounts,
    Agreements,
    Assignments,
    Audits,
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
    Worklists,
)
from exchange.pairing.keys import Blinding


class SqlLedger:
    """`exchange.ledger.Ledger` in SQL; `blinding` makes the keys of pairing, and without it none are written."""

    def __init__(self, work: Work, blinding: Blinding | None = None) -> None:
        self.links: Links = SqlLinks(work)
        self.messages: Messages = SqlMessages(work)
        self.exchanges: Exchanges = SqlExchanges(work)
        self.assignments: Assignments = SqlAssignments(work)
        self.entries: Entries = SqlEntries(work, blinding)
        self.pairing: Pairing = SqlPairing(work, blinding)
        self.worklists: Worklists = SqlWorklists(work)
        self.counting: Counting = SqlCounting(work)
        self.standings: Standings = SqlStandings(work)
        self.agreements: Agreements = SqlAgreements(work)
        self.partners: Partners = SqlPartners(work)
        self.imports: Imports = SqlImports(work)
        self.access: Access = SqlAccess(work)
        self.accounts: Accounts = SqlAccounts(work)
        self.chores: Chores = SqlChores(work)
        self.notifications: Notifications = SqlNotifications(work)
        self.cross_checks: CrossChecks = SqlCrossChecks(work)
        self.reports: Reports = SqlReports(work)
        self.routes: Routes = SqlRoutes(work)
        self.cases: Cases = SqlCases(work)
        self.comparisons: Comparisons = SqlComparisons(work)
        self.evidence: Evidences = SqlEvidence(work)
        self.norms: Norms = SqlNorms(work)
        self.escalations: Escalations = SqlEscalations(work)
        self.troubles: Troubles = SqlTroubles(work)
        self.tokens: Tokens = SqlTokens(work)
        self.certificate_checks: CertificateChecks = SqlCertificateChecks(work, blinding)
        self.register_runs: RegisterRuns = SqlRegisterRuns(work)
        self.reconciliations: Reconciliations = SqlReconciliations(work)
        self.subject_requests: SubjectRequests = SqlSubjectRequests(work)
        self.audit: Audits = SqlAudits(work)
