"""Signing in with the provider that the jurisdiction has (OpenID Connect): the way there, and the way back."""

from typing import Annotated, Final

from fastapi import Depends, Request, Response
from fastapi.responses import RedirectResponse

from adapters.signin.oidc import CALLBACK, LONGEST, Begun, OpenIdConnect
from api.pages.route import page_router, see_other, set_session
from api.pages.sent import is_secure
from api.pages.signing import TryingPasswordDep, signing_in
from exchange.errors import NotFound

router = page_router()
START: Final = f"{CALLBACK}/start"


async def _provider(request: Request) -> OpenIdConnect:
    found = request.app.state.oidc
    if found is None:
        raise NotFound
    if not isinstance(found, OpenIdConnect):
        raise TypeError("the application was made without an office")
    return found


ProviderDep = Annotated[OpenIdConnect, Depends(_provider)]


@router.get(START)
def begin(request: Request, _: TryingPasswordDep, provider: ProviderDep) -> Response:
    """Send the browser to the provider."""
    begun, url = provider.begin()
    response = RedirectResponse(url, status_code=303)
    _remember(request, response, begun.text)
    return response


@router.get(CALLBACK)
def come_back(request: Request, _: TryingPasswordDep, provider: ProviderDep) -> Response:
    """Open a session for who was signed in there."""
    begun = Begun.read(request.cookies.get(_cookie(request), ""))
    opened = signing_in(request).by_claims(provider.finish(begun, dict(request.query_params)))
    response = see_other("/")
    set_session(request, response, opened.token)
    _remember(request, response, "")
    return response


def _cookie(request: Request) -> str:
    return "__Host-woshou-oidc" if is_secure(request) else "woshou-oidc"


def _remember(request: Request, response: Response, text: str) -> None:
    """Lax, for the provider sends the browser back from its own site."""
    seconds = int(LONGEST.total_seconds()) if text else 0
    response.set_cookie(
        _cookie(request), text, max_age=seconds, httponly=True, secure=is_secure(request), samesite="lax", path="/"
    )
