"""The tables. They are storage: SQLModel does not validate them, and every rule lives in the domain's values.

`METADATA` is what the migrations must come to, and the only place from which statements take their columns.
"""

from adapters.database.tables.assignments import AssignmentRow
from adapters.database.tables.auditing.chains import AuditHeadRow, AuditRowRow, AuditSignedRow, AuditSubjectRow, AuditWitnessedRow
from adapters.database.tables.cases import CaseExchangeRow, CaseRow, PinRow, SentOnRow
from adapters.database.tables.clocks import EscalationRow, HolidayRow, RulesFileRow, RulesUseRow, TellingRow, TroubleRow
from adapters.database.tables.columns import Row
from adapters.database.tables.comparisons import ComparisonRow
from adapters.database.tables.counting import StandingRow, TotalsRow, UncountedRow, UnsettledRow, VerdictRow
from adapters.database.tables.cross_checks import CrossCheckRow, CrossCheckRowRow, DifferenceRow
from adapters.database.tables.exchanges import ExchangeRow, FactRow
from adapters.database.tables.links import BatchRow, EvidenceRow, LinkRow, MessageRow
from adapters.database.tables.node import (
    AccountRow,
    ApiKeyRow,
    DeedCountRow,
    DoomedKeyRow,
    FindingRow,
    JobRunRow,
    LedgerIdentityRow,
    NotificationRow,
    RememberedAnswerRow,
    SessionRow,
    SubjectRequestRow,
    UsedAssertionRow,
)
from adapters.database.tables.pairing import CertificateKeyRow, PairingKeyRow, PairingSuggestionRow
from adapters.database.tables.partners import AgreementRow, PartnerKeyRow, PartnerRow
from adapters.database.tables.reconciling import (
    FailedPairRow,
    LeftOutRow,
    LinkStepRow,
    ReconciliationRow,
    RegisterDifferenceRow,
    RegisterRunRow,
    ReleaseRow,
    TokenKeyRow,
    TokenRow,
    UntokenedRow,
)
from adapters.database.tables.registers import (
    CertificateCheckRow,
    EntryFactRow,
    EntryRow,
    ImportRow,
    ImportRowRow,
    ImportRunRow,
)
from adapters.database.tables.reports import FrozenReportRow, ReceivedReportRow, ReportSendingRow

METADATA = Row.metadata

__all__ = [
    "METADATA",
    "AccountRow",
    "AgreementRow",
    "ApiKeyRow",
    "AssignmentRow",
    "AuditHeadRow",
    "AuditRowRow",
    "AuditSignedRow",
    "AuditSubjectRow",
    "AuditWitnessedRow",
    "BatchRow",
    "CaseExchangeRow",
    "CaseRow",
    "CertificateCheckRow",
    "CertificateKeyRow",
    "ComparisonRow",
    "CrossCheckRow",
    "CrossCheckRowRow",
    "DeedCountRow",
    "DifferenceRow",
    "DoomedKeyRow",
    "EntryFactRow",
    "EntryRow",
    "EscalationRow",
    "EvidenceRow",
    "ExchangeRow",
    "FactRow",
    "FailedPairRow",
    "FindingRow",
    "FrozenReportRow",
    "HolidayRow",
    "ImportRow",
    "ImportRowRow",
    "ImportRunRow",
    "JobRunRow",
    "LedgerIdentityRow",
    "LeftOutRow",
    "LinkRow",
    "LinkStepRow",
    "MessageRow",
    "NotificationRow",
    "PairingKeyRow",
    "PairingSuggestionRow",
    "PartnerKeyRow",
    "PartnerRow",
    "PinRow",
    "ReceivedReportRow",
    "ReconciliationRow",
    "RegisterDifferenceRow",
    "RegisterRunRow",
    "ReleaseRow",
    "RememberedAnswerRow",
    "ReportSendingRow",
    "RulesFileRow",
    "RulesUseRow",
    "SentOnRow",
    "SessionRow",
    "StandingRow",
    "SubjectRequestRow",
    "TellingRow",
    "TokenKeyRow",
    "TokenRow",
    "TotalsRow",
    "TroubleRow",
    "UncountedRow",
    "UnsettledRow",
    "UntokenedRow",
    "UsedAssertionRow",
    "VerdictRow",
]
