"""`woshou assign`: hand exchanges to townships, take them back, see who had them."""

from datetime import datetime
from typing import Annotated

import typer

from adapters.answer_sheet import MOST_ROWS
from adapters.office import Office
from api.models.assignments import AssignedRow, AssignmentShown
from exchange.codes import Role
from exchange.exchanges import Exchange
from exchange.ledger import Ledger
from exchange.verbs.work.assign import assign_all, give_back, townships_of
from exchange.verbs.work.take_over import take_over
from exchange.verbs.work.to_answer import whole_list
from exchange.work.assignment import BY_COMMAND, ReturnReason
from exchange.work.worklists import WorkFilter, Worklist
from woshou.cli import show
from woshou.cli.call import Call, command
from woshou.cli.sides import ExchangeId, RoleOption, row_of, side
from woshou.cli.words import say

_ASSIGNED = {
    "exchange": ("编号", "Exchange"),
    "outcome": ("结果", "Outcome"),
    "township": ("乡镇", "Township"),
    "due": ("内部时限", "Internal due"),
    "problem": ("问题", "Problem"),
}
_STEPS = {
    "at": ("时间", "At"),
    "township": ("乡镇", "Township"),
    "due": ("内部时限", "Internal due"),
    "reason": ("退回原因", "Reason"),
    "by": ("操作者", "By"),
}

CountyOption = Annotated[str | None, typer.Option(help=say("本方区县代码", "own county"))]


def install(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "assign", zh="分派给乡镇", en="Hand exchanges to townships")
    def assign(
        call: Call,
        exchange: Annotated[list[str] | None, typer.Argument(help=say("交换编号，可多个", "exchanges"))] = None,
        township: Annotated[str | None, typer.Option(help=say("乡镇代码（9 位）", "township, nine digits"))] = None,
        by_entry: Annotated[
            bool, typer.Option("--by-entry", help=say("按所配个案的乡镇", "each to its paired entry's township"))
        ] = False,
        all_: Annotated[bool, typer.Option("--all", help=say("待分派清单的全部", "all that is to be assigned"))] = False,
        due: Annotated[
            datetime | None, typer.Option(formats=["%Y-%m-%d"], help=say("内部时限，默认自动计算", "internal limit"))
        ] = None,
        jurisdiction: CountyOption = None,
    ) -> None:
        if (township is None) != by_entry:
            raise typer.BadParameter(say("--township 与 --by-entry 须且只须一项", "give --township or --by-entry, one of them"))
        if bool(exchange) == all_:
            raise typer.BadParameter(say("须指明交换编号或 --all", "name exchanges, or --all"))
        with call.office() as office, office.ledgers.transaction() as ledger:
            held = (
                _to_assign(call, office, ledger, jurisdiction)
                if all_
                else [side(ledger, one, Role.ASKED) for one in exchange or []]
            )
            until = due.date() if due is not None else None
            done = assign_all(ledger, office.node, held, township, due=until, by=BY_COMMAND, now=office.now())
            steps = townships_of(ledger, [one for one in done.values() if isinstance(one, Exchange)])
            rows = [AssignedRow.of(key.exchange, one, steps.get(key)) for key, one in done.items()]
        if call.json:
            call.rows(rows, _ASSIGNED)
        else:
            show.print_table([{**show.members(row), "problem": _told(row)} for row in rows], _ASSIGNED)


def _told(row: AssignedRow) -> str | None:
    return say(row.problem["title"], row.problem["detail"]) if row.problem else None


def _to_assign(call: Call, office: Office, ledger: Ledger, jurisdiction: str | None) -> list[Exchange]:
    wanted = WorkFilter.at(call.counties(office, jurisdiction), office.now())
    return [item.exchange for item in whole_list(ledger, Worklist.TO_ASSIGN, wanted, MOST_ROWS)]


def install_steps(exchange: typer.Typer) -> None:
    """Add what is done with one exchange that was assigned to the group of exchanges."""

    @command(exchange, "return", zh="乡镇退回所分派的事项", en="Give an exchange back to the county")
    def give_it_back(
        call: Call, exchange: ExchangeId, reason: Annotated[ReturnReason, typer.Argument(help=say("原因", "why"))]
    ) -> None:
        with call.office() as office, office.ledgers.transaction() as ledger:
            held = side(ledger, exchange, Role.ASKED)
            made = row_of(ledger, office, give_back(ledger, held, reason, by=BY_COMMAND, now=office.now()))
        call.done(made, "已退回。", "Given back.")

    @command(exchange, "clerk", zh="交由一名经办人办理（领办、移交）", en="Put an exchange into a clerk's hands")
    def give_to_clerk(
        call: Call,
        exchange: ExchangeId,
        clerk: Annotated[str, typer.Argument(help=say("经办人的密钥编号", "the clerk's key"))],
        role: RoleOption = None,
    ) -> None:
        with call.office() as office, office.ledgers.transaction() as ledger:
            made = row_of(ledger, office, take_over(ledger, side(ledger, exchange, role), None, office.now(), clerk))
        call.done(made, "已交由该经办人办理。", "It is that clerk's now.")

    @command(exchange, "assignments", zh="查看历次分派与退回", en="Show who had an exchange")
    def list_steps(call: Call, exchange: ExchangeId) -> None:
        with call.office() as office, office.ledgers.transaction(read_only=True) as ledger:
            key = side(ledger, exchange, Role.ASKED).key
            steps = ledger.assignments.of([key]).get(key, ())
        call.rows([AssignmentShown.of(step) for step in steps], _STEPS)
