"""Signing in with OpenID Connect: the code flow with PKCE, from the way to the provider to what it says of somebody.

What is checked of the answer: that this browser asked for it (`state`, once), that it is for this sign-in (`nonce`), from this
issuer, for this node, of now, and signed with RS256 or ES256 by a key that the provider publishes. Of all that fails one
thing is told.
"""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hmac import compare_digest
from typing import Any, Final, Self

import httpx
from authlib.oauth2.client import OAuth2Client  # type: ignore[import-untyped]  # has no types
from authlib.oidc.core import CodeIDToken  # type: ignore[import-untyped]  # has no types
from joserfc import jwt
from joserfc.errors import JoseError

from adapters.office import Office
from adapters.signin.provider import Provider, ProviderCalls
from exchange.errors import WoshouError
from exchange.moments import from_milliseconds, to_milliseconds
from exchange.signin.account import AccountRole
from exchange.signin.claims import Claims
from exchange.signin.refusals import ClaimsUnfit, SignInFailed
from exchange.verbs.signin.keep import check_bound

CALLBACK: Final = "/sign-in/oidc"
# As long as somebody may take to sign in there.
LONGEST = timedelta(minutes=10)
_ALGORITHMS: Final = ["RS256", "ES256"]
_LEEWAY_SECONDS = 60
_LONGEST_NAME = 100
_USED = "sign-in"
_MOMENT = re.compile(r"[0-9]{1,14}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Begun:
    """A sign-in that was begun in a browser, which keeps it in a cookie of its own until it comes back (`text`)."""

    state: str
    nonce: str
    verifier: str
    at: datetime

    @property
    def text(self) -> str:
        """What goes into the cookie: HttpOnly, for ten minutes, and forgotten at the end."""
        return ".".join((self.state, self.nonce, self.verifier, str(to_milliseconds(self.at))))

    @classmethod
    def read(cls, text: str) -> Self:
        """What a cookie says; SignInFailed for what is none."""
        parts = text.split(".")
        if len(parts) != 4 or _MOMENT.fullmatch(parts[3]) is None or not all(parts):
            raise SignInFailed
        return cls(state=parts[0], nonce=parts[1], verifier=parts[2], at=from_milliseconds(int(parts[3])))


class OpenIdConnect:
    """Signing in with one provider; `client` is an HTTP client as partners are called with."""

    def __init__(self, office: Office, provider: Provider, client: httpx.Client) -> None:
        self._office, self._provider = office, provider
        self._calls = ProviderCalls(provider, client)

    @property
    def redirect_uri(self) -> str:
        """Where the provider sends the browser back; it is registered there, to the letter."""
        return self._office.documents.url.rstrip("/") + CALLBACK

    def begin(self) -> tuple[Begun, str]:
        """What the browser keeps, and where it goes now. ProviderAway."""
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        begun = Begun(state=state, nonce=nonce, verifier=verifier, at=self._office.now())
        flow = OAuth2Client(
            None,
            client_id=self._provider.client_id,
            redirect_uri=self.redirect_uri,
            scope="openid profile",
            code_challenge_method="S256",
        )
        url, _ = flow.create_authorization_url(
            self._calls.document().authorization_endpoint, state=state, code_verifier=verifier, nonce=nonce
        )
        return begun, str(url)

    def finish(self, begun: Begun, answer: Mapping[str, str]) -> Claims:
        """Who it is, by the query with which the browser came back; SignInFailed, ClaimsUnfit, ProviderAway."""
        now = self._office.now()
        if not begun.at <= now < begun.at + LONGEST or not compare_digest(answer.get("state", "").encode(), begun.state.encode()):
            raise SignInFailed
        # RFC 9207: an answer of another provider than the one that was asked.
        if answer.get("iss", self._provider.issuer) != self._provider.issuer:
            raise SignInFailed
        with self._office.ledgers.transaction() as ledger:
            first = ledger.partners.use_assertion(_USED, begun.state, begun.at + LONGEST)
        code = answer.get("code", "")
        if not first or not code:
            raise SignInFailed
        id_token, access_token = self._calls.redeem(code, begun.verifier, self.redirect_uri)
        return self._claims(self._verified(id_token, access_token, begun.nonce, now))

    def _verified(self, id_token: str, access_token: str, nonce: str, now: datetime) -> Mapping[str, Any]:
        """What the ID token says (OpenID Connect Core 1.0, section 3.1.3.7)."""
        provider = self._provider
        try:
            # The header chooses among the provider's keys; which algorithms there are is not the header's to say.
            token = jwt.decode(id_token, lambda jws: self._calls.key(jws.headers().get("kid")), algorithms=_ALGORITHMS)
            claims = CodeIDToken(
                token.claims,
                token.header,
                {"iss": {"essential": True, "value": provider.issuer}, "aud": {"essential": True, "value": provider.client_id}},
                {"nonce": nonce, "client_id": provider.client_id, "access_token": access_token},
            )
            claims.validate(now=int(now.timestamp()), leeway=_LEEWAY_SECONDS)
        except (JoseError, ValueError, TypeError) as exc:
            raise SignInFailed from exc
        return dict(claims)

    def _claims(self, told: Mapping[str, Any]) -> Claims:
        """What that means here; ClaimsUnfit where it means nothing, or more than one thing."""
        subject, node = told.get("sub"), self._office.node
        values = _found(told, self._provider.role_claim)
        roles = {self._provider.roles[value] for value in values if value in self._provider.roles}
        places = _found(told, self._provider.jurisdiction_claim)
        if not isinstance(subject, str) or not 0 < len(subject) < 256 or len(roles) != 1 or len(places) != 1:
            raise ClaimsUnfit
        (role,) = roles
        try:
            jurisdiction = node.divisions.normalise(places[0])
            check_bound(node, jurisdiction, handles_people=role is AccountRole.CLERK)
        except WoshouError as exc:
            raise ClaimsUnfit from exc
        names = _found(told, "name") or _found(told, "preferred_username") or [""]
        return Claims(
            # One provider's 7 is not another one's.
            subject=f"{self._provider.issuer} {subject}",
            name=names[0][:_LONGEST_NAME],
            role=role,
            jurisdiction=jurisdiction,
        )


def _found(told: Mapping[str, Any], path: str) -> list[str]:
    """The words of a claim, one or several; none where it is something else or is not there."""
    value: Any = told
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    values = value if isinstance(value, list) else [value]
    return [each for each in values if isinstance(each, str)]
