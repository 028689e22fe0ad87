"""What the in-memory ledger holds: one dictionary for each table, its key the table's.

All values are immutable, so a copy of the dictionaries is a copy of everything.
"""

from collections.abc import Iterable, MutableMapping
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from typing import Any, NamedTuple, TypeVar

from exchange.announcements import Notification
from exchange.auditing.chain import AuditRow, ChainHead
from exchange.auditing.heads import SignedHead, WitnessedHead
from exchange.cases.case import Case
from exchange.certificates.check import CertificateCheck
from exchange.checking.check import CheckRow, CrossCheck, Difference
from exchange.clocks.escalation import Escalation
from exchange.clocks.troubles import Trouble
from exchange.codes import Role
from exchange.comparing.comparison import Comparison
from exchange.counting.entries import EntryPlace
from exchange.counting.history import KeptFact
from exchange.counting.pages import PageKey, TotalsPage
from exchange.counting.registers.standing import Standing
from exchange.counting.sums import Queued
from exchange.counting.version import Version
from exchange.exchanges import Direction, Exchange, ExchangeKey, Link, LoggedMessage, StoredBatch
from exchange.imports import ImportedFile, ImportRun, RowResult
from exchange.ledger import ApiKey, Finding, RememberedAnswer
from exchange.pairing.keys import Keys
from exchange.pairing.suggesting import Suggestion
from exchange.partners import Partner
from exchange.people.register import Entry, EntryFact
from exchange.persons.request import SubjectRequest
from exchange.reconciling.keys import Leaf, TokenKey
from exchange.reconciling.pairs import Pair
from exchange.reconciling.reconciliation import LeftOut, LinkStep, PairFailed, Reconciliation
from exchange.reconciling.results import RegisterDifference, RegisterRun, Release
from exchange.reporting.frozen.monthly import FrozenReport
from exchange.reporting.frozen.upward import ReceivedReport, Sending
from exchange.routing.table import Pin
from exchange.routing.trail import SentOn
from exchange.settling.evidence import Evidence
from exchange.signin.account import Account
from exchange.signin.session import Session
from exchange.terms.agreement import SignedAgreement
from exchange.terms.daytable import LoadedDay
from exchange.terms.rulebook import RulesFile, RulesKind, RulesUse
from exchange.work.assignment import Assignment
from exchange.work.daily import Deed

K = TypeVar("K")
V = TypeVar("V")


class KeyTaken(ValueError):
    """A row with this key is there already: a fault of the program, where SQL would speak of an integrity error."""


class MessageKey(NamedTuple):
    """What identifies a message in this ledger; a local link holds each one twice, once a direction."""

    link: int
    direction: Direction
    id: str


class BatchKey(NamedTuple):
    """What identifies a batch in this ledger."""

    link: int
    direction: Direction
    sequence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRun:
    """One run of a job for one business day."""

    claimed_at: datetime
    finished_at: datetime | None = None
    outcome: str | None = None


class HeldToken(NamedTuple):
    """A leaf, and the revision that it went with."""

    leaf: Leaf
    removed: int | None


@dataclass(slots=True, kw_only=True)
class Books:
    """The state of one ledger."""

    links: dict[int, Link] = field(default_factory=dict)
    batches: dict[BatchKey, StoredBatch] = field(default_factory=dict)
    messages: dict[MessageKey, LoggedMessage] = field(default_factory=dict)
    exchanges: dict[ExchangeKey, Exchange] = field(default_factory=dict)
    facts: dict[ExchangeKey, tuple[KeptFact, ...]] = field(default_factory=dict)
    assignments: dict[ExchangeKey, tuple[Assignment, ...]] = field(default_factory=dict)
    entries: dict[str, Entry] = field(default_factory=dict)
    erased_entries: dict[str, EntryPlace] = field(default_factory=dict)
    entry_facts: dict[str, tuple[EntryFact, ...]] = field(default_factory=dict)
    pairing_keys: dict[str, tuple[int, Keys]] = field(default_factory=dict)
    certificate_keys: dict[str, tuple[str, int]] = field(default_factory=dict)
    certificate_checks: dict[tuple[str, Role, str], CertificateCheck] = field(default_factory=dict)
    suggestions: dict[tuple[ExchangeKey, str], Suggestion] = field(default_factory=dict)
    queued: dict[int, Queued] = field(default_factory=dict)
    versions: dict[ExchangeKey, tuple[Version, ...]] = field(default_factory=dict)
    pages: dict[tuple[PageKey, int], TotalsPage] = field(default_factory=dict)
    unsettled: dict[int, str] = field(default_factory=dict)
    standings: dict[str, Standing] = field(default_factory=dict)
    agreements: dict[str, SignedAgreement] = field(default_factory=dict)
    partners: dict[str, Partner] = field(default_factory=dict)
    assertions: dict[tuple[str, str], datetime] = field(default_factory=dict)
    imports: dict[str, ImportedFile] = field(default_factory=dict)
    import_runs: dict[str, ImportRun] = field(default_factory=dict)
    import_rows: dict[str, tuple[RowResult, ...]] = field(default_factory=dict)
    api_keys: dict[str, ApiKey] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    sessions: dict[str, Session] = field(default_factory=dict)
    deed_counts: dict[tuple[str, date, Deed], int] = field(default_factory=dict)
    answers: dict[tuple[str, str], RememberedAnswer] = field(default_factory=dict)
    runs: dict[tuple[str, date], JobRun] = field(default_factory=dict)
    findings: dict[str, Finding] = field(default_factory=dict)
    notifications: dict[str, Notification] = field(default_factory=dict)
    checks: dict[str, CrossCheck] = field(default_factory=dict)
    check_rows: dict[str, tuple[CheckRow, ...]] = field(default_factory=dict)
    differences: dict[str, Difference] = field(default_factory=dict)
    frozen_reports: dict[str, FrozenReport] = field(default_factory=dict)
    report_sendings: dict[tuple[str, str], Sending] = field(default_factory=dict)
    received_reports: dict[str, ReceivedReport] = field(default_factory=dict)
    pins: dict[str, Pin] = field(default_factory=dict)
    sent_on: dict[ExchangeKey, SentOn] = field(default_factory=dict)
    cases: dict[str, Case] = field(default_factory=dict)
    comparisons: dict[str, Comparison] = field(default_factory=dict)
    evidence: dict[str, Evidence] = field(default_factory=dict)
    tellings: dict[tuple[str, ExchangeKey, date], bool] = field(default_factory=dict)
    rules_files: dict[tuple[RulesKind, str], RulesFile] = field(default_factory=dict)
    rules_uses: dict[int, RulesUse] = field(default_factory=dict)
    holidays: dict[int, LoadedDay] = field(default_factory=dict)
    escalations: dict[str, Escalation] = field(default_factory=dict)
    troubles: dict[str, Trouble] = field(default_factory=dict)
    token_keys: dict[int, TokenKey] = field(default_factory=dict)
    tokens: dict[tuple[int, bytes, int], HeldToken] = field(default_factory=dict)
    untokened: dict[int, str] = field(default_factory=dict)
    register_runs: dict[str, RegisterRun] = field(default_factory=dict)
    register_differences: dict[tuple[str, Pair], RegisterDifference] = field(default_factory=dict)
    releases: dict[tuple[str, Pair], Release] = field(default_factory=dict)
    reconciliations: dict[str, Reconciliation] = field(default_factory=dict)
    link_steps: dict[tuple[str, str], LinkStep] = field(default_factory=dict)
    failed_pairs: dict[tuple[str, Pair], PairFailed] = field(default_factory=dict)
    left_out: dict[str, tuple[LeftOut, ...]] = field(default_factory=dict)
    subject_requests: dict[str, SubjectRequest] = field(default_factory=dict)
    audit_rows: dict[tuple[str, date, int], AuditRow] = field(default_factory=dict)
    audit_heads: dict[str, ChainHead] = field(default_factory=dict)
    audit_signed: dict[tuple[str, date], SignedHead] = field(default_factory=dict)
    audit_witnessed: dict[tuple[str, bool, str, date, str], WitnessedHead] = field(default_factory=dict)

    def copy(self) -> "Books":
        """The same books, to be changed without touching these."""
        held: dict[str, Any] = {book.name: dict(getattr(self, book.name)) for book in fields(self)}
        return Books(**held)


def add(book: MutableMapping[K, V], rows: Iterable[tuple[K, V]]) -> None:
    """Enter new rows; KeyTaken for a key that is there already."""
    for key, row in rows:
        if key in book:
            raise KeyTaken(f"{key!r} is there already")
        book[key] = row


def save(book: MutableMapping[K, V], rows: Iterable[tuple[K, V]]) -> None:
    """Change rows that are there; KeyError for one that is not."""
    for key, row in rows:
        if key not in book:
            raise KeyError(f"{key!r} was never added")
        book[key] = row
