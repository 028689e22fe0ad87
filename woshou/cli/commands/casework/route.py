"""`woshou route`: which node a county's exchanges go to."""

from typing import Annotated

import typer

from api.models.base import Doubt
from api.models.casework.routes import RouteFound, WayShown
from exchange.moments import civil_day
from exchange.routing.today import todays_code
from exchange.verbs.routing.find import route, table_of
from exchange.verbs.routing.pin import pin, unpin
from woshou.cli.call import Call, command, group
from woshou.cli.words import say

_COLUMNS = {
    "prefix": ("代码前缀", "Prefix"),
    "partner": ("协作方", "Partner"),
    "pinned": ("人工指定", "Pinned"),
    "own": ("本节点", "Own"),
    "active": ("联络正常", "Active"),
}
_FOUND = {"code": ("代码", "Code"), "today": ("现行代码", "Today"), "name": ("名称", "Name"), **_COLUMNS}
CodeArgument = Annotated[
    str, typer.Argument(help=say("区划代码或其前 2、4 位（420000 即 42）", "division code, or its first 2 or 4 digits"))
]


def install(app: typer.Typer) -> None:
    """Add the group."""
    routes = group("路由：哪个地区由哪个节点服务", "Routes: which node serves which county")
    app.add_typer(routes, name="route")

    @command(routes, "list", zh="列出路由表", en="List the routing table")
    def list_routes(call: Call) -> None:
        with call.office() as office, office.ledgers.transaction(read_only=True) as ledger:
            ways = [WayShown.of(way) for way in table_of(ledger, office.node).ways]
        call.rows(ways, _COLUMNS)

    @command(routes, "test", zh="查看发往某区县的信息走向", en="Show where a county's exchanges go")
    def test(call: Call, code: Annotated[str, typer.Argument(help=say("区县代码，含已撤销的", "county, even retired"))]) -> None:
        with call.office() as office, office.ledgers.transaction(read_only=True) as ledger:
            divisions = office.node.divisions
            today = todays_code(divisions, code, civil_day(office.now()))
            found = RouteFound(
                code=code,
                today=today.code,
                name=divisions.full_name(today.code),
                way=WayShown.of(route(ledger, office.node, today.code)),
                notes=[Doubt.of(today.note)] if today.note is not None else [],
            )
        call.card(found if call.json else {**dict(found), **dict(found.way)}, _FOUND)
        for note in found.notes:
            call.note(note.zh, note.en)

    @command(routes, "set", zh="将代码或前缀指定给协作方", en="Pin a code or a prefix to a partner")
    def pin_one(
        call: Call, code: CodeArgument, node: Annotated[str, typer.Argument(help=say("协作方节点名", "the partner's node name"))]
    ) -> None:
        with call.office() as office, office.ledgers.transaction() as ledger:
            made = pin(ledger, office.node, code, node, office.now())
        told = {"prefix": made.prefix, "partner": made.partner}
        call.done(told, f"{made.prefix} → {made.partner}", f"{made.prefix} → {made.partner}")

    @command(routes, "unset", zh="取消指定", en="Take a pin out")
    def unpin_one(call: Call, code: CodeArgument) -> None:
        with call.office() as office, office.ledgers.transaction() as ledger:
            unpin(ledger, code)
        call.done({"code": code}, "已取消。", "Taken out.")
