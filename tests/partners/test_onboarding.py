"""A partner is trusted after its fingerprint was compared, for what was confirmed, and never across environments."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from adapters.keys.keyring import Keyring
from adapters.memory import MemoryLedgers
from adapters.office import Thumbprints
from exchange.errors import Conflict
from exchange.ledger import Page
from exchange.moments import format_moment
from exchange.partners import EnvironmentsDiffer, Partner, PartnerStatus
from exchange.verbs.onboard import ClaimsOverlap, add_partner, confirm_partner, partner_from, renew_partner
from exchange.wire.node import NodeDocument, NodeDocumentRefused, read_node_document
from tests.builders import WUCHANG, WUCHANG_NODE, XICHENG, XICHENG_NODE, YUYANG, a_digest, a_moment, a_partner
from tests.keys.forge import KEY, OTHER
from tests.life.two_nodes import LINK, a_node

URL = "https://wuchang.example"


def a_document(**changes: Any) -> NodeDocument:
    """Wuchang's node document, version 3."""
    keys = [
        {"jwk": key.public.jwk, "use": use, "not_before": format_moment(a_moment(-60)), "not_after": None}
        for key, use in ((KEY, "sig"), (OTHER, "enc"))
    ]
    members = {
        "node": WUCHANG_NODE,
        "version": 3,
        "issued_at": format_moment(a_moment()),
        "name": "武汉市武昌区",
        "protocols": ["1"],
        "environment": "sandbox",
        "clock": "real",
        "jurisdictions": [WUCHANG],
        "endpoints": {name: f"{URL}/{name}" for name in ("token", "batches", "agreements", "links")},
        "limits": {"messages": 1000, "unpacked_bytes": 8388608},
        "keys": keys,
        "revoked": [],
        "recovery": a_digest("recovery"),
    }
    return read_node_document(msgspec.json.encode({**members, **changes}))


def looked_at(url: str = URL, **changes: Any) -> Partner:
    """The partner that such a document describes."""
    return partner_from(a_document(**changes), "jws", url, Thumbprints(), a_moment())


def test_a_document_describes_a_partner_that_is_not_trusted_yet() -> None:
    partner = looked_at()
    assert (partner.status, partner.confirmed, partner.claimed) == (PartnerStatus.PENDING, (), (WUCHANG,))
    assert partner.signing_key_at(KEY.kid, a_moment()) is not None
    assert partner.signing_key_at(OTHER.kid, a_moment()) is None


@pytest.mark.parametrize(
    ("url", "changes"),
    [
        ("http://wuchang.example", {}),
        ("https://other.example", {}),
        ("https://wuchang.example:8443", {}),
        (URL, {"protocols": ["2"]}),
        (URL, {"endpoints": {name: f"https://evil.example/{name}" for name in ("token", "batches", "agreements", "links")}}),
        (URL, {"keys": [{"jwk": KEY.public.jwk, "use": "sig", "not_before": format_moment(a_moment()), "not_after": None}] * 2}),
        (URL, {"revoked": [{"kid": KEY.kid, "from": format_moment(a_moment(-1)), "reason": "lost"}]}),
    ],
)
def test_a_document_that_cannot_be_worked_with_is_refused(url: str, changes: dict[str, Any]) -> None:
    with pytest.raises(NodeDocumentRefused):
        looked_at(url, **changes)


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00.000Z", "9999-12-31T23:59:59.999Z", "2026-99-99T00:00:00.000Z"])
@pytest.mark.parametrize("place", ["issued_at", "not_before", "not_after", "from"])
def test_a_moment_that_is_none_makes_a_document_that_is_none(place: str, moment: str) -> None:
    keys = [
        {"jwk": key.public.jwk, "use": use, "not_before": format_moment(a_moment(-60)), "not_after": None}
        for key, use in ((KEY, "sig"), (OTHER, "enc"))
    ]
    changes: dict[str, dict[str, Any]] = {
        "issued_at": {"issued_at": moment},
        "not_before": {"keys": [{**keys[0], "not_before": moment}, keys[1]]},
        "not_after": {"keys": [{**keys[0], "not_after": moment}, keys[1]]},
        "from": {"revoked": [{"kid": a_digest("other"), "from": moment, "reason": "lost"}]},
    }
    with pytest.raises(NodeDocumentRefused):
        looked_at(**changes[place])


@pytest.mark.parametrize("bad", [{"张三": 1}, {"node": "张三 42010619900307851X"}, {"keys": [{"张三": 1}]}])
def test_what_a_document_says_wrongly_is_not_repeated(bad: dict[str, Any]) -> None:
    with pytest.raises(NodeDocumentRefused) as refused:
        looked_at(**bad)
    assert "张三" not in f"{refused.value.zh}{refused.value.en}{refused.value.pointer}"


@pytest.mark.parametrize("end", [" x", "\n", "\\@evil.example/", "/#x", "/é"])
def test_an_endpoint_that_two_readers_may_read_differently_is_refused(end: str) -> None:
    names = ("token", "batches", "agreements", "links")
    with pytest.raises(NodeDocumentRefused):
        looked_at(endpoints={name: f"{URL}/{name}{end}" for name in names})


def test_production_never_talks_to_a_sandbox() -> None:
    node = replace(a_node(XICHENG_NODE, XICHENG), environment="production")
    with MemoryLedgers().transaction() as ledger, pytest.raises(EnvironmentsDiffer):
        add_partner(ledger, node, looked_at())
    with MemoryLedgers().transaction() as ledger, pytest.raises(EnvironmentsDiffer):
        renew_partner(ledger, looked_at(), replace(looked_at(version=4), environment="production"), a_moment())


def test_confirming_opens_the_link_for_what_was_confirmed_only() -> None:
    node = a_node(XICHENG_NODE, XICHENG)
    with MemoryLedgers().transaction() as ledger:
        known = add_partner(ledger, node, looked_at(jurisdictions=[WUCHANG, YUYANG]))
        active = confirm_partner(ledger, node, known, LINK, frozenset({WUCHANG}))
        link = ledger.links.of(WUCHANG_NODE)
        assert (active.status, active.confirmed, link and link.uuid) == (PartnerStatus.ACTIVE, (WUCHANG,), LINK)
        assert ledger.partners.get(WUCHANG_NODE) == active


def test_what_is_not_claimed_or_taken_cannot_be_confirmed() -> None:
    node = a_node(XICHENG_NODE, XICHENG)
    with MemoryLedgers().transaction() as ledger:
        with pytest.raises(Conflict):
            confirm_partner(ledger, node, looked_at(), LINK, frozenset({YUYANG}))
        with pytest.raises(ClaimsOverlap):
            confirm_partner(ledger, node, looked_at(jurisdictions=[XICHENG]), LINK, frozenset({XICHENG}))
        ledger.partners.save(a_partner("third.example", status=PartnerStatus.ACTIVE, confirmed=(WUCHANG,)))
        with pytest.raises(ClaimsOverlap):
            confirm_partner(ledger, node, looked_at(), LINK, frozenset({WUCHANG}))


def test_a_newer_document_keeps_old_keys_and_a_changed_claim_is_a_finding_and_no_route() -> None:
    with MemoryLedgers().transaction() as ledger:
        known = replace(looked_at(), status=PartnerStatus.ACTIVE, confirmed=(WUCHANG,))
        rotated = [
            {"jwk": key.public.jwk, "use": use, "not_before": format_moment(a_moment()), "not_after": None}
            for key, use in ((OTHER, "sig"), (OTHER, "enc"))
        ]
        renewed = renew_partner(ledger, known, looked_at(version=4, jurisdictions=[YUYANG], keys=rotated), a_moment())
        assert {key.kid for key in renewed.keys} == {KEY.kid, OTHER.kid}
        assert (renewed.confirmed, renewed.status, renewed.fingerprint) == ((), PartnerStatus.ACTIVE, known.fingerprint)
        assert [finding.kind for finding in ledger.chores.findings(Page())] == ["claims-changed"]


def test_an_older_document_is_refused() -> None:
    with MemoryLedgers().transaction() as ledger, pytest.raises(NodeDocumentRefused):
        renew_partner(ledger, looked_at(), looked_at(version=2), a_moment())


def test_a_key_is_trusted_within_its_time_and_until_it_is_revoked() -> None:
    (key, _) = looked_at().keys
    ending = replace(key, not_after=a_moment(10), revoked_from=a_moment(5))
    trusted = [ending.trusted_at(a_moment(minute)) for minute in (-62, -61, 4, 5, 10)]
    assert trusted == [False, True, True, False, False]
    assert not replace(key, not_after=a_moment(10)).trusted_at(a_moment(10))
    assert key.trusted_at(a_moment() - timedelta(minutes=60, seconds=60))


def test_both_operators_read_the_same_fingerprint_while_keys_overlap(tmp_path: Path) -> None:
    born = a_moment(-60)
    keyring = Keyring.create(tmp_path / "keys", born).rotate(a_moment(-30), timedelta(days=30))
    seen = looked_at(keys=keyring.public_documents(), recovery=keyring.recovery_kid)
    assert seen.fingerprint == keyring.fingerprint(a_moment())
