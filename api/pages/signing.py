"""Signing in and out, and one's own account: password, second factor, sessions."""

from collections.abc import AsyncIterator
from typing import Annotated
from urllib.parse import quote, urlencode

import segno
from fastapi import Depends, Form, Query, Request, Response

from adapters.signin.oidc import CALLBACK
from adapters.signin.signing_in import Opened, SigningIn
from api.access import HolderDep, LedgerDep, LimiterDep, OfficeDep, ReadLedgerDep, host_of
from api.pages.assets import asset
from api.pages.forms import misfit
from api.pages.route import Page, ViewerDep, back_to, cookie_name, page_router, see_other, set_session
from api.serving.door import SIGN_IN

router = page_router()


def signing_in(request: Request) -> SigningIn:
    """What signs people in."""
    found = request.app.state.signing_in
    if not isinstance(found, SigningIn):
        raise TypeError("the application was made without an office")
    return found


async def _trying_password(request: Request, limiter: LimiterDep) -> AsyncIterator[None]:
    async with limiter.trying_password(host_of(request)):
        yield


TryingPasswordDep = Annotated[None, Depends(_trying_password, scope="function")]


@router.get("/assets/{name}")
def read_asset(name: str) -> Response:
    """The style sheet, the script or the icon."""
    return asset(name)


@router.get("/sign-in")
def show_sign_in(viewer: ViewerDep, office: OfficeDep, next: Annotated[str, Query(max_length=2000)] = "/") -> Page:
    """Where to sign in; `next` is the page that was wanted."""
    elsewhere = f"{CALLBACK}/start" if office.provider is not None else None
    return viewer.page("sign_in.html", next=viewer.given.get("next", next), node=office.node, elsewhere=elsewhere)


@router.post("/sign-in")
@back_to(SIGN_IN)
def sign_in(
    request: Request,
    _: TryingPasswordDep,
    login: Annotated[str, Form(max_length=64)],
    password: Annotated[str, Form(max_length=256)],
    code: Annotated[str, Form(max_length=12)] = "",
    next: Annotated[str, Form(max_length=2000)] = "/",
) -> Response:
    """Open a session."""
    opened = signing_in(request).by_password(login, password, code)
    wanted = _own(next)
    response = see_other(f"/account?next={quote(wanted, safe='')}" if opened.account.must_change else wanted)
    set_session(request, response, opened.token)
    return response


@router.post("/sign-out")
def sign_out(request: Request, _: HolderDep) -> Response:
    """Close the session."""
    signing_in(request).sign_out(_token(request))
    response = see_other(SIGN_IN)
    set_session(request, response, "")
    return response


def _own(path: str) -> str:
    """A path of this node, and of no other: what could lead elsewhere leads home."""
    plain = path.startswith("/") and not path.startswith("//") and "\\" not in path and path.isprintable()
    return path if plain else "/"


@router.get("/account")
def show_account(
    request: Request,
    viewer: ViewerDep,
    caller: HolderDep,
    office: OfficeDep,
    ledger: ReadLedgerDep,
    next: Annotated[str, Query(max_length=2000)] = "/",
) -> Page:
    """One's own account: whose rights it has, the password, the second factor, where it is signed in.

    `next` is the page that was wanted before the first password had to be changed.
    """
    account = viewer.account
    offered = None
    if account is not None and account.password_hash is not None and account.totp is None:
        offered = signing_in(request).enrol_totp(_token(request), again=viewer.given.get("secret", ""))
    sessions = [each for each in ledger.accounts.sessions(caller.key) if each.holds(office.now())]
    code = (
        segno.make(offered.uri, error="m").svg_inline(omitsize=True, svgclass="qr", lineclass=None) if offered is not None else ""
    )
    return viewer.page(
        "account.html",
        code=code,
        next=_own(viewer.given.get("next", next)),
        done=request.query_params.get("done", ""),
        account=account,
        offered=offered,
        sessions=sessions,
        place=office.node.divisions.name(caller.jurisdiction),
    )


@router.post("/account/password")
@back_to("/account")
def change_password(
    request: Request,
    viewer: ViewerDep,
    _: HolderDep,
    password: Annotated[str, Form(max_length=256)],
    new: Annotated[str, Form(max_length=256)],
    again: Annotated[str, Form(max_length=256)],
    next: Annotated[str, Form(max_length=2000)] = "/",
) -> Response:
    """Take another password; all other sessions are closed."""
    if new != again:
        raise misfit("/again", "the new password was not written the same way twice")
    return _going_on(request, signing_in(request).change_password(_token(request), password, new), "password", next)


@router.post("/account/second-factor")
@back_to("/account")
def confirm_second_factor(
    request: Request,
    _: HolderDep,
    password: Annotated[str, Form(max_length=256)],
    secret: Annotated[str, Form(max_length=64)],
    code: Annotated[str, Form(max_length=12)],
) -> Response:
    """Take the second factor that was offered."""
    return _going_on(request, signing_in(request).confirm_totp(_token(request), password, secret, code), "factor")


@router.post("/account/second-factor/removal")
@back_to("/account")
def remove_second_factor(
    request: Request, _: HolderDep, password: Annotated[str, Form(max_length=256)], code: Annotated[str, Form(max_length=12)]
) -> Response:
    """Give it up."""
    return _going_on(request, signing_in(request).remove_totp(_token(request), password, code), "removed")


def _going_on(request: Request, opened: Opened, done: str, next: str = "/") -> Response:
    """To the account's page, with the session that was opened anew; from there to `next`."""
    response = see_other(f"/account?{urlencode({'done': done, 'next': _own(next)})}")
    set_session(request, response, opened.token)
    return response


@router.post("/account/sessions/closing")
@back_to("/account")
def close_others(viewer: ViewerDep, caller: HolderDep, office: OfficeDep, ledger: LedgerDep) -> Response:
    """Sign out everywhere else."""
    ledger.accounts.close_all(caller.key, office.now(), but=viewer.session.id if viewer.session is not None else "")
    return see_other("/account?done=closed")


def _token(request: Request) -> str:
    return request.cookies.get(cookie_name(request), "")
