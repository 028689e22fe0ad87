"""A monthly report on its way up: signed for one node, checked by it, and summed with those of its neighbours."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import msgspec

from exchange.errors import Conflict, Forbidden, Refused, Retry
from exchange.jurisdiction import Divisions
from exchange.moments import format_moment, parse_moment
from exchange.node import Node
from exchange.partners import Partner
from exchange.people.record import Shape
from exchange.reporting.frozen.monthly import FrozenReport, MalformedReport, MonthlyReport, read_monthly
from exchange.wire import ijson
from exchange.wire.batch import NodeName
from exchange.wire.message import Digest, WireMoment

REPORT_TYPE: Final = "mx-report+jws"
MAX_SIGNED: Final = 1024 * 1024
SKEW: Final = timedelta(minutes=5)


class ReportTooLarge(Refused):
    """A report whose signed form is more than the other side takes."""

    code = "report-too-large"
    retry = Retry.CONTACT
    zh = "月报签名后超过 1 MiB，无法上报；请按下级地区分别上报。"
    en = "Signed, the report is larger than 1 MiB: send those of the divisions below instead."


class ReportNotAddressed(Forbidden):
    """The report is signed by, or for, another node than those that hand it over and take it."""

    code = "not-your-link"
    zh = "月报的签发或接收节点与实际不符。"
    en = "The report was not made by the node that sends it, or not for this one."


class JurisdictionNotConfirmed(Forbidden):
    """The report speaks for a jurisdiction that this node's operator has not confirmed of the sender."""

    code = "jurisdiction-not-confirmed"
    zh = "月报所涉地区未经本节点管理员确认由该节点服务。"
    en = "The report speaks for a jurisdiction that was not confirmed to be served by its sender."


class NotAbove(Conflict):
    """The node serves nothing within the province that the report comes from: no coordinator here could read it."""

    code = "not-served"
    zh = "本节点不服务该地区的任何上级地区，不接收其月报。"
    en = "This node serves nothing in the province that the report comes from."


class ReportContradicts(Conflict):
    """Another report of the same jurisdiction, month and edition was taken before."""

    code = "report-contradicts"
    retry = Retry.CONTACT
    zh = "该地区该月同一版次的另一份月报已接收，二者不同；更正请另出新版。"
    en = "Another report of that jurisdiction, month and edition was taken before; a correction is a new edition."


class SignedReport(Shape, frozen=True, kw_only=True, omit_defaults=False):
    """What is signed: the report's canonical bytes as a member, their digest, by whom, for whom, and when."""

    sender: NodeName
    receiver: NodeName
    signed_at: WireMoment
    digest: Digest
    report: MonthlyReport


class _Carried(Shape, frozen=True, kw_only=True, omit_defaults=False):
    sender: str
    receiver: str
    signed_at: str
    digest: str
    report: msgspec.Raw


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """A signed report that is to go, or went, to a partner; `refused` is the problem with which that refused it."""

    digest: str
    partner: str
    jws: str
    queued_at: datetime
    sent_at: datetime | None = None
    refused: str | None = None

    @property
    def waits(self) -> bool:
        """Whether it is still to be delivered."""
        return self.sent_at is None and self.refused is None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedHead:
    """Which report was taken in, from whom."""

    digest: str
    sender: str
    jurisdiction: str
    month: str
    edition: int
    signed_at: datetime
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedReport:
    """A report that was taken in: its bytes, and the signed text as it came."""

    head: ReceivedHead
    payload: bytes
    jws: str

    def read(self) -> MonthlyReport:
        """What it says."""
        return read_monthly(self.payload)


def write_signed(frozen: FrozenReport, sender: str, receiver: str, now: datetime) -> bytes:
    """The payload to sign; the frozen bytes stand in it as they are."""
    frozen.read()
    return msgspec.json.encode(
        _Carried(
            sender=sender,
            receiver=receiver,
            signed_at=format_moment(now),
            digest=frozen.head.digest,
            report=msgspec.Raw(frozen.payload),
        )
    )


def read_signed(payload: bytes) -> tuple[SignedReport, bytes]:
    """What was signed, and the report's own bytes; MalformedReport if it does not fit or is not what its digest names."""
    try:
        ijson.loads(payload)
        signed = msgspec.json.decode(payload, type=SignedReport)
        carried = bytes(msgspec.json.decode(payload, type=_Carried).report)
        signed_at = parse_moment(signed.signed_at)
    except (ijson.NotIJSON, msgspec.ValidationError, ValueError) as exc:
        raise MalformedReport from exc
    report = read_monthly(carried)
    if ijson.digest(carried) != signed.digest:
        raise MalformedReport(zh="摘要与月报不符。", en="The digest is not the report's.", pointer="/digest")
    if parse_moment(report.frozen_at) > signed_at:
        raise MalformedReport(zh="签名早于冻结。", en="It was signed before it was frozen.", pointer="/signed_at")
    return signed, carried


def check_upward(node: Node, partner: Partner, signed: SignedReport, now: datetime) -> None:
    """Whether the report may come in: from whom it says, for us, about what was confirmed, to a level that we serve."""
    report, divisions = signed.report, node.divisions
    if (signed.sender, signed.receiver, report.node) != (partner.node, node.name, partner.node):
        raise ReportNotAddressed
    if parse_moment(signed.signed_at) > now + SKEW:
        raise MalformedReport(zh="签名时间在未来。", en="It was signed in the future.", pointer="/signed_at")
    if not frozenset(report.counties) <= frozenset(partner.confirmed):
        raise JurisdictionNotConfirmed
    if not divisions.is_known(report.jurisdiction) or not all(
        divisions.is_known(county) and divisions.contains(report.jurisdiction, county) for county in report.counties
    ):
        raise JurisdictionNotConfirmed
    top = (report.jurisdiction, *divisions.ancestors(report.jurisdiction))[-1]
    if not any(divisions.contains(top, county) for county in node.jurisdictions):
        raise NotAbove


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A report that can be a part of a sum. `own` is whether this node froze it itself."""

    digest: str
    own: bool
    report: MonthlyReport


@dataclass(frozen=True, slots=True, kw_only=True)
class Summed:
    """The parts that were summed, and the counties of which nothing came."""

    parts: tuple[Part, ...]
    missing: tuple[str, ...]


def choose_parts(found: Iterable[Part], jurisdiction: str, divisions: Divisions) -> Summed:
    """The parts of a jurisdiction, so that no county counts twice: of each the last edition, the widest first."""
    last: dict[tuple[str, str], Part] = {}
    for part in sorted(found, key=lambda part: part.report.edition):
        last[part.report.node, part.report.jurisdiction] = part
    wanted = frozenset(divisions.counties_within(jurisdiction))
    taken: list[Part] = []
    covered: set[str] = set()
    for part in sorted(last.values(), key=_widest_first):
        counties = frozenset(part.report.counties)
        if counties <= wanted and covered.isdisjoint(counties):
            taken.append(part)
            covered |= counties
    chosen = sorted(taken, key=lambda part: (part.report.jurisdiction, part.report.node))
    return Summed(parts=tuple(chosen), missing=tuple(sorted(wanted - covered)))


def _widest_first(part: Part) -> tuple[int, str, str]:
    return -len(part.report.counties), part.report.jurisdiction, part.report.node
