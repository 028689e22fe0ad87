"""Signing in with OpenID Connect: with a provider that is served, and with one that lies."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from adapters.calling.reach import AddressNotAllowed, Reach
from adapters.partner_http import http_client
from adapters.signin.oidc import LONGEST, Begun, OpenIdConnect
from adapters.signin.provider import Provider
from exchange.errors import WoshouError
from exchange.ledger import ApiKey
from exchange.signin.account import NO_SECRET
from exchange.signin.claims import Claims
from exchange.signin.refusals import ClaimsUnfit, ProviderAway, SignInFailed, SignInRefused
from tests.builders import WUCHANG, a_moment
from tests.signin.conftest import Desk
from tests.signin.provider import CLAIMS, CLIENT, ROLES, SECRET, Issuer, by_another_key, by_public_key, serving, unsigned

NAMED = Claims(subject="", name="张三", role=ROLES["cb-clerk"], jurisdiction=WUCHANG)


@pytest.fixture
def issuer(desk: Desk) -> Iterator[Issuer]:
    with serving(lambda: desk.clock.now().timestamp()) as issuer:
        yield issuer


def provider_of(issuer: Issuer, **changes: Any) -> Provider:
    provider = Provider(
        issuer=issuer.url,
        client_id=CLIENT,
        client_secret=SECRET,
        role_claim="realm_access.roles",
        jurisdiction_claim="jurisdiction",
        roles=ROLES,
    )
    return replace(provider, **changes)


Connect = Callable[..., OpenIdConnect]


@pytest.fixture
def connect(desk: Desk) -> Iterator[Connect]:
    """Connects the node with a provider."""
    with ExitStack() as opened:

        def connected(provider: Provider, *, loopback: bool = True) -> OpenIdConnect:
            client = opened.enter_context(http_client(reach=Reach(loopback=loopback)))
            return OpenIdConnect(desk.office, provider, client)

        yield connected


@pytest.fixture
def oidc(connect: Connect, issuer: Issuer) -> OpenIdConnect:
    return connect(provider_of(issuer))


def come_back(oidc: OpenIdConnect, issuer: Issuer) -> Claims:
    """What is known of somebody who went there and came back."""
    begun, url = oidc.begin()
    return oidc.finish(Begun.read(begun.text), issuer.visit(url))


def test_who_signs_in_there_is_known_here(oidc: OpenIdConnect, issuer: Issuer):
    found = come_back(oidc, issuer)
    assert found == replace(NAMED, subject=f"{issuer.url} 7")


@pytest.mark.parametrize("alg", ["RS256", "ES256"])
@pytest.mark.parametrize("methods", [("client_secret_basic",), ("client_secret_post",)])
def test_with_either_algorithm_and_either_way_to_send_the_secret(
    connect: Connect, issuer: Issuer, alg: str, methods: tuple[str, ...]
):
    issuer.alg, issuer.methods = alg, methods
    assert come_back(connect(provider_of(issuer)), issuer).name == "张三"


def test_a_public_client_has_no_secret(connect: Connect, issuer: Issuer):
    issuer.methods = ()
    assert come_back(connect(provider_of(issuer, client_secret=None)), issuer).name == "张三"


def test_what_goes_out_is_new_each_time_and_the_verifier_stays(oidc: OpenIdConnect, issuer: Issuer):
    begun = [oidc.begin() for _ in range(3)]
    assert len({text for one, _ in begun for text in (one.state, one.nonce, one.verifier)}) == 9
    for one, url in begun:
        query = {name: value[0] for name, value in parse_qs(urlsplit(url).query).items()}
        assert one.verifier not in url
        assert (query["state"], query["nonce"], query["code_challenge_method"]) == (one.state, one.nonce, "S256")
        assert query["redirect_uri"] == "http://127.0.0.1:8001/sign-in/oidc"
    assert issuer.calls.count("/.well-known/openid-configuration") == 1


def told(**changed: Any) -> Callable[[Issuer], None]:
    """The provider says something else in its token; None leaves a claim out."""

    def tell(issuer: Issuer) -> None:
        issuer.change = lambda claims: {name: value for name, value in {**claims, **changed}.items() if value is not None}

    return tell


def sent(change: Callable[[Issuer], Callable[[str], str]]) -> Callable[[Issuer], None]:
    def tell(issuer: Issuer) -> None:
        issuer.token = change(issuer)

    return tell


def signed(alg: str) -> Callable[[Issuer], None]:
    def tell(issuer: Issuer) -> None:
        issuer.alg = alg

    return tell


NOW = int(a_moment().timestamp())
LIES: dict[str, Callable[[Issuer], None]] = {
    "another nonce": told(nonce="another"),
    "no nonce": told(nonce=None),
    "another node's": told(aud="another"),
    "another node's, which names us": told(aud="another", azp=CLIENT),
    "for nobody": told(aud=None),
    "another's, and ours": told(aud=[CLIENT, "another"]),
    "ours, for another party": told(azp="another"),
    "another issuer": told(iss="https://another.example"),
    "no issuer": told(iss=None),
    "expired": told(exp=NOW - 3600),
    "without an end": told(exp=None),
    "of tomorrow": told(iat=NOW + 86400),
    "not yet": told(nbf=NOW + 86400),
    "of nobody": told(sub=None),
    "of another access token": told(at_hash="AAAAAAAAAAAAAAAAAAAAAA"),
    "unsigned": sent(lambda _: unsigned),
    "an HMAC by the public key": sent(by_public_key),
    "by another key": sent(lambda _: by_another_key),
    "altered": sent(lambda _: lambda token: token[:-8] + ("AAAAAAAA" if token[-8:] != "AAAAAAAA" else "BBBBBBBB")),
    "no token": sent(lambda _: lambda _: "x"),
    "PS256": signed("PS256"),
    "RS512": signed("RS512"),
}


@pytest.mark.parametrize("lie", LIES)
def test_what_does_not_hold_signs_nobody_in_and_is_not_told(oidc: OpenIdConnect, issuer: Issuer, lie: str):
    assert come_back(oidc, issuer).name
    LIES[lie](issuer)
    with pytest.raises(SignInFailed) as refused:
        come_back(oidc, issuer)
    assert refused.value.en == SignInFailed.en


def test_a_state_is_taken_once(oidc: OpenIdConnect, issuer: Issuer, connect: Connect):
    begun, url = oidc.begin()
    answer = issuer.visit(url)
    assert oidc.finish(begun, answer).name
    issuer.asked[answer["code"]].spent = False
    with pytest.raises(SignInFailed):
        oidc.finish(begun, answer)
    with pytest.raises(SignInFailed):
        connect(provider_of(issuer)).finish(begun, answer)


def test_an_answer_that_another_browser_asked_for_is_not_taken(oidc: OpenIdConnect, issuer: Issuer):
    mine, theirs = oidc.begin(), oidc.begin()
    for answer in (issuer.visit(theirs[1]), {"code": "x"}, {}):
        with pytest.raises(SignInFailed):
            oidc.finish(mine[0], answer)
    stolen = {**issuer.visit(theirs[1]), "state": mine[0].state}
    with pytest.raises(SignInFailed):
        oidc.finish(mine[0], stolen)


def test_an_answer_of_another_issuer_is_not_taken(oidc: OpenIdConnect, issuer: Issuer):
    begun, url = oidc.begin()
    with pytest.raises(SignInFailed):
        oidc.finish(begun, {**issuer.visit(url), "iss": "https://another.example"})
    begun, url = oidc.begin()
    assert oidc.finish(begun, {**issuer.visit(url), "iss": issuer.url}).name


def test_a_refusal_there_signs_nobody_in(oidc: OpenIdConnect):
    begun, _ = oidc.begin()
    with pytest.raises(SignInFailed):
        oidc.finish(begun, {"state": begun.state, "error": "access_denied"})


def test_who_takes_longer_than_ten_minutes_begins_again(oidc: OpenIdConnect, issuer: Issuer, desk: Desk):
    for later, taken in ((LONGEST - timedelta(seconds=1), True), (LONGEST, False)):
        begun, url = oidc.begin()
        answer = issuer.visit(url)
        desk.clock.move(later)
        if taken:
            assert oidc.finish(begun, answer).name
        else:
            with pytest.raises(SignInFailed):
                oidc.finish(begun, answer)


@pytest.mark.parametrize("text", ["", "x", "a.b.c", "a.b.c.d", "a.b.c.1.2", "a.b..1", "a.b.c.99999999999999999999", "a.b.c.٣"])
def test_what_is_no_cookie_of_ours_is_refused(text: str):
    with pytest.raises(SignInFailed):
        Begun.read(text)


@pytest.mark.parametrize(
    "claims",
    [
        {"realm_access": {"roles": ["offline"]}},
        {"realm_access": {"roles": ["cb-clerk", "cb-audit"]}},
        {"realm_access": "cb-clerk"},
        {"realm_access": {"roles": {"cb-clerk": True}}},
        {"realm_access": None},
        {"jurisdiction": None},
        {"jurisdiction": ["420106", "110102"]},
        {"jurisdiction": "110102"},
        {"jurisdiction": "999999"},
        {"jurisdiction": 420106},
        {"realm_access": {"roles": "cb-audit"}, "jurisdiction": "420106001"},
        {"sub": ""},
        {"sub": "x" * 256},
    ],
)
def test_who_is_given_no_role_or_no_place_here_or_more_than_one_is_refused(
    oidc: OpenIdConnect, issuer: Issuer, claims: dict[str, Any]
):
    issuer.claims = {name: value for name, value in {**CLAIMS, **claims}.items() if value is not None}
    with pytest.raises(ClaimsUnfit):
        come_back(oidc, issuer)


def test_two_words_for_one_role_are_one_role(oidc: OpenIdConnect, issuer: Issuer):
    issuer.claims["realm_access"] = {"roles": ["cb-clerk", "cb-clerk-2"]}
    issuer.claims["jurisdiction"] = "420106001"
    assert come_back(oidc, issuer).jurisdiction == "420106001"


DOCUMENTS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "another issuer": lambda document: {**document, "issuer": "https://another.example"},
    "a token endpoint in clear": lambda document: {**document, "token_endpoint": "http://another.example/token"},
    "keys in clear": lambda document: {**document, "jwks_uri": "http://another.example/keys"},
    "no PKCE": lambda document: {**document, "code_challenge_methods_supported": ["plain"]},
    "no endpoint": lambda document: {name: value for name, value in document.items() if name != "token_endpoint"},
    "a list": lambda document: [document],
    "too much": lambda document: {**document, "more": "x" * 300_000},
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_that_is_none_begins_nothing(oidc: OpenIdConnect, issuer: Issuer, name: str):
    issuer.document = DOCUMENTS[name]
    with pytest.raises(ProviderAway):
        oidc.begin()


@pytest.mark.parametrize("keys", [[], "x", [{"kty": "oct", "k": "AAAA", "kid": "rsa"}], [{"kty": "RSA", "kid": "rsa"}]])
def test_a_provider_without_keys_that_count_is_none(oidc: OpenIdConnect, issuer: Issuer, keys: Any):
    issuer.keys = lambda _: {"keys": keys}
    with pytest.raises(ProviderAway):
        come_back(oidc, issuer)


def test_keys_that_are_not_for_signing_sign_nothing(oidc: OpenIdConnect, issuer: Issuer):
    issuer.keys = lambda document: {"keys": [{**key, "use": "enc"} if key["kid"] == "rsa" else key for key in document["keys"]]}
    with pytest.raises(SignInFailed):
        come_back(oidc, issuer)
    issuer.alg = "ES256"
    assert come_back(oidc, issuer).name


def test_a_new_key_is_asked_for_once_a_minute_at_most(oidc: OpenIdConnect, issuer: Issuer, monkeypatch: pytest.MonkeyPatch):
    assert come_back(oidc, issuer).name
    issuer.rsa = type(issuer.rsa).generate_key(2048, {"kid": "newer", "use": "sig"})
    for _ in range(2):
        with pytest.raises(SignInFailed):
            come_back(oidc, issuer)
    assert issuer.calls.count("/keys") == 1
    monkeypatch.setattr("adapters.signin.provider._KEYS_AGAIN", 0.0)
    assert come_back(oidc, issuer).name
    assert issuer.calls.count("/keys") == 2


def test_a_provider_where_this_node_does_not_call_is_not_called(connect: Connect, issuer: Issuer):
    with pytest.raises(ProviderAway) as refused:
        connect(provider_of(issuer), loopback=False).begin()
    assert isinstance(refused.value.__cause__, AddressNotAllowed)
    assert issuer.calls == []


def test_the_first_sign_in_makes_the_account_and_each_one_brings_its_rights(desk: Desk, oidc: OpenIdConnect, issuer: Issuer):
    first = desk.signing.by_claims(come_back(oidc, issuer))
    known = desk.signing.session_of(first.token)
    assert known is not None
    key = known[2]
    assert key == ApiKey(
        id=key.id, secret_hash=NO_SECRET, name="张三", jurisdiction=WUCHANG, role="clerk", created_at=desk.clock.now()
    )
    assert (first.account.password_hash, first.account.subject) == (None, f"{issuer.url} 7")
    issuer.claims.update({"realm_access": {"roles": ["cb-audit"]}, "jurisdiction": "420000", "name": "张三丰"})
    second = desk.signing.by_claims(come_back(oidc, issuer))
    assert second.account == first.account
    assert second.token != first.token
    for opened in (first, second):
        known = desk.signing.session_of(opened.token)
        assert known is not None
        assert (known[2].role, known[2].jurisdiction, known[2].name) == ("auditor", "420000", "张三丰")
    assert desk.deeds()[-2:] == [("sign-in", None), ("sign-in", None)]


def test_one_providers_subject_is_not_another_ones(desk: Desk):
    one = desk.signing.by_claims(replace(NAMED, subject="https://one.example 7"))
    other = desk.signing.by_claims(replace(NAMED, subject="https://other.example 7"))
    assert one.account.key != other.account.key


def test_who_was_shut_out_here_is_not_let_in_from_there(desk: Desk):
    opened = desk.signing.by_claims(replace(NAMED, subject="https://one.example 7"))
    with desk.office.ledgers.transaction() as ledger:
        key = ledger.access.api_key(opened.account.key)
        assert key is not None
        ledger.access.save_api_key(replace(key, revoked_at=a_moment()))
    with pytest.raises(SignInRefused):
        desk.signing.by_claims(replace(NAMED, subject="https://one.example 7"))
    assert desk.deeds()[-1] == ("sign-in", "sign-in-refused")


def test_no_secret_and_no_name_is_in_what_a_value_says_of_itself(issuer: Issuer):
    assert SECRET not in repr(provider_of(issuer))
    assert "张三" not in repr(NAMED)
    for refusal in (SignInFailed(), ClaimsUnfit(), ProviderAway()):
        assert isinstance(refusal, WoshouError)
        assert not refusal.pointer
