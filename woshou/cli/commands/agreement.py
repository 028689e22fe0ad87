"""`woshou agreement`: propose, list, show, decide."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from api.models.agreements import AgreementShown, Proposal
from exchange.codes import Item, Purpose
from exchange.errors import NotFound
from exchange.jurisdiction import Category
from exchange.node import NotServed
from exchange.terms.agreement import (
    DECISION_TYPES,
    PROPOSAL_TYPE,
    DecisionWord,
    RegisterComparison,
    SignedAgreement,
    Standing,
    read_agreement,
    write_terms,
)
from exchange.verbs.agree import NotYourDecision, decide, propose
from woshou.cli.call import Call, command, group
from woshou.cli.people import read_json
from woshou.cli.words import say

_COLUMNS = {
    "digest": ("摘要", "Digest"),
    "partner": ("协作方", "Partner"),
    "between": ("双方", "Between"),
    "ours": ("本方提出", "Ours"),
    "standing": ("状况", "Standing"),
    "in_force": ("生效", "In force"),
    "valid_from": ("自", "From"),
    "valid_until": ("至", "Until"),
    "unsent": ("待发", "Unsent"),
}
_CARD = {
    **_COLUMNS,
    "directions": ("方向", "Directions"),
    "kinds": ("种类", "Kinds"),
    "purposes": ("用途", "Purposes"),
    "categories": ("类别", "Categories"),
    "notes_allowed": ("允许附言", "Notes allowed"),
    "compared": ("比对台账", "Registers compared by"),
    "difference_limit": ("比对差异限额", "Differences at most"),
    "queries_per_day": ("每日协查上限", "Queries a day"),
    "known_at": ("收到", "Known"),
    "decided_at": ("决定", "Decided"),
    "ended_at": ("终止", "Ended"),
}
Digest = Annotated[str, typer.Argument(help=say("协议摘要，可只写开头", "digest, or its beginning"))]
Jurisdiction = Annotated[str | None, typer.Option(help=say("本方地区代码", "own jurisdiction"))]


def _flat(row: AgreementShown) -> dict[str, Any]:
    terms = row.terms
    comparison = terms.register_comparison
    compared: list[str] = [*comparison.items] or ["persons"]
    told = {
        "between": [f"{party.jurisdiction}@{party.node}" for party in terms.parties],
        "compared": compared if comparison.allowed else False,
        "difference_limit": comparison.difference_limit if comparison.allowed else None,
    }
    return {**{name: getattr(terms, name) for name in terms.__struct_fields__}, **vars(row), **told}


def _print(call: Call, row: AgreementShown) -> None:
    call.card(row if call.json else _flat(row), _CARD)


def _found(agreements: list[SignedAgreement], beginning: str) -> SignedAgreement:
    found = [signed for signed in agreements if signed.digest.startswith(beginning)]
    if len(found) != 1:
        raise NotFound
    return found[0]


def install(app: typer.Typer) -> None:
    """Add the group."""
    agreement = group(
        "协作协议：提出、查看、接受、谢绝、撤回、终止", "Agreements: propose, list, show, accept, decline, withdraw, end"
    )
    app.add_typer(agreement, name="agreement")
    _install_proposing(agreement)
    _install_reading(agreement)
    for name, word, standing, zh, en in (
        ("accept", DecisionWord.ACCEPTED, Standing.PROPOSED, "接受对方的提案", "Accept a partner's proposal"),
        ("decline", DecisionWord.DECLINED, Standing.PROPOSED, "谢绝对方的提案", "Decline a partner's proposal"),
        ("withdraw", DecisionWord.ENDED, Standing.PROPOSED, "撤回本方尚未决定的提案", "Take an own open proposal back"),
        ("end", DecisionWord.ENDED, Standing.ACCEPTED, "终止已生效的协议", "End an agreement in force"),
    ):
        _install_decision(agreement, name, word, standing, zh, en)


def _install_proposing(app: typer.Typer) -> None:
    @command(app, "propose", zh="向协作方提出协议", en="Propose an agreement to a partner")
    def propose_terms(
        call: Call,
        partner: Annotated[str, typer.Argument(help=say("协作方节点名", "the partner's node name"))],
        theirs: Annotated[str, typer.Argument(help=say("对方地区代码", "the partner's jurisdiction"))],
        jurisdiction: Jurisdiction = None,
        purpose: Annotated[list[Purpose] | None, typer.Option(help=say("用途，可多次；默认全部", "purpose; default all"))] = None,
        intra_city: Annotated[
            bool, typer.Option("--intra-city", help=say("含市内人户分离", "also movers within a city"))
        ] = False,
        compare: Annotated[
            list[Item] | None,
            typer.Option(help=say("对账时比对台账及此项目，可多次", "compare registers, and in them this item; repeatable")),
        ] = None,
        queries_per_day: Annotated[int | None, typer.Option(min=1, help=say("每日协查上限", "queries a day at most"))] = None,
        rules: Annotated[str | None, typer.Option(help=say("规则集版本，默认本节点现用", "rule set; the current one"))] = None,
        valid_from: Annotated[
            datetime | None, typer.Option(formats=["%Y-%m-%d"], help=say("生效日，默认今天", "first day; today by default"))
        ] = None,
        valid_until: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help=say("截止日", "last day"))] = None,
        terms: Annotated[
            Path | None, typer.Option(exists=True, help=say("协议条款 JSON（同接口格式），代替其他选项", "all terms as JSON"))
        ] = None,
    ) -> None:
        with call.office() as office:
            now, node = office.now(), office.node
            if terms is not None:
                proposal = read_json(terms.read_bytes(), Proposal)
            else:
                proposal = Proposal(
                    partner=partner,
                    jurisdiction=call.county(office, jurisdiction),
                    with_=theirs,
                    purposes=tuple(purpose) if purpose else tuple(Purpose),
                    categories=tuple(Category) if intra_city else (Category.MIGRANT,),
                    register_comparison=RegisterComparison(allowed=bool(compare), items=tuple(dict.fromkeys(compare or ()))),
                    queries_per_day=queries_per_day,
                    rules=rules,
                    valid_from=valid_from.date() if valid_from else None,
                    valid_until=valid_until.date() if valid_until else None,
                )
            agreed = read_agreement(write_terms(proposal.terms(node, now)))
            with office.ledgers.transaction() as ledger:
                row = AgreementShown.of(propose(ledger, node, agreed, now, office.signer(PROPOSAL_TYPE)), now)
        _print(call, row)


def _install_reading(app: typer.Typer) -> None:
    @command(app, "list", zh="列出协议", en="List agreements")
    def list_agreements(call: Call) -> None:
        with call.office() as office, office.ledgers.transaction(read_only=True) as ledger:
            rows = [AgreementShown.of(signed, office.now()) for signed in ledger.agreements.all()]
        call.rows(rows if call.json else [_flat(row) for row in rows], _COLUMNS)

    @command(app, "show", zh="查看协议", en="Show an agreement")
    def show(call: Call, digest: Digest) -> None:
        with call.office() as office, office.ledgers.transaction(read_only=True) as ledger:
            row = AgreementShown.of(_found(ledger.agreements.all(), digest), office.now())
        _print(call, row)


def _install_decision(app: typer.Typer, name: str, word: DecisionWord, standing: Standing, zh: str, en: str) -> None:
    @command(app, name, zh=zh, en=en)
    def say_word(call: Call, digest: Digest, jurisdiction: Jurisdiction = None) -> None:
        with call.office() as office:
            now, node = office.now(), office.node
            with office.ledgers.transaction() as ledger:
                held = _found(ledger.agreements.all(), digest)
                if held.standing is not standing:
                    raise NotYourDecision
                own = [party.jurisdiction for party in held.agreement.parties if party.node == node.name]
                speaking = jurisdiction or (own[0] if len(own) == 1 else None)
                if speaking is None or speaking not in own:
                    raise NotServed
                decided = decide(ledger, node, held.digest, word, speaking, now, office.signer(DECISION_TYPES[word]))
                row = AgreementShown.of(decided, now)
        _print(call, row)
