"""`woshou report freeze`, `frozen`, `show`, `verify`, and what goes upward: `send`, `sign`, `take`, `received`, `sum`."""

from pathlib import Path
from typing import Annotated

import typer

from adapters.reports import ReportFormat
from adapters.reports.taking import open_report_file
from api.models.reporting.reports import FrozenShown, ReceivedShown, SendingShown, VerificationShown
from exchange.errors import NotFound
from exchange.jurisdiction import Category
from exchange.ledger import Ledger
from exchange.reporting.bulletin import monthly_bulletin
from exchange.reporting.feedback import feedback_report
from exchange.reporting.frozen.monthly import CorrectionReason, MalformedReport, MonthlyReport
from exchange.reporting.frozen.summing import summed_report
from exchange.reporting.frozen.thawing import report_of
from exchange.reporting.frozen.upward import REPORT_TYPE
from exchange.verbs.reporting.freeze import correct, freeze
from exchange.verbs.reporting.make_report import maker_of
from exchange.verbs.reporting.send_report import gather_parts, queue_report, sign_report
from exchange.verbs.reporting.verify_report import verify
from woshou.cli.call import Call, command
from woshou.cli.commands.reporting.tables import (
    ForceOption,
    FormatOption,
    JurisdictionOption,
    OutOption,
    bring_out,
    bring_out_bytes,
    check_out,
    period_of,
    place_of,
)
from woshou.cli.exits import Exit
from woshou.cli.files import check_free, write_private
from woshou.cli.show import print_json
from woshou.cli.words import say

_FROZEN = {
    "digest": ("摘要", "Digest"),
    "jurisdiction": ("地区", "Jurisdiction"),
    "month": ("统计月", "Month"),
    "edition": ("版次", "Edition"),
    "frozen_at": ("冻结", "Frozen"),
    "supersedes": ("取代", "Supersedes"),
}
_RECEIVED = {
    "digest": ("摘要", "Digest"),
    "sender": ("来自", "From"),
    "jurisdiction": ("地区", "Jurisdiction"),
    "month": ("统计月", "Month"),
    "edition": ("版次", "Edition"),
    "signed_at": ("签名", "Signed"),
    "received_at": ("收到", "Received"),
}
_SENDING = {
    "digest": ("摘要", "Digest"),
    "partner": ("协作方", "Partner"),
    "queued_at": ("待发", "Queued"),
    "sent_at": ("送达", "Sent"),
    "refused": ("被拒", "Refused"),
}
_DIFFERENCES = {
    "where": ("位置", "Where"),
    "rate": ("指标", "Rate"),
    "what": ("内容", "What"),
    "frozen": ("冻结时", "Frozen"),
    "now": ("现在", "Now"),
}
Digest = Annotated[str, typer.Argument(help=say("月报摘要，可只写开头", "digest, or its beginning"))]
MonthWanted = Annotated[str, typer.Option("--month", help=say("统计月 YYYY-MM", "statistical month YYYY-MM"))]
MonthFilter = Annotated[str | None, typer.Option("--month", help=say("仅某统计月", "only one month"))]
To = Annotated[str, typer.Option("--to", help=say("接收节点名", "name of the node that takes it"))]
IntraCity = Annotated[bool, typer.Option("--intra-city", help=say("市内人户分离", "movers within a city"))]


def install(app: typer.Typer) -> None:
    """Add the commands."""
    _install_freezing(app)
    _install_reading(app)
    _install_sending(app)
    _install_receiving(app)


def _install_freezing(app: typer.Typer) -> None:
    @command(app, "freeze", zh="冻结一个统计月的月报", en="Freeze a month's report")
    def freeze_month(
        call: Call,
        month: MonthWanted,
        jurisdiction: JurisdictionOption = None,
        correction: Annotated[
            CorrectionReason | None, typer.Option(help=say("另出新版更正，说明原因", "a new edition that corrects, and why"))
        ] = None,
    ) -> None:
        with call.office() as office, call.progress("计算…", "Counting …"):
            code, now = place_of(call, office, jurisdiction), office.now()
            period_of(office.node.rules, now, month, (None, None))
            with office.ledgers.transaction() as ledger:
                if correction is not None:
                    frozen = correct(ledger, office.node, code, month, correction, now)
                else:
                    frozen, _ = freeze(ledger, office.node, code, month, now)
        call.card(FrozenShown.of(frozen.head), _FROZEN)

    @command(app, "verify", zh="按当时的时点重新计算已冻结的月报", en="Count a frozen report again as of its own moment")
    def verify_frozen(call: Call, digest: Digest) -> None:
        with call.office() as office, call.progress("计算…", "Counting …"), office.ledgers.transaction() as ledger:
            made = VerificationShown.of(verify(ledger, office.node, _frozen_digest(ledger, digest), office.now()))
        if call.json:
            print_json(made)
        elif made.equal:
            call.done({}, "与冻结时相同。", "Equal to what was frozen.")
        elif made.altered:
            call.note("所存字节与摘要不符，可能被改动过。", "The stored bytes are not those that the digest names.")
        else:
            call.rows(made.differences, _DIFFERENCES)
        if not made.equal:
            raise typer.Exit(Exit.REFUSED)


def _install_reading(app: typer.Typer) -> None:
    @command(app, "frozen", zh="列出已冻结的月报", en="List frozen reports")
    def list_frozen(call: Call, month: MonthFilter = None) -> None:
        with call.office() as office, office.ledgers.transaction(read_only=True) as ledger:
            rows = [FrozenShown.of(head) for head in ledger.reports.heads(month=month)]
        call.rows(rows, _FROZEN)

    @command(app, "show", zh="查看已冻结或收到的月报", en="Show a frozen or received report")
    def show_report(
        call: Call,
        digest: Digest,
        bulletin: Annotated[bool, typer.Option("--bulletin", help=say("以月通报的形式", "as a bulletin"))] = False,
        intra_city: IntraCity = False,
        form: FormatOption = None,
        out: OutOption = None,
        force: ForceOption = False,
    ) -> None:
        written = check_out(out, form, force=force)
        with call.office() as office, office.ledgers.transaction(read_only=True) as ledger:
            monthly, payload = _either(ledger, digest)
            made = report_of(monthly, _category(intra_city))
            if not made.figures:
                raise NotFound
            document = (monthly_bulletin if bulletin else feedback_report)(made, maker_of(office.node))
        if written is ReportFormat.JSON and not bulletin:
            bring_out_bytes(call, payload, out, force=force)
        else:
            bring_out(call, document, written, out, force=force)


def _install_sending(app: typer.Typer) -> None:
    @command(
        app,
        "send",
        zh="签名并上报给服务上级地区的协作方",
        en="Sign a frozen report and send it to a partner that serves the level above",
    )
    def send(call: Call, digest: Digest, to: To) -> None:
        with call.office() as office:
            sign = office.signer(REPORT_TYPE)
            with office.ledgers.transaction() as ledger:
                sending = queue_report(ledger, office.node, _frozen_digest(ledger, digest), to, office.now(), sign)
        call.card(SendingShown.of(sending), _SENDING)

    @command(
        app,
        "sign",
        zh="签名为文件，供无网络的节点接收",
        en="Sign a frozen report into a file, for a node that no network reaches",
    )
    def sign(
        call: Call,
        digest: Digest,
        to: To,
        out: Annotated[Path, typer.Option("--out", dir_okay=False, help=say("写入的 .jws 文件", "the .jws file to write"))],
        force: ForceOption = False,
    ) -> None:
        check_free(out, force=force)
        with call.office() as office:
            signer = office.signer(REPORT_TYPE)
            with office.ledgers.transaction(read_only=True) as ledger:
                jws = sign_report(ledger, office.node, _frozen_digest(ledger, digest), to, office.now(), signer)
        write_private(out, jws.encode("ascii"), force=force)
        call.done({"file": str(out)}, f"已写入 {out}", f"Written to {out}")


def _install_receiving(app: typer.Typer) -> None:
    @command(app, "take", zh="接收协作方签名的月报文件", en="Take in a partner's signed report from a file")
    def take(
        call: Call,
        file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help=say("签名的月报（.jws）", "the signed report"))],
    ) -> None:
        data = file.read_bytes()
        if not data.isascii():
            raise MalformedReport
        with call.office() as office:
            opened = open_report_file(office, data.decode("ascii").strip())
            with office.ledgers.transaction() as ledger:
                head, fresh = opened.take(ledger, office)
        zh, en = ("已接收。", "Taken in.") if fresh else ("此前已接收，没有变化。", "It was taken in before; nothing changed.")
        call.done({"fresh": fresh, "digest": head.digest, "sender": head.sender}, zh, en)

    @command(app, "received", zh="列出收到的月报", en="List received reports")
    def list_received(call: Call, month: MonthFilter = None) -> None:
        with call.office() as office, office.ledgers.transaction(read_only=True) as ledger:
            rows = [ReceivedShown.of(head) for head in ledger.reports.received_heads(month=month)]
        call.rows(rows, _RECEIVED)

    @command(app, "sum", zh="汇总收到的和本节点冻结的月报", en="Sum the reports received and those frozen here")
    def sum_parts(
        call: Call,
        jurisdiction: Annotated[str, typer.Argument(help=say("上级地区代码", "code of the higher jurisdiction"))],
        month: MonthWanted,
        intra_city: IntraCity = False,
        form: FormatOption = None,
        out: OutOption = None,
        force: ForceOption = False,
    ) -> None:
        written = check_out(out, form, force=force)
        with call.office() as office, office.ledgers.transaction(read_only=True) as ledger:
            summed = gather_parts(ledger, office.node, office.node.divisions.normalise(jurisdiction), month)
            document = summed_report(summed, jurisdiction, _category(intra_city), maker_of(office.node))
        bring_out(call, document, written, out, force=force)


def _category(intra_city: bool) -> Category:
    return Category.INTRA_CITY if intra_city else Category.MIGRANT


def _frozen_digest(ledger: Ledger, beginning: str) -> str:
    return _only(beginning, [head.digest for head in ledger.reports.heads()])


def _either(ledger: Ledger, beginning: str) -> tuple[MonthlyReport, bytes]:
    """A frozen report or a received one, with its bytes."""
    own = [head.digest for head in ledger.reports.heads()]
    digest = _only(beginning, [*own, *(head.digest for head in ledger.reports.received_heads())])
    held = ledger.reports.frozen(digest) or ledger.reports.received(digest)
    if held is None:
        raise NotFound
    return held.read(), held.payload


def _only(beginning: str, digests: list[str]) -> str:
    found = [digest for digest in digests if digest.startswith(beginning)]
    if len(found) != 1:
        raise NotFound
    return found[0]
