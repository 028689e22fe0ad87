"""A page's route: who calls by the session's cookie, forms that carry the session's token, and refusals as pages."""

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field, replace
from functools import wraps
from hmac import compare_digest
from typing import Annotated, Any, ClassVar, Final
from urllib.parse import quote, unquote, urlsplit

from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.exceptions import HTTPException
from starlette.routing import Match

from adapters.signin.signing_in import Known
from api.access import Caller, actor_of, caller_of, host_of
from api.pages.language import COOKIE, LANGUAGES, Language, language_of
from api.pages.render import render
from api.pages.sent import FormNotOurs, PasswordFirst, check_form, drop_blanks, in_words, is_secure, text_in
from api.problems import Unauthorized, refusal_of, status_of
from api.rights import (
    ANSWERER,
    ASSIGNER,
    AUDITOR,
    CLERK,
    COORDINATOR,
    HOLDER,
    OPERATOR,
    OVERSEER,
    PUBLIC_PAGES,
    READER,
    SERVED,
    PartnerRight,
    Records,
    Right,
)
from api.serving.audit import begin_trail, leave_refusal, tell_actor
from api.serving.door import SIGN_IN
from api.serving.limiting import ImportsWaiting
from api.serving.routes import Route
from exchange.errors import Forbidden, WoshouError
from exchange.signin.account import Account
from exchange.signin.refusals import AccountLocked, CodeNeeded, SignInRefused
from exchange.signin.session import Session

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
ACCOUNT: Final = "/account"
# What can be opened before the first password is changed.
_ALWAYS: Final = (ACCOUNT, "/sign-out")
# Figures are of counties and above: a township's clerk reads none.
FIGURES: Final = replace(READER, name="figures", places=SERVED)
# What stands in the menu, and the right that it needs.
MENU: Final[tuple[tuple[str, str, str, Right], ...]] = (
    ("/", "首页", "Home", HOLDER),
    ("/worklists", "待办", "Worklists", READER),
    ("/imports", "导入", "Import", ANSWERER),
    ("/entries", "台账", "Registers", CLERK),
    ("/certificates", "证明核验", "Certificates", CLERK),
    ("/reports", "报表", "Reports", FIGURES),
    ("/escalations", "督办", "Escalations", COORDINATOR),
    ("/agreements", "协议", "Agreements", HOLDER),
    ("/partners", "协作方", "Partners", OPERATOR),
    ("/operations", "运行", "Operations", OPERATOR),
    ("/audit", "审计", "Audit", AUDITOR),
)
_YEAR: Final = 365 * 86400
# What is not written into a page that is shown once more.
_NOT_REPEATED: Final = frozenset({"csrf", "once", "password", "new", "again", "code"})


@dataclass(slots=True, kw_only=True)
class Viewer:
    """Who looks at a page, and how: the language, the session, what was refused and what had been given."""

    language: Language
    path: str
    query: str
    office_title: str
    now: Any = None
    caller: Caller | None = None
    account: Account | None = None
    session: Session | None = None
    name: str = ""
    refusal: WoshouError | None = None
    given: Mapping[str, str] = field(default_factory=dict)
    # The same with every value of a name, and where the form was sent.
    pairs: frozenset[tuple[str, str]] = frozenset()
    sent_to: str = ""

    def ticked(self, name: str, value: str) -> bool:
        """Whether a box was ticked in the form that was refused."""
        return (name, value) in self.pairs

    def wrong(self, name: str, form: str = "") -> bool:
        """Whether the refusal is about this field; where several forms have one of the name, `form` is the end of its address."""
        pointer = self.refusal.pointer if self.refusal is not None else None
        if pointer is None or not self.sent_by(form):
            return False
        return pointer.removeprefix("/body") == f"/{name.replace('.', '/')}"

    def filled(self, form: str, *names: str) -> bool:
        """Whether something was written in one of these fields of a form, or in one whose name begins so."""
        return self.sent_by(form) and any(value and name.startswith(names) for name, value in self.given.items())

    def sent_by(self, form: str) -> bool:
        """Whether what was given stood in this form."""
        return not form or self.sent_to.endswith(f"/{form}")

    @property
    def here(self) -> str:
        """The page with its filter, to be written into a link that should lead back to it."""
        return quote(f"{unquote(self.path)}?{self.query}" if self.query else unquote(self.path), safe="")

    @property
    def in_the_other_language(self) -> str:
        """Where the same page is in the other of the two, with the filter that is set."""
        other = self.language.t("en", "zh")
        return f"{self.path}?{self.query}&{COOKIE}={other}" if self.query else f"{self.path}?{COOKIE}={other}"

    @property
    def menu(self) -> list[tuple[str, str, str]]:
        """What the viewer may open: path, Chinese, English."""
        caller = self.caller
        return (
            [] if caller is None else [(path, zh, en) for path, zh, en, right in MENU if right.covers(caller.role, caller.place)]
        )

    def within(self, path: str) -> bool:
        """Whether the page is one of those below a place of the menu."""
        return self.path == path or (path != "/" and self.path.startswith(f"{path}/"))

    def may(self, right: Right) -> bool:
        """Whether the viewer has a right."""
        return self.caller is not None and right.covers(self.caller.role, self.caller.place)

    @property
    def oversees(self) -> bool:
        """Whether comparisons with partners are the viewer's to look at."""
        return self.may(OVERSEER)

    @property
    def may_handle(self) -> bool:
        """Whether the viewer is shown persons."""
        return self.caller is not None and self.caller.handles_people

    @property
    def works_here(self) -> bool:
        """Whether colleagues are named to the viewer: the county's, and its townships', who hand matters to each other."""
        return self.may(ASSIGNER) or self.may(ANSWERER)

    @property
    def in_a_township(self) -> bool:
        """Whether the viewer is bound to a township, and not to its county."""
        return self.caller is not None and self.caller.township is not None

    def page(self, template: str, /, *, status: int = 200, **values: Any) -> "Page":
        """A page for this viewer."""
        return Page(viewer=self, template=template, values=values, status=status)


@dataclass(frozen=True, slots=True)
class Page:
    """What a page shows, before it is rendered: so that the trail sees whom."""

    viewer: Viewer
    template: str
    values: Mapping[str, Any]
    status: int = 200

    def rendered(self) -> Response:
        """The HTML."""
        viewer = self.viewer
        status = status_of(type(viewer.refusal)) if viewer.refusal is not None else self.status
        said = viewer.language
        names = {"viewer": viewer, "said": said, "t": said.t, "csrf": viewer.session.csrf if viewer.session else ""}
        html = render(self.template, {**names, **self.values})
        return HTMLResponse(html, status_code=status, headers={"content-security-policy": POLICY})


def see_other(path: str) -> Response:
    """Lead to a page after a change (Post/Redirect/Get)."""
    return RedirectResponse(path, status_code=303)


def back_to(path: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Where a form stands whose sending is refused: a page's path, with the names in braces of the form's own path."""

    def marked(endpoint: Callable[..., Any]) -> Callable[..., Any]:
        endpoint.back_to = path  # type: ignore[attr-defined] # read by PageRoute
        return endpoint

    return marked


class PageRoute(Route):
    """A route that answers with a page, to who is signed in."""

    public: ClassVar[Mapping[str, object]] = PUBLIC_PAGES

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        self.back: str | None = getattr(endpoint, "back_to", None)
        super().__init__(path, endpoint, **{**options, "response_model": None, "include_in_schema": False})

    @property
    def leaves_trail(self) -> bool:
        """Signing in is told where it is decided, and what is open to all shows nobody."""
        return self.right is not None

    @staticmethod
    def prepared(endpoint: Callable[..., Any]) -> Callable[..., Any]:
        """The function as it is called; what it shows is rendered when its transaction is over."""
        shown = Route.prepared(endpoint)

        @wraps(endpoint)
        def rendered(*args: Any, **values: Any) -> Any:
            answer = shown(*args, **values)
            return answer.rendered() if isinstance(answer, Page) else answer

        return rendered

    async def identify(self, request: Request, right: Right | PartnerRight) -> None:
        """Who is signed in; Unauthorized without a session, FormNotOurs for a form without its token."""
        viewer = viewer_in(request)
        await run_in_threadpool(recognise, request, viewer)
        if viewer.session is None or viewer.account is None or viewer.caller is None:
            raise Unauthorized
        tell_actor(request, *actor_of(viewer.caller))
        await self.seat(request, viewer.caller)
        if request.method == "POST" and not compare_digest(
            text_in(await request.form(), "csrf").encode(), viewer.session.csrf.encode()
        ):
            raise FormNotOurs
        if viewer.account.must_change and not request.url.path.startswith(_ALWAYS):
            raise PasswordFirst
        request.state.known = viewer.caller
        request.state.within = None if isinstance(right, Right) and right.records is Records.NODE else viewer.caller.within

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The usual handler, whose refusals are pages."""
        handle = super().get_route_handler()

        async def paged(request: Request) -> Response:
            drop_blanks(request)
            chosen = request.query_params.get(COOKIE, "")
            if request.method == "GET" and chosen in LANGUAGES:
                return _in_language(request, chosen)
            if not hasattr(request.state, "viewer"):
                request.state.viewer = stranger(request)
            try:
                if request.method == "POST":
                    viewer_in(request).path = self._place(request) or viewer_in(request).path
                    check_form(request)
                return await handle(request)
            except RequestValidationError as error:
                return await self._refused(request, in_words(error))
            except HTTPException as error:  # a form that cannot be read: there is nothing to show again
                return await self._refused(request, refusal_of(error), closed=True)
            except WoshouError as refusal:
                return await self._refused(request, refusal)
            finally:
                await request.close()  # a file that came with a refused form

        return paged

    def _place(self, request: Request) -> str:
        """The path of the page on which this route's form stands; empty if it has none."""
        named = {name: quote(str(value), safe="") for name, value in request.path_params.items()}
        return (self.back or "").format(**named)

    async def _refused(self, request: Request, refusal: WoshouError, *, closed: bool = False) -> Response:
        request.app.state.metrics.refused(refusal.code)
        if not isinstance(refusal, SignInRefused | AccountLocked | CodeNeeded):  # which were told where they were decided
            if not hasattr(request.state, "trail"):  # a page that shows nobody leaves one only now
                begin_trail(request, self)
            leave_refusal(request, refusal)
        if isinstance(refusal, PasswordFirst) or (isinstance(refusal, Unauthorized) and self.right is not None):
            wanted = request.url.path if request.method == "GET" else "/"
            query = f"?{request.url.query}" if request.method == "GET" and request.url.query else ""
            led = ACCOUNT if isinstance(refusal, PasswordFirst) else SIGN_IN
            return see_other(led if wanted == "/" else f"{led}?next={quote(wanted + query, safe='')}")
        viewer = viewer_in(request)
        first, viewer.refusal = viewer.refusal is None, refusal
        # Who has not the right, or sent a form that is none of ours, is not shown the page of the form.
        closed = closed or type(refusal) is Forbidden or isinstance(refusal, FormNotOurs)
        if first and self.back is not None and not closed:
            # A sheet that found no place is not read for what else the form holds.
            reads = request.method == "POST" and not isinstance(refusal, ImportsWaiting)
            form = await request.form() if reads else request.query_params
            told = [(name, value) for name, value in form.multi_items() if isinstance(value, str) and name not in _NOT_REPEATED]
            viewer.given, viewer.pairs, viewer.sent_to = dict(told), frozenset(told), request.url.path
            return await _again(request, self._place(request))
        return viewer.page("refused.html").rendered()


async def _again(request: Request, path: str) -> Response:
    """The page on which a form stands, as if it were asked for anew, with the refusal and what had been given."""
    parts = urlsplit(path)
    viewer_in(request).path = parts.path
    scope = {
        **request.scope,
        "method": "GET",
        "path": unquote(parts.path),
        "raw_path": parts.path.encode(),
        "query_string": parts.query.encode(),
        "state": {"viewer": viewer_in(request)},
    }
    for route in request.app.router.routes:
        match, more = route.matches(scope)
        if match is Match.FULL and isinstance(route, PageRoute):
            handler: Callable[[Request], Coroutine[Any, Any, Response]] = route.get_route_handler()
            return await handler(Request({**scope, **more}))
    raise LookupError(f"no page stands at the path of the form: {path}")


def page_router() -> APIRouter:
    """A router of pages."""
    return APIRouter(route_class=PageRoute)


def viewer_in(request: Request) -> Viewer:
    """Who looks."""
    viewer = request.state.viewer
    if not isinstance(viewer, Viewer):
        raise TypeError("the route is no page")
    return viewer


async def _viewer_of(request: Request) -> Viewer:
    return viewer_in(request)


ViewerDep = Annotated[Viewer, Depends(_viewer_of)]


def cookie_name(request: Request) -> str:
    """The session's cookie; over HTTPS no other host, and no plain connection, can set it."""
    return "__Host-woshou" if is_secure(request) else "woshou"


def set_session(request: Request, response: Response, token: str) -> None:
    """Let the browser bring the token from now on; an empty one lets it forget."""
    response.set_cookie(
        cookie_name(request),
        token,
        max_age=None if token else 0,
        httponly=True,
        secure=is_secure(request),
        samesite="lax",
        path="/",
    )


def recognise(request: Request, viewer: Viewer) -> None:
    """Let the viewer be who has the session of the request's cookie; Unauthorized without one. It reads the books."""
    office, limiter, signing_in = request.app.state.office, request.app.state.limiter, request.app.state.signing_in
    token = request.cookies.get(cookie_name(request), "")
    with limiter.failures(host_of(request), None, "session"):
        found: Known | None = signing_in.session_of(token) if token else None
        if found is None:
            raise Unauthorized
    viewer.session, viewer.account, key = found
    viewer.name, viewer.caller = key.name, caller_of(office, key)


def stranger(request: Request) -> Viewer:
    """Who has not said yet who they are."""
    office = request.app.state.office
    return Viewer(
        language=language_of(request),
        # Two slashes at the beginning of a link would make a host of what follows.
        path="/" + quote(request.url.path.lstrip("/\\")),
        query=request.url.query,
        office_title=office.node.title,
        now=office.now(),
    )


def _in_language(request: Request, chosen: str) -> Response:
    kept = [(name, value) for name, value in request.query_params.multi_items() if name != COOKIE]
    query = "&".join(f"{quote(name)}={quote(value)}" for name, value in kept)
    response = see_other(request.url.path + (f"?{query}" if query else ""))
    keep_language(request, response, chosen)
    return response


def keep_language(request: Request, response: Response, chosen: str) -> None:
    """Let the browser say from now on which of the two was chosen."""
    response.set_cookie(COOKIE, chosen, max_age=_YEAR, httponly=True, secure=is_secure(request), samesite="lax", path="/")
