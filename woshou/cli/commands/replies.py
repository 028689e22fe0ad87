"""`woshou answer` and what else is said about an exchange."""

from datetime import datetime
from typing import Annotated

import typer

from exchange.codes import ChallengeReason, InterimReason, Item, Kind, RefusalReason, Result, WithdrawalReason
from exchange.conversation import SENDER
from exchange.verbs.pair import pair
from exchange.verbs.reply import NOTHING, Body, Said, reply
from exchange.verbs.routing.send_on import send_on
from exchange.wire.message import ChallengeBody, FeedbackBody, InterimBody, WithdrawalBody
from woshou.cli.call import Call, command
from woshou.cli.people import read_record
from woshou.cli.sides import ExchangeId, RecordOption, RoleOption, row_of, side
from woshou.cli.words import say


def speak(call: Call, exchange: str, kind: Kind, body: Body = NOTHING) -> None:
    """Queue a message about an exchange; it is delivered by `woshou jobs`."""
    with call.office() as office, office.ledgers.transaction() as ledger:
        message = reply(ledger, office.node, side(ledger, exchange, SENDER[kind]), Said(kind=kind, body=body), office.now())
    made = {"exchange": exchange, "message": message.id, "kind": kind}
    call.done(made, f"已排队等待投递：{kind.value}", f"Queued for delivery: {kind.value}")


def install_answer(app: typer.Typer, name: str) -> None:
    """Add the command that gives feedback; it stands in the group and, since it is the commonest, at the top as well."""

    @command(app, name, zh="反馈", en="Give feedback")
    def answer(
        call: Call,
        exchange: ExchangeId,
        result: Annotated[Result, typer.Argument(help=say("结果", "result"))],
        record: RecordOption = None,
        moved_to: Annotated[str | None, typer.Option(help=say("去向，至多 4 位代码", "where to, at most 4 digits"))] = None,
        right_county: Annotated[str | None, typer.Option(help=say("应询问的区县代码", "the county to ask instead"))] = None,
        reason: Annotated[RefusalReason | None, typer.Option(help=say("拒绝原因", "why it is refused"))] = None,
        handled_by: Annotated[str | None, typer.Option(help=say("承办乡镇代码", "township that handled it"))] = None,
    ) -> None:
        body = FeedbackBody(
            result=result,
            record=read_record(record),
            moved_to=moved_to,
            jurisdiction=right_county,
            reason=reason,
            handled_by=handled_by,
        )
        speak(call, exchange, Kind.FEEDBACK, body)


def install_replies(app: typer.Typer) -> None:
    """Add the commands that say something about an exchange."""
    install_answer(app, "answer")

    @command(app, "interim", zh="暂复：答复将迟到", en="Announce a late answer")
    def interim(
        call: Call,
        exchange: ExchangeId,
        reason: Annotated[InterimReason, typer.Option(help=say("原因", "why"))],
        expected: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help=say("预计日期", "expected day"))],
    ) -> None:
        speak(call, exchange, Kind.INTERIM, InterimBody(reason=reason, expected=expected.date()))

    @command(app, "challenge", zh="再交流：退回反馈", en="Return a feedback as wrong or incomplete")
    def challenge(
        call: Call,
        exchange: ExchangeId,
        reason: Annotated[ChallengeReason, typer.Option(help=say("原因", "why"))],
        item: Annotated[list[Item], typer.Option(help=say("项目，可多次", "item; repeatable"))],
    ) -> None:
        speak(call, exchange, Kind.CHALLENGE, ChallengeBody(reason=reason, items=item))

    @command(app, "confirm", zh="确认反馈，办结", en="Accept the feedback; the exchange closes")
    def confirm(call: Call, exchange: ExchangeId) -> None:
        speak(call, exchange, Kind.CONFIRMATION)

    @command(app, "remind", zh="催办", en="Send a reminder")
    def remind(call: Call, exchange: ExchangeId) -> None:
        speak(call, exchange, Kind.REMINDER)

    @command(app, "withdraw", zh="撤回", en="Take an exchange back")
    def withdraw(
        call: Call,
        exchange: ExchangeId,
        reason: Annotated[WithdrawalReason, typer.Option(help=say("原因", "why"))],
    ) -> None:
        speak(call, exchange, Kind.WITHDRAWAL, WithdrawalBody(reason=reason))

    @command(app, "send-on", zh="转送至正确地区", en="Send on to the right county")
    def send_on_to(
        call: Call,
        exchange: ExchangeId,
        to: Annotated[str | None, typer.Option(help=say("区县代码，默认取答复所指", "county; default the answer's"))] = None,
        correct_entry: Annotated[
            bool, typer.Option("--correct-entry", help=say("同时更正个案的对方地区", "correct the entry's other side as well"))
        ] = False,
    ) -> None:
        with call.office() as office, office.ledgers.transaction() as ledger:
            held = side(ledger, exchange, SENDER[Kind.CONFIRMATION])
            sent = send_on(ledger, office.node, held, office.now(), to=to, correct_entry=correct_entry)
            after = row_of(ledger, office, sent.after)
        made = {
            "before": exchange,
            "confirmed": sent.confirmed,
            "entry_corrected": sent.entry_corrected,
            "after": after,
        }
        call.done(made, f"已转送 {after['other']}：{after['exchange']}", f"Sent on to {after['other']}: {after['exchange']}")
        if sent.note is not None:
            call.note(sent.note.zh, sent.note.en)

    @command(app, "pair", zh="与本地个案配对", en="Pair with a local entry")
    def pair_with(
        call: Call,
        exchange: ExchangeId,
        entry: Annotated[str, typer.Argument(help=say("个案编号", "entry"))],
        role: RoleOption = None,
    ) -> None:
        with call.office() as office, office.ledgers.transaction() as ledger:
            made = row_of(ledger, office, pair(ledger, side(ledger, exchange, role), entry, office.now()))
        call.done(made, "已配对。", "Paired.")
