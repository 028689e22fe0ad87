"""Who calls: partners with a token, local systems and clerks with a key; each is a type in an endpoint's signature."""

import hashlib
import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Annotated, Any, TypeAlias

from fastapi import Depends, Header, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from adapters.keys import tokens
from adapters.office import Office
from adapters.partner_http import PartnerClient
from adapters.renewal import Renewals
from api.problems import Unauthorized
from api.serving.audit import tell_actor, tell_purpose
from api.serving.books import Opening
from api.serving.limiting import Limiter, address_of
from exchange.auditing.event import NODE_WIDE, Actor, ActorKind
from exchange.codes import Purpose, Role
from exchange.errors import Forbidden, NotAuthentic
from exchange.exchanges import Exchange
from exchange.jurisdiction import Level
from exchange.ledger import ApiKey, Ledger
from exchange.partners import Partner, PartnerStatus, PartnerSuspended

partner_scheme = HTTPBearer(
    scheme_name="partnerToken", auto_error=False, description="Access token from POST /oauth/token (RFC 7523, private_key_jwt)."
)
key_scheme = HTTPBearer(
    scheme_name="apiKey", auto_error=False, description="A local system's or clerk's key, made by `woshou apikey create`."
)


class LocalRole(StrEnum):
    """What a key may do."""

    CLERK = "clerk"
    SYSTEM = "system"
    COORDINATOR = "coordinator"
    OPERATOR = "operator"
    AUDITOR = "auditor"


PEOPLE = frozenset({LocalRole.CLERK, LocalRole.SYSTEM})
ASSIGNERS = PEOPLE | {LocalRole.COORDINATOR}
READERS = frozenset({LocalRole.CLERK, LocalRole.SYSTEM, LocalRole.COORDINATOR, LocalRole.AUDITOR})


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A local caller: its key, the jurisdiction that the key is bound to, and the served counties within it.

    Who sees people is bound to exactly one county, `jurisdiction`; or to a `township` of one, and then sees nothing but what is
    assigned to it: `counties` is empty, so that whatever is found by county is not found. `county` is the jurisdiction, or the
    one that the township lies in.
    """

    key: str
    role: LocalRole
    jurisdiction: str
    counties: frozenset[str]
    sees_people: bool
    county: str
    township: str | None = None

    @property
    def handles_people(self) -> bool:
        """Whether persons are shown: the county's, or those of what is assigned to the caller's township."""
        return self.sees_people or self.township is not None

    @property
    def reach(self) -> frozenset[str]:
        """The counties whose exchanges to look through; of a township's key its county, for what is assigned to it."""
        return self.counties if self.township is None else frozenset({self.county})

    def knows(self, exchange: Exchange) -> bool:
        """Whether the caller may know of an exchange: its counties', or what its township has now."""
        if self.township is None:
            return exchange.own in self.counties
        return exchange.key.role is Role.ASKED and exchange.own == self.county and exchange.handled_by == self.township


# Coroutines, though they wait for nothing: FastAPI hands a plain function to another thread, for each request anew.
async def office_of(request: Request) -> Office:
    """The node that serves this request."""
    office = request.app.state.office
    if not isinstance(office, Office):
        raise TypeError("the application was made without an office")
    return office


OfficeDep = Annotated[Office, Depends(office_of)]


def host_of(request: Request) -> str:
    """Where a request comes from, as callers are told apart."""
    return address_of(request.client.host if request.client else "")


async def partners_of(request: Request) -> PartnerClient:
    """What calls other nodes."""
    client = request.app.state.partners
    if not isinstance(client, PartnerClient):
        raise TypeError("the application was made without an office")
    return client


async def renewals_of(request: Request) -> Renewals:
    """What takes over a partner's newer document when one of its keys is not known yet."""
    renewals = request.app.state.renewals
    if not isinstance(renewals, Renewals):
        raise TypeError("the application was made without an office")
    return renewals


async def limiter_of(request: Request) -> Limiter:
    """What keeps one caller from taking the others' share."""
    limiter = request.app.state.limiter
    if not isinstance(limiter, Limiter):
        raise TypeError("the application was made without an office")
    return limiter


PartnersDep = Annotated[PartnerClient, Depends(partners_of)]
RenewalsDep = Annotated[Renewals, Depends(renewals_of)]
LimiterDep = Annotated[Limiter, Depends(limiter_of)]


async def writing(office: OfficeDep) -> Opening:
    """One transaction for the request."""
    return Opening(ledgers=office.ledgers, read_only=False)


async def reading(office: OfficeDep) -> Opening:
    """One snapshot for the request."""
    return Opening(ledgers=office.ledgers, read_only=True)


# In the route's own function it is the ledger itself: `api.serving.routes.Route` opens it.
LedgerDep = Annotated[Ledger, Depends(writing)]
ReadLedgerDep = Annotated[Ledger, Depends(reading)]


def partner_of(office: Office, token: str, scope: str = tokens.EXCHANGE) -> Partner:
    """The partner whose token this is, for that scope; its standing is looked up at every request."""
    now, keyring = office.now(), office.keyring
    try:
        access = tokens.check_access_token(
            token, node=office.node.name, find_key=lambda kid: keyring.public_key(kid, now), now=now
        )
    except NotAuthentic as exc:
        raise Unauthorized from exc
    if scope not in access.scopes:
        raise Unauthorized
    with office.ledgers.transaction(read_only=True) as ledger:
        office.look_up(ledger)
        partner = ledger.partners.get(access.client)
    if partner is None or partner.status is not PartnerStatus.ACTIVE:
        raise PartnerSuspended
    return partner


Credentials: TypeAlias = HTTPAuthorizationCredentials | None
PurposeHeader = Annotated[
    Purpose | None,
    Header(
        alias="Purpose", description="what for, for the audit; without it the purpose of the exchange or case, if there is one"
    ),
]


async def partner_calling(request: Request, _: Annotated[Credentials, Depends(partner_scheme)]) -> Partner:
    """The partner that calls."""
    known = request.state.known
    if not isinstance(known, Partner):
        raise TypeError("the route has not asked who calls")
    return known


PartnerDep = Annotated[Partner, Depends(partner_calling)]


async def partner_comparing(request: Request, _: Annotated[Credentials, Depends(partner_scheme)]) -> Partner:
    """The partner that calls, with a token that lets it compare."""
    return await partner_calling(request, _)


ComparingDep = Annotated[Partner, Depends(partner_comparing)]


async def partner_checking(request: Request, _: Annotated[Credentials, Depends(partner_scheme)]) -> Partner:
    """The partner that calls, with a token that lets it check certificates."""
    return await partner_calling(request, _)


CheckingDep = Annotated[Partner, Depends(partner_checking)]


def hash_secret(secret: str) -> str:
    """How a key's secret is stored: it has 256 random bits, so a plain hash is enough."""
    return hashlib.sha256(secret.encode()).hexdigest()


def caller_with(office: Office, secret: str) -> Caller:
    """The local caller whose key this is."""
    parts = secret.split("_")
    if len(parts) != 3 or parts[0] != "wsk":
        raise Unauthorized
    with office.ledgers.transaction(read_only=True) as ledger:
        office.look_up(ledger)
        key = ledger.access.api_key(parts[1])
    if key is None or key.revoked_at is not None or not hmac.compare_digest(key.secret_hash, hash_secret(parts[2])):
        raise Unauthorized
    return caller_of(office, key)


def caller_of(office: Office, key: ApiKey) -> Caller:
    """What a key may see: the served counties that its jurisdiction contains; people only where it is bound to the county.

    A township's clerk or system sees what is assigned to the township (分派), with its people, and nothing else.
    """
    divisions, role = office.node.divisions, LocalRole(key.role)
    counties = frozenset(code for code in office.node.jurisdictions if divisions.contains(key.jurisdiction, code))
    township = _township(office, key.jurisdiction) if role in PEOPLE else None
    return Caller(
        key=key.id,
        role=role,
        jurisdiction=key.jurisdiction,
        counties=counties,
        sees_people=counties == {key.jurisdiction} and role in PEOPLE,
        county=(divisions.county_of(township) if township else None) or key.jurisdiction,
        township=township,
    )


def _township(office: Office, jurisdiction: str) -> str | None:
    """The jurisdiction, if it is a township of a served county."""
    divisions = office.node.divisions
    if divisions.level_of(jurisdiction) is not Level.TOWNSHIP:
        return None
    return jurisdiction if divisions.county_of(jurisdiction) in office.node.jurisdictions else None


async def caller_calling(
    request: Request, _: Annotated[Credentials, Depends(key_scheme)], purpose: PurposeHeader = None
) -> Caller:
    """The local caller that calls, and what for."""
    known = request.state.known
    tell_purpose(request, purpose)
    if not isinstance(known, Caller):
        raise TypeError("the route has not asked who calls")
    return known


CallerDep = Annotated[Caller, Depends(caller_calling)]


def clerk_calling(caller: CallerDep) -> Caller:
    """A clerk or the jurisdiction's own system: sees people, and changes things."""
    if not caller.sees_people:
        raise Forbidden
    return caller


def answerer_calling(caller: CallerDep) -> Caller:
    """Whoever answers: a clerk or system of the county, or of a township for what is assigned to it."""
    if not caller.handles_people:
        raise Forbidden
    return caller


def assigner_calling(caller: CallerDep) -> Caller:
    """Whoever hands exchanges to townships: the county's own clerks, systems and coordinators."""
    if caller.role not in ASSIGNERS or caller.counties != {caller.jurisdiction}:
        raise Forbidden
    return caller


def reader_calling(caller: CallerDep) -> Caller:
    """Whoever sees figures, and exchanges without persons: all but operators."""
    if caller.role not in READERS:
        raise Forbidden
    return caller


def coordinator_calling(caller: CallerDep) -> Caller:
    """A coordinator: signs agreements."""
    if caller.role is not LocalRole.COORDINATOR:
        raise Forbidden
    return caller


def operator_calling(caller: CallerDep) -> Caller:
    """An operator of this node: partners, links, metrics; no people."""
    if caller.role is not LocalRole.OPERATOR or not caller.counties:
        raise Forbidden
    return caller


def watcher_calling(caller: CallerDep) -> Caller:
    """Whoever looks after what went wrong: operators and auditors."""
    if caller.role not in (LocalRole.OPERATOR, LocalRole.AUDITOR) or not caller.counties:
        raise Forbidden
    return caller


def auditor_calling(caller: CallerDep) -> Caller:
    """An auditor: reads the audit of the counties that its jurisdiction contains."""
    if caller.role is not LocalRole.AUDITOR or not caller.counties:
        raise Forbidden
    return caller


def overseer_calling(caller: CallerDep) -> Caller:
    """Whoever looks after what two sides agree on: coordinators, operators and auditors; no people."""
    if caller.role not in (LocalRole.COORDINATOR, LocalRole.OPERATOR, LocalRole.AUDITOR) or not caller.counties:
        raise Forbidden
    return caller


ClerkDep = Annotated[Caller, Depends(clerk_calling)]
AnswererDep = Annotated[Caller, Depends(answerer_calling)]
AssignerDep = Annotated[Caller, Depends(assigner_calling)]
ReaderDep = Annotated[Caller, Depends(reader_calling)]
CoordinatorDep = Annotated[Caller, Depends(coordinator_calling)]
OperatorDep = Annotated[Caller, Depends(operator_calling)]
WatcherDep = Annotated[Caller, Depends(watcher_calling)]
AuditorDep = Annotated[Caller, Depends(auditor_calling)]
OverseerDep = Annotated[Caller, Depends(overseer_calling)]


def _actor(known: Partner | Caller) -> tuple[Actor, str]:
    """Who calls, and in whose chain it is told: the county's, or the node's where it is about several, or a partner."""
    if isinstance(known, Partner):
        return Actor(kind=ActorKind.PARTNER, id=known.node), NODE_WIDE
    county = next(iter(known.reach)) if len(known.reach) == 1 else NODE_WIDE
    return Actor(kind=ActorKind.KEY, id=known.key, role=known.role.value), county


def _identifying(scheme: HTTPBearer, find: Callable[[Office, str], Partner | Caller]) -> Callable[[Request], Awaitable[None]]:
    async def identify(request: Request) -> None:
        given = await scheme(request)
        if given is None:
            raise Unauthorized
        limiter, office = await limiter_of(request), await office_of(request)
        with limiter.failures(host_of(request), None, scheme.scheme_name):
            known = await run_in_threadpool(find, office, given.credentials)
        request.state.known = known
        tell_actor(request, *_actor(known))

    return identify


# How a route that depends on one of these finds out who calls, before it reads anything of what was sent.
IDENTIFY: dict[Callable[..., Any], Callable[[Request], Awaitable[None]]] = {
    partner_calling: _identifying(partner_scheme, partner_of),
    partner_comparing: _identifying(partner_scheme, partial(partner_of, scope=tokens.RECONCILE)),
    partner_checking: _identifying(partner_scheme, partial(partner_of, scope=tokens.CHECK)),
    caller_calling: _identifying(key_scheme, caller_with),
}
