"""The trail that each request leaves in the audit: begun by the route, told who calls, and ended with the answer or refusal."""

from collections.abc import Iterator, Mapping

from fastapi import FastAPI, Request
from fastapi.routing import APIRoute

from adapters.auditing.named import named
from adapters.auditing.trail import Trail
from adapters.office import Office
from exchange.auditing.event import Actor
from exchange.codes import Purpose
from exchange.errors import WoshouError
from exchange.ledger import LedgerBusy

# Refusals before there is a route, at an address that is none or of a body that is not read.
UNROUTED = "unrouted"
# What is asked again and again by machines and is about nobody.
PROGRESS = "Progress"
_UNTOLD = frozenset({"Health", PROGRESS})


def begin_trail(request: Request, route: APIRoute) -> Trail | None:
    """The trail of a request; None where nothing is told of it."""
    office = request.app.state.office
    if not isinstance(office, Office) or not _UNTOLD.isdisjoint(route.tags):
        return None
    trail = _trail(office, route.name)
    trail.about(_subjects(route.path, request.path_params))
    request.state.trail = trail
    return trail


def tell_actor(request: Request, actor: Actor, jurisdiction: str) -> None:
    """Who it is that calls, once that is proven, and in whose chain it is told."""
    trail = _trail_of(request)
    if trail is not None:
        trail.actor, trail.jurisdiction = actor, jurisdiction


def tell_purpose(request: Request, purpose: Purpose | None) -> None:
    """What the caller says it is for."""
    trail = _trail_of(request)
    if trail is not None:
        trail.purpose = purpose


def leave_refusal(request: Request, refusal: WoshouError) -> None:
    """The row of a refused request, but for what was refused because nothing can be written."""
    if not isinstance(refusal, LedgerBusy):
        _leave(request.app, _trail_of(request), refusal)


def leave_unrouted(app: FastAPI, refusal: WoshouError) -> None:
    """The row of what was refused before it had a route."""
    _leave(app, None, refusal)


def _leave(app: FastAPI, trail: Trail | None, refusal: WoshouError) -> None:
    office = app.state.office
    if isinstance(office, Office):
        trail = trail or _trail(office, UNROUTED)
        trail.problem = refusal.code
        for event in trail.events():
            app.state.refusals.leave(event)


def _trail(office: Office, action: str) -> Trail:
    return Trail(action=action, node=office.node, now=office.now, ledgers=office.ledgers)


def _trail_of(request: Request) -> Trail | None:
    found = getattr(request.state, "trail", None)
    return found if isinstance(found, Trail) else None


def _subjects(path: str, given: Mapping[str, str]) -> Iterator[str]:
    """What an address names; the id in `/imports/{id}` is one of `imports`."""
    parts = path.split("/")
    return named({parts[parts.index("{id}") - 1] if name == "id" else name: value for name, value in given.items()})
