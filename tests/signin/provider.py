"""A provider of OpenID Connect on a loopback port, with keys of its own; it can be told to lie."""

import base64
import hashlib
import hmac
import json
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import uvicorn
from fastapi import FastAPI, Form, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, RSAKey

from exchange.signin.account import AccountRole

CLIENT, SECRET = "woshou node", "s/e:cret +%"
CLAIMS = {"sub": "7", "name": "张三", "realm_access": {"roles": ["offline", "cb-clerk"]}, "jurisdiction": "420106"}
ROLES = {"cb-clerk": AccountRole.CLERK, "cb-clerk-2": AccountRole.CLERK, "cb-audit": AccountRole.AUDITOR}


def _same(value: Any) -> Any:
    return value


@dataclass
class Asked:
    """What one authorization request asked for."""

    query: dict[str, str]
    spent: bool = False


@dataclass
class Issuer:
    """The provider, and what it is told to say."""

    url: str
    clock: Callable[[], float]
    rsa: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "rsa", "use": "sig"}))
    ec: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256", {"kid": "ec", "use": "sig"}))
    claims: dict[str, Any] = field(default_factory=lambda: dict(CLAIMS))
    alg: str = "RS256"
    # What becomes of its document, of the claims of its tokens, of the tokens and of the answer with them.
    document: Callable[[dict[str, Any]], Any] = _same
    change: Callable[[dict[str, Any]], dict[str, Any]] = _same
    token: Callable[[str], str] = _same
    keys: Callable[[dict[str, Any]], dict[str, Any]] = _same
    answer: Callable[[dict[str, Any]], Any] = _same
    methods: tuple[str, ...] = ("client_secret_basic",)
    asked: dict[str, Asked] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)

    def id_token(self, query: dict[str, str], access_token: str) -> str:
        now = int(self.clock())
        half = base64.urlsafe_b64encode(hashlib.sha256(access_token.encode()).digest()[:16]).rstrip(b"=").decode()
        standard = {"iss": self.url, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": query["nonce"], "at_hash": half}
        claims = self.change({**self.claims, **standard})
        key = self.rsa if self.alg.startswith(("RS", "PS")) else self.ec
        return self.token(jwt.encode({"alg": self.alg, "kid": key.kid}, claims, key, algorithms=[self.alg]))

    def visit(self, url: str) -> dict[str, str]:
        """What a browser brings back that was sent there, of somebody who signs in."""
        answer = httpx.get(url, follow_redirects=False)
        assert answer.status_code == 303, answer.text
        return {name: value[0] for name, value in parse_qs(urlsplit(answer.headers["location"]).query).items()}


def application(issuer: Issuer) -> FastAPI:
    app = FastAPI()

    @app.middleware("http")
    async def note(request: Request, go_on: Any) -> Response:
        issuer.calls.append(request.url.path)
        answer: Response = await go_on(request)
        return answer

    @app.get("/.well-known/openid-configuration")
    def document() -> Any:
        return issuer.document(
            {
                "issuer": issuer.url,
                "authorization_endpoint": f"{issuer.url}/authorize",
                "token_endpoint": f"{issuer.url}/token",
                "jwks_uri": f"{issuer.url}/keys",
                "token_endpoint_auth_methods_supported": issuer.methods,
                "code_challenge_methods_supported": ["S256"],
                "id_token_signing_alg_values_supported": ["RS256", "ES256"],
            }
        )

    @app.get("/keys")
    def keys() -> Any:
        return issuer.keys(dict(KeySet([issuer.rsa, issuer.ec]).as_dict(private=False)))

    @app.get("/authorize")
    def authorize(request: Request) -> Response:
        query = dict(request.query_params)
        assert query["response_type"] == "code"
        assert query["code_challenge_method"] == "S256"
        assert "openid" in query["scope"].split()
        code = secrets.token_urlsafe(16)
        issuer.asked[code] = Asked(query)
        return RedirectResponse(f"{query['redirect_uri']}?code={code}&state={query['state']}", status_code=303)

    @app.post("/token")
    def token(
        request: Request,
        code: str = Form(),
        code_verifier: str = Form(),
        redirect_uri: str = Form(),
        client_id: str = Form(),
        client_secret: str = Form(default=""),
    ) -> Any:
        basic = "Basic " + base64.b64encode(b"woshou%20node:s%2Fe%3Acret%20%2B%25").decode()
        allowed = request.headers.get("authorization") == basic or client_secret == SECRET or not issuer.methods
        found = issuer.asked.get(code)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(code_verifier.encode()).digest()).rstrip(b"=").decode()
        right = found is not None and not found.spent and found.query["redirect_uri"] == redirect_uri
        if found is None or not (right and allowed and client_id == CLIENT) or found.query["code_challenge"] != challenge:
            return JSONResponse({"error": "invalid_grant"}, status_code=400)
        found.spent = True
        access_token = secrets.token_urlsafe(16)
        return issuer.answer(
            {"access_token": access_token, "token_type": "Bearer", "id_token": issuer.id_token(found.query, access_token)}
        )

    return app


@contextmanager
def serving(clock: Callable[[], float]) -> Iterator[Issuer]:
    """The provider, served until the block ends."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        issuer = Issuer(f"http://127.0.0.1:{listening.getsockname()[1]}", clock)
        server = uvicorn.Server(uvicorn.Config(application(issuer), log_level="error", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            while not server.started:
                time.sleep(0.01)
            yield issuer
        finally:
            server.should_exit = True
            thread.join()


def unsigned(token: str) -> str:
    """The same with `alg: none` and no signature."""
    _, claims, _ = token.split(".")
    return f"{_part({'alg': 'none', 'kid': 'rsa'})}.{claims}."


def by_public_key(issuer: Issuer) -> Callable[[str], str]:
    """The same with an HMAC whose secret is the provider's public key, as some libraries take it."""

    def forge(token: str) -> str:
        signed = f"{_part({'alg': 'HS256', 'kid': 'rsa'})}.{token.split('.')[1]}"
        digest = hmac.digest(issuer.rsa.as_pem(private=False), signed.encode(), "sha256")
        return f"{signed}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"

    return forge


def by_another_key(token: str) -> str:
    """The same, signed by a key that only says that it is the provider's."""
    claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    stranger = RSAKey.generate_key(2048, {"kid": "rsa"})
    return jwt.encode({"alg": "RS256", "kid": "rsa", "jwk": stranger.as_dict(private=False)}, claims, stranger)


def _part(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
