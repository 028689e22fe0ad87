"""Partners, and what was agreed with them; import them from `tests.builders`."""

from dataclasses import replace
from datetime import date
from typing import Any

from msgspec import structs

from adapters.rules import packaged_rules
from exchange.codes import Item, Purpose
from exchange.jurisdiction import Category
from exchange.partners import Partner, PartnerKey, PartnerStatus
from exchange.terms.agreement import Agreement, FieldRule, Party, RegisterComparison, RulesRef, SignedAgreement
from tests.building.basics import WUCHANG, WUCHANG_NODE, XICHENG, XICHENG_NODE, a_digest, a_moment, an_id

RULES = packaged_rules()


def a_partner_key(n: int = 1, **changes: Any) -> PartnerKey:
    """A signing key that is trusted from the first moment on."""
    key = PartnerKey(
        kid=a_digest(f"key {n}"), use="sig", x=a_digest(f"x {n}"), y=a_digest(f"y {n}"), not_before=a_moment(), not_after=None
    )
    return replace(key, **changes)


def a_partner(node: str = WUCHANG_NODE, **changes: Any) -> Partner:
    """An active partner that serves Wuchang, confirmed by our operator, with one key."""
    url = f"https://{node}"
    partner = Partner(
        node=node,
        name="武昌区节点",
        url=url,
        status=PartnerStatus.ACTIVE,
        environment="sandbox",
        fingerprint="0123 4567 89ab cdef",
        document_version=1,
        document_jws="header.document.signature",
        token_endpoint=f"{url}/v1/token",
        batches_endpoint=f"{url}/v1/batches",
        agreements_endpoint=f"{url}/v1/agreements",
        links_endpoint=f"{url}/v1/links",
        claimed=(WUCHANG,),
        confirmed=(WUCHANG,),
        keys=(a_partner_key(),),
        known_at=a_moment(),
    )
    return replace(partner, **changes)


def agreed_terms(n: int = 1, **changes: Any) -> Agreement:
    """An agreement of Xicheng and Wuchang on queries and births, for public service, both ways, all of 2026."""
    items = [Item.MARITAL_STATUS, Item.MARRIAGE, Item.SPOUSE, Item.CHILDREN]
    agreement = Agreement(
        id=an_id(n),
        version=1,
        parties=[
            Party(node=XICHENG_NODE, jurisdiction=XICHENG),
            Party(node=WUCHANG_NODE, jurisdiction=WUCHANG),
        ],
        directions="both",
        kinds=["query", "birth"],
        purposes=[Purpose.PUBLIC_SERVICE],
        fields=[FieldRule(subject=subject, purpose=Purpose.PUBLIC_SERVICE, items=items) for subject in ("query", "birth")],
        categories=[Category.MIGRANT],
        notes_allowed=False,
        register_comparison=RegisterComparison(),
        queries_per_day=None,
        limits=[],
        rules=RulesRef(version=RULES.version, digest=RULES.digest),
        valid_from=date(2026, 1, 1),
        valid_until=date(2026, 12, 31),
        supersedes=None,
    )
    return structs.replace(agreement, **changes)


def an_agreement(n: int = 1, **changes: Any) -> SignedAgreement:
    """Agreed terms that this node proposed to Wuchang's, and sent."""
    signed = SignedAgreement(
        digest=a_digest(f"agreement {n}"),
        agreement=agreed_terms(n),
        partner=WUCHANG_NODE,
        ours=True,
        proposal_jws=f"header.proposal-{n}.signature",
        known_at=a_moment(n),
    )
    return replace(signed, **changes)
