"""The ledger port: what the verbs need stored, in sets rather than rows.

Implemented in memory (`adapters.memory`) and in SQL (`adapters.database`); one contract test runs on all of them. A ledger is
one transaction: the edge opens and commits it, verbs never do.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple, Protocol

from exchange.announcements import Notification
from exchange.cases.case import Case
from exchange.clocks.escalation import Escalation
from exchange.clocks.troubles import Symptom, Trouble
from exchange.codes import RegisterKind, Role
from exchange.comparing.comparison import Comparison
from exchange.conversation import Fact
from exchange.errors import Retry, WoshouError
from exchange.exchanges import Direction, Exchange, ExchangeKey, Link, LoggedMessage, StoredBatch
from exchange.imports import ImportedFile, RowResult
from exchange.moments import Period
from exchange.pairing.keys import Looked, Pass
from exchange.pairing.suggesting import Suggestion
from exchange.partners import Partner
from exchange.people.register import Entry, EntryFact
from exchange.reporting.frozen.monthly import FrozenHead, FrozenReport
from exchange.reporting.frozen.upward import ReceivedHead, ReceivedReport, Sending
from exchange.routing.table import Confirmed, Pin
from exchange.routing.trail import SentOn
from exchange.terms.agreement import SignedAgreement
from exchange.terms.daytable import LoadedDay
from exchange.terms.rulebook import RulesFile, RulesUse
from exchange.wire.figures import LogLines
from exchange.work.assignment import Assignment
from exchange.work.worklists import WorkFilter, Worklist


class LedgerBusy(WoshouError):
    """The ledger cannot be had now: another transaction holds it or went first, or the database is away. Nothing was stored."""

    code = "overloaded"
    retry = Retry.LATER
    zh = "系统繁忙，未保存任何内容，请稍后重试。"
    en = "The node is busy; nothing was stored. Try again in a moment."


class LedgerAway(LedgerBusy):
    """The database does not answer. To a caller that is the same as busy; whoever runs the node must look at it."""

    zh = "无法连接数据库，未保存任何内容；请检查数据库服务、网络与 database_url。"
    en = "The database cannot be reached; nothing was stored. See whether it runs, and whether database_url is right."


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A local system's or clerk's key: bound to one jurisdiction and one role; only its hash is stored."""

    id: str
    secret_hash: str
    name: str
    jurisdiction: str
    role: str
    created_at: datetime
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RememberedAnswer:
    """The answer to an idempotent request, to be repeated."""

    caller: str
    key: str
    request_digest: str
    status: int
    body: bytes
    content_type: str
    headers: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that a person should look at; `kind` is a closed word, `detail` carries no person.

    One `id` is one finding: found again, it stays as it was first found. `settled_at` is since when it no longer holds.
    """

    id: str
    kind: str
    partner: str | None
    subject: str
    detail: str
    at: datetime
    settled_at: datetime | None = None


class UnfinishedRun(NamedTuple):
    """A run of a daily job that was begun and has not come to its end."""

    job: str
    business_date: date
    claimed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeFilter:
    """Which exchanges to list; None does not filter. `own` holds the county codes that the caller may see.

    `overdue_on`: an answer is awaited and its due date lies before that day; `expected_before`: likewise by the date that an
    interim answer has named. `lapsed_on` is the day by which `state` sees what has lapsed; `lapsing` holds the last days of
    answers that were neither confirmed nor challenged.
    """

    own: frozenset[str]
    role: Role | None = None
    kind: str | None = None
    event: str | None = None
    state: str | None = None
    acceptance: str | None = None
    other: str | None = None
    purpose: str | None = None
    entry: str | None = None
    paired: bool | None = None
    handled_by: str | None = None
    overdue_on: date | None = None
    lapsed_on: date | None = None
    expected_before: date | None = None
    due_provisional: bool | None = None
    lapsing: Period | None = None
    link: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryFilter:
    """Which entries to list."""

    jurisdictions: frozenset[str]
    register: RegisterKind | None = None
    open: bool | None = None
    other: str | None = None
    township: str | None = None
    person_index: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFilter:
    """Which cases to list."""

    own: frozenset[str]
    open: bool | None = None
    owner: str | None = None
    contradicted: bool | None = None


class Page(NamedTuple):
    """Where a listing starts, and how many rows it gives; `after` is the last key of the page before, or empty."""

    after: str = ""
    limit: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedExchange:
    """An exchange and its facts, as the rates read them."""

    exchange: Exchange
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedExchange:
    """An exchange with the facts that hold and its delivered messages, as a comparison reads them: no message has its line."""

    exchange: Exchange
    facts: tuple[Fact, ...]
    messages: tuple[LoggedMessage, ...]


class Links(Protocol):
    """Links and their batches."""

    def all(self) -> list[Link]: ...
    def of(self, partner: str, *, lock: bool = False) -> Link | None: ...
    def add(self, uuid: str, partner: str) -> Link: ...
    def save(self, link: Link) -> None: ...
    def batch(self, link: int, direction: Direction, sequence: int) -> StoredBatch | None: ...
    def add_batch(self, batch: StoredBatch) -> None: ...
    def save_receipt(self, batch: StoredBatch) -> None: ...


class Messages(Protocol):
    """The messages of the logs."""

    def known(self, link: int, direction: Direction, ids: Iterable[str]) -> Mapping[str, LoggedMessage]: ...
    def add(self, messages: Sequence[LoggedMessage]) -> None: ...
    def queued(self, link: int, limit: int) -> list[LoggedMessage]: ...
    def queue_lengths(self) -> Mapping[int, int]: ...
    def in_batch(self, link: int, direction: Direction, sequence: int) -> list[LoggedMessage]: ...
    def save(self, messages: Sequence[LoggedMessage]) -> None: ...
    def of_exchanges(self, link: int, exchanges: Iterable[str]) -> Mapping[str, list[LoggedMessage]]: ...
    def erase(self, link: int, exchanges: Iterable[str]) -> None: ...
    def to_retry(self, before: datetime, limit: int) -> list[LoggedMessage]: ...


class Exchanges(Protocol):
    """The exchanges and the facts that the rates count."""

    def load(self, link: int, role: Role, exchanges: Iterable[str]) -> Mapping[str, Exchange]: ...
    def named(self, exchange: str) -> list[Exchange]: ...
    def add(self, exchanges: Sequence[Exchange]) -> None: ...
    def save(self, exchanges: Sequence[Exchange]) -> None: ...
    def add_facts(self, facts: Sequence[tuple[ExchangeKey, Fact]]) -> None: ...
    def facts(self, key: ExchangeKey) -> list[Fact]: ...
    def unpaired(self, own: Iterable[str], person_indexes: Iterable[str]) -> list[Exchange]: ...
    def void_facts(self, key: ExchangeKey, messages: Iterable[str], at: datetime) -> None: ...
    def find(self, wanted: ExchangeFilter, page: Page) -> list[Exchange]: ...
    def counted(self, own: frozenset[str], role: Role, as_of: datetime) -> Iterable[CountedExchange]: ...
    def to_erase(self, limit: int) -> list[ExchangeKey]: ...


class Assignments(Protocol):
    """Which townships had an exchange, each step kept: `of` in the order of time, `current` the last one."""

    def add(self, assignments: Sequence[Assignment]) -> None: ...
    def of(self, keys: Iterable[ExchangeKey]) -> Mapping[ExchangeKey, tuple[Assignment, ...]]: ...
    def current(self, keys: Iterable[ExchangeKey]) -> Mapping[ExchangeKey, Assignment]: ...


class Worklists(Protocol):
    """What there is to do, in the order of `exchange.work.worklists`."""

    def page(self, worklist: Worklist, wanted: WorkFilter, page: Page) -> list[Exchange]: ...
    def counts(self, wanted: WorkFilter) -> Mapping[Worklist, int]: ...
    def late_by_link(self, wanted: WorkFilter) -> Mapping[int, int]: ...


class Entries(Protocol):
    """The registers."""

    def get(self, entry: str, *, lock: bool = False) -> Entry | None: ...
    def load(self, entries: Iterable[str]) -> Mapping[str, Entry]: ...
    def by_person(self, jurisdictions: Iterable[str], person_indexes: Iterable[str]) -> Mapping[str, list[Entry]]: ...
    def add(self, entries: Sequence[Entry]) -> None: ...
    def save(self, entries: Sequence[Entry]) -> None: ...
    def add_facts(self, facts: Sequence[EntryFact]) -> None: ...
    def townships(self, entries: Iterable[str]) -> Mapping[str, str]: ...
    def find(self, wanted: EntryFilter, page: Page) -> list[Entry]: ...
    def counted(self, own: frozenset[str], as_of: datetime) -> Iterable[tuple[Entry, tuple[EntryFact, ...]]]: ...


class Pairing(Protocol):
    """The blind keys under which candidates are found, and what a linkage suggested.

    Adding, saving and protecting an entry keeps its keys as they should be; `index` makes those that are missing.
    """

    def sharing(self, looked: Looked, most: int) -> Mapping[Pass, list[str]]: ...
    def bearing(self, what: Pass, key: int, most: int) -> int: ...
    def without_keys(self, page: Page) -> list[Entry]: ...
    def index(self, entries: Sequence[Entry]) -> None: ...
    def suggest(self, suggestions: Sequence[Suggestion]) -> None: ...
    def suggested(self, exchange: ExchangeKey) -> list[Suggestion]: ...
    def suggestions(self, own: frozenset[str], limit: int) -> list[Suggestion]: ...
    def forget(self, exchange: ExchangeKey) -> None: ...


class Agreements(Protocol):
    """The agreements, signed."""

    def all(self, partner: str | None = None) -> list[SignedAgreement]: ...
    def get(self, digest: str) -> SignedAgreement | None: ...
    def add(self, agreement: SignedAgreement) -> None: ...
    def save(self, agreement: SignedAgreement) -> None: ...


class Partners(Protocol):
    """The partners and their keys."""

    def all(self) -> list[Partner]: ...
    def get(self, node: str) -> Partner | None: ...
    def save(self, partner: Partner) -> None: ...
    def use_assertion(self, issuer: str, jti: str, expires: datetime) -> bool: ...


class Imports(Protocol):
    """The files that were taken in, and the result of every row."""

    def by_digest(self, jurisdiction: str, layout: str, sha256: str) -> ImportedFile | None: ...
    def get(self, import_id: str) -> ImportedFile | None: ...
    def add(self, file: ImportedFile, rows: Sequence[RowResult]) -> None: ...
    def find(self, own: frozenset[str], page: Page) -> list[ImportedFile]: ...
    def rows(self, import_id: str, page: Page, *, outcome: str | None = None) -> list[RowResult]: ...
    def counted(self, own: frozenset[str], as_of: datetime) -> list[ImportedFile]: ...


class Access(Protocol):
    """Local callers, and the answers that their idempotency keys recall."""

    def api_keys(self) -> list[ApiKey]: ...
    def api_key(self, key_id: str) -> ApiKey | None: ...
    def save_api_key(self, key: ApiKey) -> None: ...
    def remembered(self, caller: str, key: str) -> RememberedAnswer | None: ...
    def remember(self, answer: RememberedAnswer) -> None: ...


class Chores(Protocol):
    """Job runs, findings and tidying."""

    def claim_run(self, job: str, business_date: date, at: datetime) -> bool: ...
    def finish_run(self, job: str, business_date: date, at: datetime, outcome: str) -> None: ...
    def last_run(self, job: str, before: date) -> date | None: ...
    def unfinished(self, since: date) -> list[UnfinishedRun]: ...
    def add_findings(self, findings: Sequence[Finding]) -> None: ...
    def findings(self, page: Page) -> list[Finding]: ...
    def open_findings(self, kinds: Sequence[str], partner: str) -> list[Finding]: ...
    def settle_findings(self, ids: Iterable[str], at: datetime) -> None: ...
    def forget(self, *, answers_before: datetime, assertions_before: datetime) -> int: ...


class Reports(Protocol):
    """Frozen reports, those on their way up, and those received; heads are listed by month, jurisdiction and edition."""

    def heads(self, *, month: str | None = None) -> list[FrozenHead]: ...
    def frozen(self, digest: str) -> FrozenReport | None: ...
    def freeze(self, reports: Sequence[FrozenReport]) -> None: ...
    def sending(self, digest: str, partner: str) -> Sending | None: ...
    def sendings(self, digest: str) -> list[Sending]: ...
    def waiting(self) -> list[Sending]: ...
    def put_sending(self, sending: Sending) -> None: ...
    def received_heads(self, *, month: str | None = None) -> list[ReceivedHead]: ...
    def received(self, digest: str) -> ReceivedReport | None: ...
    def receive(self, report: ReceivedReport) -> None: ...


class Comparisons(Protocol):
    """What comparing a link's figures reads of it, and what came of each comparison."""

    def names(self, link: int, received: Period, limit: int) -> list[str]: ...
    def exchanges(self, link: int, role: Role | None, names: Sequence[str]) -> Iterable[ComparedExchange]: ...
    def lines(self, link: int, direction: Direction, upto: int) -> LogLines: ...
    def add(self, comparison: Comparison) -> None: ...
    def get(self, comparison_id: str) -> Comparison | None: ...
    def find(self, partner: str | None, page: Page) -> list[Comparison]: ...


class Notifications(Protocol):
    """What own systems are to be told (webhooks), in the order of its ids; `forget` takes what is done with."""

    def add(self, notifications: Sequence[Notification]) -> None: ...
    def due(self, now: datetime, limit: int) -> list[Notification]: ...
    def save(self, notification: Notification) -> None: ...
    def forget(self, before: datetime) -> int: ...
    def claim(self, what: str, key: ExchangeKey, day: date) -> bool: ...


class Norms(Protocol):
    """Rules and days that administrators have added, none of which is ever changed; `stamp` grows with each."""

    def stamp(self) -> int: ...
    def add_file(self, file: RulesFile) -> None: ...
    def files(self) -> list[RulesFile]: ...
    def add_use(self, use: RulesUse) -> None: ...
    def uses(self) -> list[RulesUse]: ...
    def add_days(self, days: Sequence[LoadedDay]) -> None: ...
    def days(self) -> list[LoadedDay]: ...


class Escalations(Protocol):
    """What lies before a coordinator; `standing` gives the latest of each exchange that is not resolved."""

    def add(self, escalations: Sequence[Escalation]) -> None: ...
    def save(self, escalation: Escalation) -> None: ...
    def get(self, escalation: str) -> Escalation | None: ...
    def standing(self, exchanges: Iterable[str]) -> Mapping[ExchangeKey, Escalation]: ...
    def find(self, own: frozenset[str], page: Page, *, to: str | None, resolved: bool | None) -> list[Escalation]: ...
    def resolve(self, keys: Iterable[ExchangeKey], at: datetime) -> int: ...


class Troubles(Protocol):
    """What went wrong, since when and until when."""

    def begin(self, trouble: Trouble) -> bool: ...
    def end(self, symptom: Symptom, at: datetime) -> bool: ...
    def lasting(self) -> list[Trouble]: ...
    def find(self, page: Page) -> list[Trouble]: ...


class Routes(Protocol):
    """What operators confirmed and pinned, and what was sent on."""

    def confirmed(self) -> list[Confirmed]: ...
    def pins(self) -> list[Pin]: ...
    def pin(self, pin: Pin) -> None: ...
    def unpin(self, prefix: str) -> bool: ...
    def follow(self, step: SentOn) -> None: ...
    def onward(self, exchanges: Iterable[str]) -> list[SentOn]: ...
    def backward(self, exchanges: Iterable[str]) -> list[SentOn]: ...


class Cases(Protocol):
    """The cases of couples; `following` are those that are over and of which something is still to come."""

    def get(self, case: str, *, lock: bool = False) -> Case | None: ...
    def add(self, case: Case) -> None: ...
    def save(self, case: Case) -> None: ...
    def find(self, wanted: CaseFilter, page: Page) -> list[Case]: ...
    def of_exchanges(self, exchanges: Iterable[str]) -> Mapping[ExchangeKey, str]: ...
    def following(self, page: Page) -> list[Case]: ...


class Ledger(Protocol):
    """All books of one node, within one transaction."""

    links: Links
    messages: Messages
    exchanges: Exchanges
    assignments: Assignments
    worklists: Worklists
    entries: Entries
    pairing: Pairing
    agreements: Agreements
    partners: Partners
    imports: Imports
    access: Access
    chores: Chores
    notifications: Notifications
    reports: Reports
    routes: Routes
    cases: Cases
    comparisons: Comparisons
    norms: Norms
    escalations: Escalations
    troubles: Troubles


class Ledgers(Protocol):
    """Where ledgers come from: one transaction each, committed at the end of the block, rolled back on an exception."""

    def transaction(self, *, read_only: bool = False) -> AbstractContextManager[Ledger]: ...
