"""Refusals before a page's own route speaks, or where there is none: a person at a browser is told on a page, in her language."""

from contextlib import suppress
from typing import Final

from fastapi import Request, Response
from starlette.types import Scope

from adapters.office import Office
from api import problems
from api.pages.language import COOKIE, LANGUAGES
from api.pages.route import Viewer, keep_language, recognise, stranger
from api.problems import MethodUnknown
from exchange.errors import NotFound, WoshouError

# What programs ask for: they are answered with problems, whatever they say they accept.
_OF_PROGRAMS: Final = (
    *("/api/", "/v1/", "/.well-known/", "/oauth/", "/healthz", "/readyz", "/metrics"),
    *("/openapi.json", "/docs", "/redoc", "/static-offline-docs/"),
)


def answer(scope: Scope, refusal: WoshouError) -> Response:
    """A page for who asked for one, and a problem document for everybody else."""
    request, office = Request(scope), scope["app"].state.office
    contact = office.node.title if isinstance(office, Office) else None
    problem = problems.answer(refusal, contact)
    if not isinstance(office, Office) or not _of_a_person(request):
        return problem
    chosen = request.query_params.get(COOKIE, "")
    known = scope.get("state", {}).get("viewer")
    viewer = known if isinstance(known, Viewer) else _visitor(request, refusal)
    viewer.language, viewer.refusal = LANGUAGES.get(chosen, viewer.language), refusal
    page = viewer.page("refused.html").rendered()
    if chosen in LANGUAGES:
        keep_language(request, page, chosen)
    for name in ("retry-after", "connection"):
        if name in problem.headers:
            page.headers[name] = problem.headers[name]
    return page


def _visitor(request: Request, refusal: WoshouError) -> Viewer:
    """Who opened an address that is none: whoever is signed in keeps the menu.

    What else is refused here is not worth a look into the books, and what the door refuses never came to the router.
    """
    visitor = stranger(request)
    if isinstance(refusal, NotFound | MethodUnknown) and "router" in request.scope:
        with suppress(WoshouError):
            recognise(request, visitor)
    return visitor


def _of_a_person(request: Request) -> bool:
    """A browser that opens a page, or sends a form, says that it takes HTML; programs and scripts do not."""
    path = request.url.path
    return not path.startswith(_OF_PROGRAMS) and "text/html" in request.headers.get("accept", "")
