"""Who calls: partners with a token, local systems and clerks with a key; each is a type in an endpoint's signature."""

import hashlib
import hmac
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, TypeAlias

from fastapi import Depends, Header, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from adapters.keys import tokens
from adapters.office import Office
from adapters.partner_http import PartnerClient
from adapters.renewal import Renewals
from api.problems import Unauthorized
from api.rights import (
    ALERTED,
    ANSWERER,
    ASSIGNER,
    AUDITOR,
    CHECKING,
    CLERK,
    COMPARING,
    COORDINATOR,
    EXCHANGING,
    HOLDER,
    OPERATOR,
    OVERSEER,
    PEOPLE,
    READER,
    TRACER,
    WATCHER,
    LocalRole,
    PartnerRight,
    Place,
    Records,
    Right,
)
from api.serving.audit import tell_actor, tell_purpose
from api.serving.books import Opening
from api.serving.limiting import Limiter, address_of
from exchange.auditing.event import NODE_WIDE, Actor, ActorKind
from exchange.codes import Purpose, Role
from exchange.errors import Forbidden, NotAuthentic
from exchange.exchanges import Exchange
from exchange.jurisdiction import Level
from exchange.ledger import ApiKey, Ledger, Within
from exchange.partners import Partner, PartnerStatus, PartnerSuspended

partner_scheme = HTTPBearer(
    scheme_name="partnerToken", auto_error=False, description="Access token from POST /oauth/token (RFC 7523, private_key_jwt)."
)
key_scheme = HTTPBearer(
    scheme_name="apiKey", auto_error=False, description="A local system's or clerk's key, made by `woshou apikey create`."
)


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
    place: Place
    county: str
    township: str | None = None

    @property
    def sees_people(self) -> bool:
        """Whether the county's persons are shown."""
        return CLERK.covers(self.role, self.place)

    @property
    def handles_people(self) -> bool:
        """Whether persons are shown: the county's, or those of what is assigned to the caller's township."""
        return ANSWERER.covers(self.role, self.place)

    @property
    def reach(self) -> frozenset[str]:
        """The counties whose exchanges to look through; of a township's key its county, for what is assigned to it."""
        return self.counties if self.township is None else frozenset({self.county})

    def knows(self, exchange: Exchange) -> bool:
        """Whether the caller may know of an exchange: its counties', or what its township has now."""
        if self.township is None:
            return exchange.own in self.counties
        return exchange.key.role is Role.ASKED and exchange.own == self.county and exchange.handled_by == self.township

    @property
    def within(self) -> Within:
        """The records that its requests touch: its counties', the files that its township brought, its own remembered answers."""
        own = self.reach if self.township is None else self.reach | {self.township}
        return Within(areas=own, caller=self.key)


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


async def writing(request: Request, office: OfficeDep) -> Opening:
    """One transaction for the request."""
    return Opening(ledgers=office.ledgers, read_only=False, within=request.state.within)


async def reading(request: Request, office: OfficeDep) -> Opening:
    """One snapshot for the request."""
    return Opening(ledgers=office.ledgers, read_only=True, within=request.state.within)


async def within_of(request: Request) -> Within | None:
    """The records that the request may touch, for routes that open their own transactions; None for the whole node's."""
    within = request.state.within
    if not isinstance(within, Within | None):
        raise TypeError("the route has not asked who calls")
    return within


WithinDep = Annotated[Within | None, Depends(within_of)]
# In the route's own function it is the ledger itself: `api.serving.routes.Route` opens it.
LedgerDep = Annotated[Ledger, Depends(writing)]
ReadLedgerDep = Annotated[Ledger, Depends(reading)]


def client_of(office: Office, token: str, scope: str) -> str:
    """The node whose token this is, for that scope."""
    now, keyring = office.now(), office.keyring
    try:
        access = tokens.check_access_token(
            token, node=office.node.name, find_key=lambda kid: keyring.public_key(kid, now), now=now
        )
    except NotAuthentic as exc:
        raise Unauthorized from exc
    if scope not in access.scopes:
        raise Unauthorized
    return access.client


def partner_in_standing(office: Office, client: str) -> Partner:
    """The partner of that name; its standing is looked up at every request."""
    with office.ledgers.transaction(read_only=True) as ledger:
        office.look_up(ledger)
        partner = ledger.partners.get(client)
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


class PartnerCalling:
    """The partner that calls, with a token of the right's scope."""

    def __init__(self, right: PartnerRight) -> None:
        self.right = right

    async def __call__(self, request: Request, _: Annotated[Credentials, Depends(partner_scheme)]) -> Partner:
        """What the route has found out."""
        known = request.state.known
        if not isinstance(known, Partner):
            raise TypeError("the route has not asked who calls")
        return known


PartnerDep = Annotated[Partner, Depends(PartnerCalling(EXCHANGING))]
ComparingDep = Annotated[Partner, Depends(PartnerCalling(COMPARING))]
CheckingDep = Annotated[Partner, Depends(PartnerCalling(CHECKING))]


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
    place = _place(office, key.jurisdiction, role, counties)
    township = key.jurisdiction if place is Place.TOWNSHIP else None
    return Caller(
        key=key.id,
        role=role,
        jurisdiction=key.jurisdiction,
        counties=counties,
        place=place,
        county=(divisions.county_of(township) if township else None) or key.jurisdiction,
        township=township,
    )


def _place(office: Office, jurisdiction: str, role: LocalRole, counties: frozenset[str]) -> Place:
    """How a key's jurisdiction stands to what the node serves."""
    if counties:
        return Place.COUNTY if counties == {jurisdiction} else Place.ABOVE
    divisions = office.node.divisions
    if role in PEOPLE and divisions.level_of(jurisdiction) is Level.TOWNSHIP:
        return Place.TOWNSHIP if divisions.county_of(jurisdiction) in office.node.jurisdictions else Place.ELSEWHERE
    return Place.ELSEWHERE


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


async def calling_out(limiter: LimiterDep, caller: CallerDep) -> AsyncIterator[None]:
    """One of the few places for requests that wait for another node, taken before a thread is."""
    with limiter.calling(caller.key):
        yield


CallingOutDep = Annotated[None, Depends(calling_out, scope="function")]


class Having:
    """The local caller, if it has the right; Forbidden otherwise."""

    def __init__(self, right: Right) -> None:
        self.right = right

    async def __call__(self, caller: CallerDep) -> Caller:
        """The same caller."""
        if not self.right.covers(caller.role, caller.place):
            raise Forbidden
        return caller


ClerkDep = Annotated[Caller, Depends(Having(CLERK))]
AnswererDep = Annotated[Caller, Depends(Having(ANSWERER))]
AssignerDep = Annotated[Caller, Depends(Having(ASSIGNER))]
ReaderDep = Annotated[Caller, Depends(Having(READER))]
CoordinatorDep = Annotated[Caller, Depends(Having(COORDINATOR))]
AlertedDep = Annotated[Caller, Depends(Having(ALERTED))]
OperatorDep = Annotated[Caller, Depends(Having(OPERATOR))]
WatcherDep = Annotated[Caller, Depends(Having(WATCHER))]
AuditorDep = Annotated[Caller, Depends(Having(AUDITOR))]
TracerDep = Annotated[Caller, Depends(Having(TRACER))]
OverseerDep = Annotated[Caller, Depends(Having(OVERSEER))]
HolderDep = Annotated[Caller, Depends(Having(HOLDER))]


def actor_of(known: Partner | Caller) -> tuple[Actor, str]:
    """Who calls, and in whose chain it is told: the county's, or the node's where it is about several, or a partner."""
    if isinstance(known, Partner):
        return Actor(kind=ActorKind.PARTNER, id=known.node), NODE_WIDE
    county = next(iter(known.reach)) if len(known.reach) == 1 else NODE_WIDE
    return Actor(kind=ActorKind.KEY, id=known.key, role=known.role.value), county


async def identify(request: Request, right: Right | PartnerRight) -> None:
    """Find out who calls, before anything of what was sent is read, and what records its request may touch."""
    scheme = key_scheme if isinstance(right, Right) else partner_scheme
    given = await scheme(request)
    if given is None:
        raise Unauthorized
    limiter, office = await limiter_of(request), await office_of(request)
    known: Partner | Caller
    with limiter.failures(host_of(request), None, scheme.scheme_name):
        if isinstance(right, Right):
            known = await run_in_threadpool(caller_with, office, given.credentials)
            request.state.within = None if right.records is Records.NODE else known.within
        else:
            client = client_of(office, given.credentials, right.scope)
            # Before its standing is looked up: who is refused for that is known by then.
            tell_actor(request, Actor(kind=ActorKind.PARTNER, id=client), NODE_WIDE)
            known = await run_in_threadpool(partner_in_standing, office, client)
            request.state.within = None
    request.state.known = known
    tell_actor(request, *actor_of(known))
