"""Wiring: settings in, an open node out. Imported by the entry points only."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

from adapters.clock import Clock, RealClock, SimulatedClock
from adapters.database.engine import Database, open_database
from adapters.database.sealed.seals import Encryption
from adapters.divisions import load_divisions
from adapters.keys.keyring import Keyring
from adapters.node_document import NodeDocuments
from adapters.office import Office
from adapters.rules import packaged_house_book, packaged_house_rules, packaged_rulebook, packaged_rules
from adapters.sealing.suites import SUITES
from adapters.sealing.wrapping import FILE as KEY_FILE
from adapters.sealing.wrapping import CommandKeys, GivenKeys, KeyFile, Source
from exchange.clocks.retention import Retention
from exchange.errors import Invalid
from exchange.ids import new_id
from exchange.jurisdiction import Divisions, Jurisdiction
from exchange.node import Node
from exchange.terms.calendar import WorkingDays
from exchange.wire.ijson import b64url_encode
from exchange.work.assignment import InternalLimit
from exchange.work.daily import DailyLimits
from woshou.settings import Settings

KEYS = "keys"


class ClockNotAllowed(Invalid):
    """Only a sandbox may run on a simulated clock."""

    code = "clock-not-allowed"
    zh = "生产节点不得使用模拟时钟（WOSHOU_CLOCK）。"
    en = "A production node may not run on a simulated clock (WOSHOU_CLOCK)."


class NotCountyLevel(Invalid):
    """A node serves counties, and cities that have none below them; what lies above them looks in through an API key."""

    code = "not-county-level"

    def __init__(self, code: str) -> None:
        super().__init__(
            zh=f"{code} 不是县级区划：节点服务县级地区，市级、省级通过接口密钥查看。",
            en=f"{code} is not at county level: a node serves counties; prefectures and provinces look in through an API key.",
            pointer="/jurisdictions",
        )


def served_counties(divisions: Divisions, codes: Iterable[str]) -> list[Jurisdiction]:
    """The counties that a node is to serve; UnknownJurisdiction, NotCountyLevel."""
    places = [divisions.get(code) for code in codes]
    for place in places:
        if not divisions.is_county_level(place.code):
            raise NotCountyLevel(place.code)
    return places


def keys_folder(settings: Settings) -> Path:
    """Where the node's keys lie."""
    return settings.data / KEYS


def encryption_of(settings: Settings) -> Encryption:
    """How this node's ledger is sealed."""
    return Encryption(source=wrapping_keys(settings), suite=SUITES[settings.suite], key_store_url=settings.key_store_url)


def wrapping_keys(settings: Settings) -> Source:
    """Where the key-encryption keys come from: the variable, a command, or the file among the node's keys."""
    if settings.kek is not None:
        return GivenKeys(settings.kek.get_secret_value())
    if settings.kek_command:
        return CommandKeys(settings.kek_command)
    return KeyFile(keys_folder(settings) / KEY_FILE)


def open_ledger(settings: Settings, keyed: Callable[[bytes], str] | None = None) -> Database:
    """The ledger of these settings; a node that never sealed anything gets its first key-encryption key."""
    encryption = encryption_of(settings)
    database = open_database(settings.database, keyed=keyed, encryption=encryption, owner=settings.database_owner)
    if isinstance(encryption.source, KeyFile) and not encryption.source.exists() and database.never_sealed():
        encryption.source.add()
    return database


def open_clock(settings: Settings) -> Clock:
    """The machine's clock, or in a sandbox a simulated one."""
    if settings.clock is None:
        return RealClock()
    if settings.environment == "production":
        raise ClockNotAllowed
    return SimulatedClock(settings.clock)


def keyed_hash(keyring: Keyring) -> Callable[[bytes], str]:
    """The keyed hash of the blind index, with the key set up once: it runs for every person of every batch."""
    digest = SUITES[keyring.index.blind_index].keyed(keyring.blind_index_key)
    return lambda data: b64url_encode(digest(data))


@contextmanager
def open_office(settings: Settings, *, migrate: bool = True) -> Iterator[Office]:
    """Open the node of these settings; everything is closed at the end of the block."""
    clock = open_clock(settings)
    keyring = Keyring.open(keys_folder(settings))
    divisions = load_divisions()
    served_counties(divisions, settings.jurisdictions)
    node = Node(
        name=settings.node,
        title=settings.title,
        environment=settings.environment,
        jurisdictions=frozenset(settings.jurisdictions),
        divisions=divisions,
        rules=packaged_rules(),
        rulebook=packaged_rulebook(),
        house=packaged_house_rules(),
        housebook=packaged_house_book(),
        working_days=WorkingDays(),
        keyed=keyed_hash(keyring),
        webhooks=settings.webhooks is not None,
        internal_limit=InternalLimit(share=Fraction(settings.internal_limit)),
        daily_limits=DailyLimits(queries=settings.clerk_queries, persons=settings.clerk_persons, sheets=settings.clerk_sheets),
        retention=Retention(bodies_months=settings.retain_bodies_months, entries_months=settings.retain_entries_months),
    )
    database = open_ledger(settings, node.keyed)
    try:
        if migrate:
            if not database.is_current():
                database.upgrade()
            if database.data_keys is not None:
                database.data_keys.check()
            _open_local_link(database, node, clock)
        documents = NodeDocuments(settings.data, node, settings.url, clock, keyring)
        office = Office(
            node=node,
            ledgers=database,
            keyring=keyring,
            clock=clock,
            documents=documents,
            folder=settings.data,
            webhooks=settings.webhooks,
            reach=settings.reach,
            data_keys=database.data_keys,
            provider=settings.provider,
        )
        office.refresh()
        yield office
    finally:
        database.close()


def _open_local_link(database: Database, node: Node, clock: Clock) -> None:
    """A node that serves several counties exchanges between them over a link with itself."""
    if len(node.jurisdictions) < 2:
        return
    with database.transaction() as ledger:
        if ledger.links.of(node.name) is None:
            ledger.links.add(new_id(clock.now()), node.name)
