"""`woshou certificate`: ask the issuer whether a certificate is genuine, and see who asked."""

import sys
from typing import Annotated

import typer

from adapters.certificates.asking import CertificateAsking
from adapters.partner_http import PartnerClient, http_client
from adapters.renewal import Renewals
from api.models.certificates.checks import CheckRow, CheckShown, CheckWanted, PreparedQuery
from exchange.codes import Role
from exchange.cursors import certificate_check_cursor
from exchange.ledger import Page
from exchange.verbs.certificates.ask import CheckDraft, days_of_query
from woshou.cli.audit import tell_given
from woshou.cli.call import Call, command, group
from woshou.cli.people import ask_person, read_json
from woshou.cli.sides import DayOption, day
from woshou.cli.words import say

_CARD = {
    "answer": ("答复", "Answer"),
    say("zh", "en"): ("说明", "Meaning"),
    "other": ("签发地", "Issuer"),
    "partner": ("对方节点", "Node"),
    "trouble": ("未能联络的原因", "Trouble"),
    "at": ("时间", "At"),
}
_ROWS = {
    "at": ("时间", "At"),
    "partner": ("对方节点", "Node"),
    "caller": ("查询方", "Caller"),
    "own": ("本方", "Own"),
    "other": ("对方", "Other"),
    "entry": ("个案", "Entry"),
    "application_date": ("本人申请日期", "Application"),
    "answer": ("答复", "Answer"),
}
# Whoever has the data folder speaks for the node; keys are for the API.
_CALLER = "command line"


def install(app: typer.Typer) -> None:
    """Add the group."""
    certificate = group("婚育证明：在线验证、查看验证记录", "Certificates: check one with its issuer, list checks")
    app.add_typer(certificate, name="certificate")

    @command(certificate, "check", zh="验证证明（编号、证件号码由提示或标准输入）", en="Check a certificate (prompt or stdin)")
    def check(
        call: Call,
        entry: Annotated[str | None, typer.Option(help=say("流入个案编号", "the holder's inflow entry"))] = None,
        issuer: Annotated[str | None, typer.Option(help=say("签发地区县代码", "county that issued it"))] = None,
        application_date: DayOption = None,
        jurisdiction: Annotated[str | None, typer.Option(help=say("本方区县代码", "own county"))] = None,
    ) -> None:
        with call.office() as office, http_client(reach=office.reach) as client:
            own = call.county(office, jurisdiction)
            wanted = _wanted(with_holder=entry is None)
            tell_given(wanted)
            draft = CheckDraft(
                own=own,
                number=wanted.number,
                holder=wanted.holder,
                issuer=issuer or wanted.issuer,
                entry=entry or wanted.entry,
                application_date=day(application_date) or wanted.application_date,
            )
            partners = PartnerClient(office, client)
            asking = CertificateAsking(office, partners, Renewals(office, partners))
            days = days_of_query(office.node)
            told = asking.ask(draft, _CALLER, lambda _, checked: CheckShown.told(checked, days))
        call.card(told, _CARD)
        if told.query is not None:
            call.note(
                f"可发出协查，{days} 日内答复：{_command(told.query)}",
                f"A query asks people, who answer within {days} days: {_command(told.query)}",
            )

    @command(certificate, "list", zh="列出证明验证记录（不含个人信息）", en="List checks of certificates (without persons)")
    def list_checks(
        call: Call,
        role: Annotated[Role, typer.Option(help=say("被查询或查询", "asked of us, or asked by us"))] = Role.ASKED,
        jurisdiction: Annotated[str | None, typer.Option(help=say("区县代码", "county code"))] = None,
        after: Annotated[str, typer.Option(help=say("接上页标记", "`next` of the page before"))] = "",
        limit: Annotated[int, typer.Option(min=1, max=10_000, help=say("条数", "how many"))] = 100,
    ) -> None:
        with call.office() as office, office.ledgers.transaction(read_only=True) as ledger:
            counties = call.counties(office, jurisdiction)
            found = ledger.certificate_checks.find(role, counties, Page(after=after, limit=limit))
        following = certificate_check_cursor(found[-1]) if len(found) == limit else None
        call.rows([CheckRow.of(row) for row in found], _ROWS, next=following)


def _command(query: PreparedQuery) -> str:
    """The command that asks people the same; without an entry it asks for the person, or takes them from standard input."""
    if query.entry is not None:
        ground = f"--entry {query.entry}"
    else:
        ground = f"--other {query.origin} --jurisdiction {query.destination} --application-date {query.application_date}"
    return f"woshou exchange query {ground} --purpose certificate_verification --item certificate"


def _wanted(*, with_holder: bool) -> CheckWanted:
    """The number and the holder: asked for on a terminal, without echo, else one JSON object on standard input."""
    if not sys.stdin.isatty():
        return read_json(sys.stdin.buffer.read(), CheckWanted)
    holder = ask_person() if with_holder else None
    number = str(typer.prompt(say("证明编号（不回显）", "Certificate number (not shown)"), hide_input=True)).strip()
    return CheckWanted(number=number, holder=holder)
