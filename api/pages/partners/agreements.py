"""Agreements as pages: those there are, one in words, a proposal by a form, and the coordinator's word."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Query, Response

from adapters.office import Office
from api.access import Caller, CoordinatorDep, HolderDep, LedgerDep, OfficeDep, ReadLedgerDep
from api.local.agreements import DigestPath, decided, list_agreements, proposed, read_one_agreement
from api.models.agreements import SUBJECTS, AgreementShown, Deciding, Proposal
from api.models.base import Sentence
from api.pages.forms import Fields, FieldsDep
from api.pages.once import SentDep
from api.pages.route import Page, Viewer, ViewerDep, back_to, page_router, see_other
from api.rights import COORDINATOR
from exchange.codes import Item, Kind, Purpose
from exchange.errors import Conflict, Invalid
from exchange.jurisdiction import Category
from exchange.ledger import Ledger
from exchange.moments import civil_day
from exchange.partners import PartnerStatus
from exchange.terms.agreement import DecisionWord, Party, Side, Standing

router = page_router()
PATH: Final = "/agreements"
ONE: Final = "/agreements/{digest}"
LISTS: Final = ("kinds", "purposes", "items", "categories", "compared")
# Of which lists something has to be ticked, items where something may be asked; nobody else chooses them.
NEEDED: Final[Mapping[str, Sentence]] = {
    "categories": Sentence("请勾选涉及哪些人员。", "Tick which people it is about."),
    "kinds": Sentence("请至少勾选一种事项。", "Tick at least one matter."),
    "purposes": Sentence(
        "请至少勾选一种用途：没有写明的用途不能协查、通报。", "Tick at least one purpose: nothing is exchanged for another."
    ),
    "items": Sentence(
        "允许协查的，请至少勾选一个可以问的项目。", "Tick at least one item that may be asked, as queries are allowed."
    ),
}
# The lines of the table of limits that the rule sets have; another one is called by its own name.
LIMITS: Final[Mapping[str, Sentence]] = {
    "certificate_verification": Sentence("婚育证明核验", "checking a certificate"),
    "birth_registration": Sentence("生育登记协查", "queries for a birth registration"),
    "urgent_query": Sentence("紧急协查", "urgent queries"),
    "normal_query": Sentence("一般协查", "other queries"),
    "notice": Sentence("通报", "notices"),
}


class AgreementStands(Conflict):
    """The two places have an agreement, or a proposal of one; it has to be said that another one is meant."""

    code = "agreement-stands"
    zh = "这两地之间已有协议或提案，列在表单末尾。确要另签一份的，请看过后勾选“仍要签署”。"
    en = (
        "These places have an agreement or a proposal already: see the end of the form, and tick there that you mean another one."
    )


@dataclass(frozen=True, slots=True)
class Rule:
    """Which items may be asked or sent, and for which subjects and purposes this is the same."""

    items: tuple[Item, ...]
    subjects: tuple[str, ...]
    purposes: tuple[Purpose, ...]


@router.get(PATH)
def show_agreements(viewer: ViewerDep, caller: HolderDep, office: OfficeDep, ledger: ReadLedgerDep) -> Page:
    """Those that concern the viewer's place: what waits for a word comes first, then what is in force, the newest first."""
    rows = sorted(list_agreements(caller, office, ledger).items, key=lambda row: row.terms.valid_from, reverse=True)
    waiting = {row.digest for row in awaited(viewer, caller, office, ledger)}
    rows.sort(key=lambda row: (row.digest not in waiting, not row.in_force, row.standing is not Standing.ACCEPTED))
    return viewer.page(
        "agreements.html",
        rows=rows,
        waiting=waiting,
        waits=waits,
        divisions=office.node.divisions,
        may=viewer.may(COORDINATOR),
    )


@router.get("/agreements/new")
def show_proposal(viewer: ViewerDep, caller: CoordinatorDep, office: OfficeDep, ledger: ReadLedgerDep) -> Page:
    """The form of a proposal."""
    divisions = office.node.divisions
    own = [caller.jurisdiction, *sorted(caller.counties - {caller.jurisdiction})]
    partners = [each for each in ledger.partners.all() if each.status is PartnerStatus.ACTIVE]
    return viewer.page(
        "agreement_new.html",
        own=[(code, divisions.name(code)) for code in own],
        partners=[(each.node, f"{each.name} · {each.node}") for each in partners],
        theirs=[(code, divisions.name(code)) for each in partners for code in each.confirmed],
        kinds=SUBJECTS,
        items=tuple(Item),
        purposes=tuple(Purpose),
        categories=tuple(Category),
        standing=_standing(office, caller, ledger, viewer.given),
        divisions=divisions,
    )


@router.post("/agreements/new")
@back_to("/agreements/new")
def propose_terms(caller: CoordinatorDep, sent: SentDep, office: OfficeDep, ledger: LedgerDep, fields: FieldsDep) -> Response:
    """Sign the proposal; it goes out with the next delivery."""
    wanted = proposal_of(fields)
    if "beside" not in fields and _standing(office, caller, ledger, fields):
        raise AgreementStands(pointer="/beside")
    signed = proposed(caller, office, ledger, wanted)
    return sent.lead(ONE.format(digest=signed.digest) + "?done=proposed")


@router.get(ONE)
def show_agreement(
    viewer: ViewerDep,
    caller: HolderDep,
    office: OfficeDep,
    ledger: ReadLedgerDep,
    digest: DigestPath,
    done: Annotated[str, Query(max_length=20)] = "",
) -> Page:
    """One agreement in words."""
    row = read_one_agreement(caller, office, ledger, digest)
    return viewer.page(
        "agreement.html",
        row=row,
        terms=row.terms,
        rules=rules_of(row),
        limits=LIMITS,
        may=words_left(viewer, office, caller, ledger, row),
        done=done,
        divisions=office.node.divisions,
        node=office.node.name,
    )


@router.post(ONE + "/decision")
@back_to(ONE)
def decide_terms(caller: CoordinatorDep, office: OfficeDep, ledger: LedgerDep, digest: DigestPath, fields: FieldsDep) -> Response:
    """The coordinator's word."""
    body = fields.shape(Deciding)
    decided(caller, office, ledger, digest, body)
    return see_other(ONE.format(digest=digest) + f"?done={body.decision}")


def proposal_of(fields: Fields) -> Proposal:
    """The proposal that the form says; what is ticked is the list, and an empty list is none."""
    ticked = {name: [key.partition(".")[2] for key in fields if key.startswith(f"{name}.")] for name in LISTS}
    for name, told in NEEDED.items():
        if not ticked[name] and (name != "items" or Kind.QUERY in ticked["kinds"]):
            raise Invalid(zh=told.zh, en=told.en, pointer=f"/{name}")
    comparing = {"allowed": "compare" in fields, "items": ticked["compared"] if "compare" in fields else []}
    if "compare" in fields and "difference_limit" in fields:
        comparing["difference_limit"] = fields["difference_limit"]
    plain = {name: fields[name] for name in fields if "." not in name}
    given = Fields.of({**plain, "notes_allowed": "true" if "notes_allowed" in fields else "false"})
    lists = {name: ticked[name] for name in ("kinds", "purposes", "items", "categories")}
    return given.shape(Proposal, **lists, register_comparison=comparing)


def waits(row: AgreementShown) -> bool:
    """Whether it is this node's word that is awaited."""
    return row.standing is Standing.PROPOSED and not row.ours


def awaited(viewer: Viewer, caller: Caller, office: Office, ledger: Ledger) -> list[AgreementShown]:
    """The proposals that the viewer can accept or decline."""
    if not viewer.may(COORDINATOR):
        return []
    found = [row for row in list_agreements(caller, office, ledger).items if row.standing is Standing.PROPOSED]
    return [row for row in found if DecisionWord.ACCEPTED in words_left(viewer, office, caller, ledger, row)]


def _standing(office: Office, caller: Caller, ledger: Ledger, given: Mapping[str, str]) -> list[AgreementShown]:
    """What is in force or proposed between the two places of a form, or places that contain or lie in them."""
    divisions, node = office.node.divisions, office.node.name
    own, other = (node, given.get("jurisdiction", "")), (given.get("partner", ""), given.get("with", ""))
    if not all(divisions.is_known(code) for _, code in (own, other)):
        return []

    def meets(party: Party, side: Side) -> bool:
        of, code = side
        place = party.jurisdiction
        return party.node == of and (divisions.contains(place, code) or divisions.contains(code, place))

    def is_between(first: Party, second: Party) -> bool:
        return (meets(first, own) and meets(second, other)) or (meets(first, other) and meets(second, own))

    today = civil_day(office.now())
    return [
        row
        for row in list_agreements(caller, office, ledger).items
        if row.standing in (Standing.ACCEPTED, Standing.PROPOSED)
        and (row.terms.valid_until is None or row.terms.valid_until >= today)
        and is_between(*row.terms.parties)
    ]


def words_left(viewer: Viewer, office: Office, caller: Caller, ledger: Ledger, row: AgreementShown) -> frozenset[str]:
    """What the viewer can say to it now, for those of the parties that are his to speak for."""
    node, divisions, held = office.node.name, office.node.divisions, ledger.agreements.get(row.digest)
    if held is None or not viewer.may(COORDINATOR):
        return frozenset()
    own = [party.jurisdiction for party in row.terms.parties if party.node == node]
    return frozenset(word.value for code in own if divisions.contains(caller.jurisdiction, code) for word in held.words(code))


def rules_of(row: AgreementShown) -> list[Rule]:
    """What may be asked and sent: subjects and purposes of which the same holds stand together."""
    by_pair = {
        (subject, purpose): row.terms.items_for(subject, purpose) for subject in row.terms.kinds for purpose in row.terms.purposes
    }
    grouped: dict[frozenset[Item], list[tuple[str, Purpose]]] = {}
    for pair, items in by_pair.items():
        grouped.setdefault(items, []).append(pair)
    rules: dict[tuple[frozenset[Item], tuple[Purpose, ...]], list[str]] = {}
    for items, pairs in grouped.items():
        for subject in dict.fromkeys(subject for subject, _ in pairs):
            rules.setdefault((items, tuple(use for each, use in pairs if each == subject)), []).append(subject)
    return [Rule(tuple(item for item in Item if item in items), tuple(those), uses) for (items, uses), those in rules.items()]
