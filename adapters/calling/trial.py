"""Try a partner, as an operator who wants to know what is wrong: its address, certificate, document, clock, token and link.

Nothing is changed by it, here or there.
"""

import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import httpx

from adapters.calling.reach import AddressNotAllowed
from adapters.keys import jose
from adapters.keys.errors import BadSignature, MalformedJws, UnknownKey
from adapters.office import Office, Thumbprints, trusted_key
from adapters.partner_calls import PartnerUnavailable
from adapters.partner_http import Knock, PartnerClient, PartnerRefused
from exchange.errors import NotAuthentic, WoshouError
from exchange.exchanges import Link
from exchange.partners import LEEWAY, Partner, PartnerStatus
from exchange.verbs.onboard import partner_from
from exchange.wire.heads import HeadsTold
from exchange.wire.node import NODE_TYPE, read_node_document


class Step(StrEnum):
    """What is tried, one after the other; what comes after the step that fails is not tried."""

    ADDRESS = "address"
    DOCUMENT = "document"
    KEY = "key"
    STANDING = "standing"
    TOKEN = "token"
    LINK = "link"


class Fault(StrEnum):
    """What is wrong."""

    NAME = "name-unknown"
    NOT_ALLOWED = "address-not-allowed"
    REFUSED = "connection-refused"
    SILENT = "no-answer"
    CERTIFICATE = "certificate"
    BUSY = "busy"
    NO_NODE = "no-node-there"
    DOCUMENT = "document-refused"
    ANOTHER = "another-node"
    KEY = "key-unknown"
    NOT_CONFIRMED = "not-confirmed-here"
    SUSPENDED = "suspended-here"
    CLOCK = "clock-off"
    NOT_KNOWN = "not-known-there"
    ANSWER = "answer-wrong"
    LINK = "link-differs"
    LOST_THERE = "batches-lost-there"
    LOST_HERE = "batches-lost-here"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What came of it: the steps that were passed, and what is wrong with the next one, or with the whole.

    `ahead` is by how much the partner's clock goes before ours. `certificate_until` is None without TLS. `newer`: its document
    has a version that is not known here yet.
    """

    passed: tuple[Step, ...]
    fault: Fault | None = None
    ahead: timedelta | None = None
    certificate_until: datetime | None = None
    newer: bool = False


class _Failed(Exception):
    def __init__(self, fault: Fault) -> None:
        self.fault = fault


@dataclass(slots=True)
class _Found:
    """What is known so far."""

    knock: Knock
    passed: list[Step]
    ahead: timedelta | None = None
    newer: bool = False


def try_partner(office: Office, client: PartnerClient, known: Partner, link: Link | None) -> Trial:
    """Call a known partner and see how far one comes. No transaction may be open."""
    found = _Found(Knock(), [])
    fault: Fault | None = None
    try:
        for step in _steps(office, client, known, link, found):
            found.passed.append(step)
    except _Failed as failed:
        fault = failed.fault
    off = found.ahead is not None and abs(found.ahead) > LEEWAY
    # By a wrong clock keys have run out or are not born yet, and a token is refused without a word why.
    if off and fault in (None, Fault.DOCUMENT, Fault.NOT_KNOWN):
        fault = Fault.CLOCK
    return Trial(
        passed=tuple(found.passed),
        fault=fault,
        ahead=found.ahead,
        certificate_until=found.knock.certificate_until,
        newer=found.newer,
    )


def _steps(office: Office, client: PartnerClient, known: Partner, link: Link | None, found: _Found) -> Iterator[Step]:
    now = office.now()
    try:
        found.knock = client.knock(known)
    except WoshouError as trouble:
        raise _Failed(_unreached(trouble)) from trouble
    found.ahead = None if found.knock.clock is None else found.knock.clock - now.replace(microsecond=0)
    yield Step.ADDRESS
    fresh = _document(found.knock.jws, known, now)
    yield Step.DOCUMENT
    try:
        jose.verify(found.knock.jws, typ=NODE_TYPE, find_key=lambda kid: trusted_key(known, kid, now))
    except (UnknownKey, BadSignature) as exc:
        raise _Failed(Fault.KEY) from exc
    except NotAuthentic as exc:
        raise _Failed(Fault.DOCUMENT) from exc
    found.newer = fresh.document_version > known.document_version
    yield Step.KEY
    if known.status is not PartnerStatus.ACTIVE or link is None:
        raise _Failed(Fault.SUSPENDED if known.status is PartnerStatus.SUSPENDED else Fault.NOT_CONFIRMED)
    yield Step.STANDING
    told = _asked(client, known)
    yield Step.TOKEN
    _compare(link, told)
    yield Step.LINK


def _document(jws: str, known: Partner, now: datetime) -> Partner:
    try:
        document = read_node_document(jose.read_unverified(jws).payload)
    except MalformedJws as exc:
        raise _Failed(Fault.NO_NODE) from exc
    except WoshouError as exc:
        raise _Failed(Fault.DOCUMENT) from exc
    if document.node != known.node or document.environment != known.environment:
        raise _Failed(Fault.ANOTHER)
    try:
        return partner_from(document, jws, known.url, Thumbprints(), now)
    except NotAuthentic as exc:
        raise _Failed(Fault.DOCUMENT) from exc


def _asked(client: PartnerClient, known: Partner) -> HeadsTold:
    try:
        return client.try_link(known)
    except PartnerRefused as refusal:
        # Who is suspended there, unknown or has an unknown key gets no token, and is not told which.
        unknown = refusal.status in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN)
        raise _Failed(Fault.NOT_KNOWN if unknown else Fault.ANSWER) from refusal
    except NotAuthentic as exc:
        raise _Failed(Fault.ANSWER) from exc
    except WoshouError as trouble:
        raise _Failed(_unreached(trouble)) from trouble


def _compare(link: Link, told: HeadsTold) -> None:
    """Whether both sides' logs can be of one link: each side has what the other has a receipt for."""
    if told.link != link.uuid:
        raise _Failed(Fault.LINK)
    if told.received.sequence < link.receipted:
        raise _Failed(Fault.LOST_THERE)
    if told.received.sequence > link.out_sequence:
        raise _Failed(Fault.LOST_HERE)
    if told.sent.sequence < link.in_sequence:
        raise _Failed(Fault.LOST_THERE)


def _unreached(trouble: WoshouError) -> Fault:
    """Why no answer came, or none that can be used, by what it was caused by."""
    if isinstance(trouble, AddressNotAllowed):
        return Fault.NOT_ALLOWED
    if not isinstance(trouble, PartnerUnavailable):
        return Fault.NO_NODE
    causes = list(_causes(trouble))
    if any(isinstance(each, ssl.SSLError) for each in causes):
        return Fault.CERTIFICATE
    if any(isinstance(each, ConnectionRefusedError) for each in causes):
        return Fault.REFUSED
    if any(isinstance(each, httpx.ConnectError) and "no address" in str(each) for each in causes):
        return Fault.NAME
    if "status" in trouble.en:
        return Fault.BUSY
    return Fault.SILENT if trouble.passing else Fault.NO_NODE


def _causes(trouble: BaseException | None) -> Iterator[BaseException]:
    while trouble is not None:
        yield trouble
        trouble = trouble.__cause__ or trouble.__context__
