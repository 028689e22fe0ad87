"""`woshou subject exposed`: whose data a breach concerns."""

from datetime import datetime, timedelta
from typing import Annotated, Any

import typer

from adapters.auditing.trail import concerning
from adapters.office import Office
from exchange.auditing.event import Actor, ActorKind, of_case, of_entry, of_exchange
from exchange.errors import Invalid, NotFound
from exchange.ledger import Ledger
from exchange.moments import SHANGHAI
from exchange.persons.exposure import Breach
from exchange.verbs.auditing.who_saw import shown_to
from exchange.verbs.persons.expose import expose
from woshou.cli import show
from woshou.cli.call import Call, command
from woshou.cli.words import say

_MOMENTS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]
_SUMS = {
    "since": ("自", "Since"),
    "until": ("至", "Until"),
    "persons": ("人数", "Persons"),
    "protected_count": ("其中受保护的及其亲属", "Of them protected, or beside one who is"),
    "of_children": ("子女", "Children"),
    "entry_count": ("个案", "Entries"),
    "exchange_count": ("交换", "Exchanges"),
    "case_count": ("事项", "Cases"),
    "check_count": ("证明验证", "Certificate checks"),
    "erased_count": ("交换中已擦除", "Exchanges erased"),
    "erased_entry_count": ("个案中已擦除", "Entries erased"),
    "erased_person_count": ("另有已擦除的人", "Persons erased, beside those"),
}
_FIELDS = {"field": ("字段", "Field"), "persons": ("人数", "Persons")}
_PEOPLE = {
    "name": ("姓名", "Name"),
    "document": ("证件号码", "Document"),
    "relations": ("身份", "As"),
    "protected": ("受保护", "Protected"),
    "fields": ("字段", "Fields"),
    "children": ("子女", "Children"),
    "entries": ("个案", "Entries"),
    "exchanges": ("交换", "Exchanges"),
    "checks": ("证明验证", "Checks"),
}


class WhichBreach(Invalid):
    """No beginning is given and none follows from what was lost, or more than one thing is named."""

    code = "which-breach"
    zh = "请用 --since 指明起始时刻；--partner、--key、--api-key 只能指明一项。"
    en = "Say since when with --since; name only one of --partner, --key and --api-key."


def install_exposed(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "exposed", zh="泄露时涉及何人、哪些内容、自何时", en="Whose data a breach concerns, which, and since when")
    def exposed(
        call: Call,
        since: Annotated[
            datetime | None, typer.Option(formats=_MOMENTS, help=say("起始（北京时间）", "since, Shanghai time"))
        ] = None,
        until: Annotated[
            datetime | None, typer.Option(formats=_MOMENTS, help=say("截止；默认现在", "until; now by default"))
        ] = None,
        partner: Annotated[str | None, typer.Option(help=say("协作方：其所持", "partner: what it holds"))] = None,
        key: Annotated[str | None, typer.Option(help=say("密钥 kid：期间所传", "a key's kid: what was sent and taken"))] = None,
        api_key: Annotated[
            str | None, typer.Option(help=say("接口密钥编号：其所见", "an API key's id: what it was shown"))
        ] = None,
        jurisdiction: Annotated[str | None, typer.Option(help=say("区县代码", "county code"))] = None,
        people: Annotated[bool, typer.Option("--people", help=say("含姓名，用于通知", "with names, to notify"))] = False,
    ) -> None:
        if sum(each is not None for each in (partner, key, api_key)) > 1:
            raise WhichBreach
        with call.office() as office, office.ledgers.transaction(read_only=True) as ledger:
            counties, begins = call.counties(office, jurisdiction), _moment(since)
            ends, shown = _moment(until) or office.now(), None
            if key is not None:
                partner, begins = _key(office, ledger, key, begins)
            if api_key is not None:
                held = ledger.access.api_key(api_key)
                if held is None:
                    raise NotFound
                begins = begins or held.created_at
                reader = Actor(kind=ActorKind.KEY, id=held.id)
                shown = shown_to(ledger, office.node.jurisdictions, reader, begins, ends)
            if partner is not None and ledger.links.of(partner) is None:
                raise NotFound
            if begins is None:
                raise WhichBreach
            breach = Breach(since=begins, until=ends, counties=counties, partner=partner, moved=key is not None, shown=shown)
            with call.progress("正在查看全部个案与消息", "Looking through all entries and messages"):
                found = expose(ledger, office.node, breach)
        if people:
            ids = (*map(of_entry, found.entries), *map(of_exchange, found.exchanges), *map(of_case, found.cases))
            concerning(ids, count=len(found.people), shown=found.fields)
        protected = sum(each.protected for each in found.people)
        if protected:
            call.note(
                f"{protected} 人受保护或列于受保护者的记录：通知前逐一人工核对，勿透露其存在与所在地，以免危及。",
                f"{protected} persons are protected, or stand in the record of one who is: see to each by hand before notifying;"
                " a notice that says that or where they are can endanger them.",
            )
        told: dict[str, Any] = {
            "since": found.breach.since,
            "until": found.breach.until,
            "persons": len(found.people),
            "protected_count": protected,
            "of_children": sum(each.children for each in found.people),
            "entry_count": len(found.entries),
            "exchange_count": len(found.exchanges),
            "case_count": len(found.cases),
            "check_count": len(found.checks),
            "erased_count": len(found.erased),
            "erased_entry_count": len(found.erased_entries),
            "erased_person_count": found.erased_people,
        }
        if call.json:
            lists = {
                name: getattr(found, name) for name in ("entries", "exchanges", "cases", "checks", "erased", "erased_entries")
            }
            show.print_json({**told, "fields": found.fields, **lists, "people": found.people if people else None})
            return
        call.card(told, _SUMS)
        call.rows([{"field": name, "persons": count} for name, count in found.fields.items()], _FIELDS)
        if people:
            call.rows(found.people, _PEOPLE)
        if found.erased or found.erased_entries:
            call.note(
                "已擦除的也曾涉及人员：是谁、说了什么，本节点已不可知。",
                "What is erased concerned somebody too: who it was and what it said is not known here any more.",
            )


def _moment(clock: datetime | None) -> datetime | None:
    return clock.replace(tzinfo=SHANGHAI) if clock is not None else None


def _key(office: Office, ledger: Ledger, kid: str, since: datetime | None) -> tuple[str | None, datetime]:
    """Whose key it is: a partner's, or our own, which opens every link; and since when it can have been used by others."""
    us = office.myself()
    for partner in (us, *ledger.partners.all()):
        for held in partner.keys:
            if held.kid == kid:
                # A key that was not yet born can have opened nothing; a slow clock is allowed for.
                begins = max(since or held.not_before, held.not_before - timedelta(minutes=1))
                return (None if partner is us else partner.node), begins
    raise NotFound
