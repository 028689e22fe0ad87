"""Keys change while two nodes exchange: the old and the new one overlap, and nobody has to be told."""

from datetime import timedelta

from adapters.keys import tokens
from adapters.keys.jose import thumbprint
from adapters.partner_http import PartnerClient
from adapters.renewal import Renewals
from exchange.partners import Partner
from tests.api.comparing import ask
from tests.api.hand import ASSERTION, problem
from tests.api.nodes import Neighbours

DAY = timedelta(days=1)


def test_both_sides_rotate_and_nothing_is_lost(both: Neighbours):
    """Each step sends in both directions: with the old keys, while they overlap, and when the old ones have ended."""
    before = {node.office.signing_key().kid for node in (both.xicheng, both.wuchang)}
    seen = []
    for n, rest in enumerate((timedelta(0), DAY, 3 * DAY), start=1):
        both.xicheng.clock.move(rest)
        if n == 2:
            for node in (both.xicheng, both.wuchang):
                node.office.keyring.rotate(node.clock.now(), 2 * DAY)
        ask(both, n)
        both.deliver()
        seen.append(len(both.wuchang.get("/exchanges")["items"]))
    assert seen == [1, 2, 3]
    assert before.isdisjoint({node.office.signing_key().kid for node in (both.xicheng, both.wuchang)})
    assert both.wuchang.get("/findings", role="operator")["items"] == []


def test_a_revoked_key_ends_at_once_and_the_new_one_goes_on(both: Neighbours):
    """The partner has to know the new key first: it takes the document that revokes from a key that it trusts."""
    office, clock = both.xicheng.office, both.xicheng.clock
    old = office.signing_key()
    office.keyring.rotate(clock.now(), 30 * DAY)
    clock.move(timedelta(minutes=2))
    ask(both, 1)
    office.keyring.revoke(old.kid, clock.now(), "lost")
    clock.move(timedelta(minutes=2))
    known = look(both)
    assert [key.revoked_from is not None for key in known.keys if key.kid == old.kid] == [True]
    ask(both, 2)
    assert len(both.wuchang.get("/exchanges")["items"]) == 2
    stolen = tokens.client_assertion(office.node.name, both.wuchang.office.node.name, clock.now(), old)
    form = {"grant_type": "client_credentials", "client_assertion_type": ASSERTION, "client_assertion": stolen}
    assert problem(both.wuchang.http.post("/oauth/token", data=form))[:2] == (401, "unauthorized")
    published = both.xicheng.http.get("/.well-known/jwks.json").json()["keys"]
    assert old.kid in {thumbprint({name: key[name] for name in ("kty", "crv", "x", "y")}) for key in published}


def look(both: Neighbours) -> Partner:
    """Wuchang's hourly look at Xicheng's document."""
    office = both.wuchang.office
    renewed = Renewals(office, PartnerClient(office, both.wuchang.http)).renew(both.xicheng.office.node.name)
    assert renewed is not None
    return renewed
