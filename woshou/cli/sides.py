"""What the commands about exchanges share: options, the side that is held here, how it is shown."""

from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from adapters.office import Office
from api.models.exchanges import ExchangeRow
from exchange.codes import Role
from exchange.errors import Conflict, NotFound
from exchange.exchanges import Exchange
from exchange.ledger import Ledger
from exchange.verbs.reply import NotYourRole
from woshou.cli.audit import told_for
from woshou.cli.words import say

ExchangeId = Annotated[str, typer.Argument(help=say("交换编号", "exchange"))]
DayOption = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help=say("日期", "day"))]
RecordOption = Annotated[Path | None, typer.Option(help=say("婚育信息 JSON 文件，- 为标准输入", "record as JSON; - for stdin"))]
RoleOption = Annotated[Role | None, typer.Option(help=say("发起方或被询方", "asker or asked"))]


def day(moment: datetime | None) -> date | None:
    """The civil day that was written."""
    return moment.date() if moment else None


def row_of(ledger: Ledger, office: Office, exchange: Exchange) -> dict[str, Any]:
    """An exchange as the API lists it; who sits at the node is told whose it is."""
    partners = {link.id: link.partner for link in ledger.links.all()}
    shown = ExchangeRow.of(exchange, partners[exchange.key.link], office.now(), office.node.rules.lapse_days, of_whom=True)
    return shown.model_dump(mode="json", by_alias=True)


def side(ledger: Ledger, exchange: str, role: Role | None) -> Exchange:
    """The side of an exchange that is held here; both are, for two counties of one node."""
    held = ledger.exchanges.named(exchange)
    found = [each for each in held if role is None or each.key.role is role]
    if held and not found:
        raise NotYourRole
    if not found:
        raise NotFound
    if len(found) > 1:
        raise Conflict(zh="双方都在本节点，请用 --role 指定。", en="Both sides are held here: name one with --role.")
    told_for(found[0].purpose)
    return found[0]
