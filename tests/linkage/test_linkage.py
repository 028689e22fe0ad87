"""Splink for real on a few thousand people: whom it finds, what it leaves behind, and that it only suggests."""

import logging
import os
import sys
import tempfile
from dataclasses import replace

import pytest
from msgspec import structs

from adapters import linkage
from adapters.memory import MemoryLedgers
from exchange.codes import Role
from exchange.exchanges import Direction
from exchange.ledger import ExchangeFilter, Page
from exchange.node import NotServed
from exchange.pairing.linking import flat
from exchange.pairing.weights import WEIGHTS
from exchange.people.document import DocumentType
from exchange.people.record import DocumentRef, Record
from exchange.verbs.pair import pair
from exchange.verbs.pairing.suggest import gather, suggest
from exchange.wire.message import write_message
from tests.builders import (
    WUCHANG,
    XICHENG,
    XICHENG_NODE,
    a_conversation,
    a_link,
    a_message,
    a_moment,
    a_query,
    an_exchange,
    an_id,
    judged,
)
from tests.life.two_nodes import a_node
from tests.pairing.people import entered, married, slips, somebody, told

NO_NUMBER = DocumentRef(type=DocumentType.NONE)
PEOPLE = 3000
ASKED = range(0, PEOPLE, 10)


def told_without_a_number(n):
    """Somebody of the register as the other side tells of them; every third with a slip in the name."""
    person = slips(n)["name heard"] if n % 3 == 0 else somebody(n)
    return told(structs.replace(person, document=NO_NUMBER), married(n))


@pytest.fixture(scope="module")
def lists():
    """Who was asked about, half of them strangers, and who is in the register."""
    strangers = [flat(f"q{n}", told_without_a_number(n)) for n in range(PEOPLE, PEOPLE + 3000, 10)]
    asked = [flat(f"q{n}", told_without_a_number(n)) for n in ASKED]
    register = [flat(f"e{n}", told(somebody(n), married(n))) for n in range(PEOPLE)]
    return [*asked, *strangers], register


@pytest.fixture(scope="module")
def linked(lists):
    return linkage.link(*lists)


def test_nearly_everybody_is_found_and_nearly_nobody_wrongly(linked):
    right = {found.left for found in linked if found.left[1:] == found.right[1:]}
    assert len(right) >= 0.95 * len(ASKED)
    assert sum(found.left[1:] != found.right[1:] for found in linked) <= 0.02 * len(linked)
    assert all(linkage.SURE <= found.probability <= 1 for found in linked)


def test_two_with_a_usable_document_each_are_left_to_exact_identity():
    both = [flat("a", told(somebody(1))), flat("b", told(structs.replace(somebody(2), document=NO_NUMBER)))]
    register = [flat("x", told(somebody(1))), flat("y", told(somebody(2)))]
    assert [(found.left, found.right) for found in linkage.link(both, register)] == [("b", "y")]


def test_empty_lists_have_no_pairs(lists):
    assert linkage.link([], lists[1]) == linkage.link(lists[0], []) == []


def test_every_level_of_a_field_stands_in_one_level_of_the_linkage():
    for field, levels in linkage._LEVELS.items():
        told_of = [level for _, _, together in levels for level in together]
        assert len(told_of) == len(set(told_of))
        left_out = set(WEIGHTS[field]) - set(told_of)
        assert {level.value for level in left_out} <= {"converted"}  # numbers are compared with 18 digits


def test_nobody_is_written_to_a_file_or_a_log(lists, tmp_path, monkeypatch, caplog):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    with caplog.at_level(logging.NOTSET), caplog.at_level(logging.NOTSET, logger="splink"):
        linkage.link(*lists)
    assert os.listdir(tmp_path) == []
    assert [record for record in caplog.records if record.name.startswith("splink")] == []


def test_without_splink_the_refusal_says_what_to_install(lists, monkeypatch):
    monkeypatch.setitem(sys.modules, "splink", None)
    with pytest.raises(linkage.LinkageMissing) as refused:
        linkage.link(*lists)
    assert "woshou[linkage]" in refused.value.zh
    assert "woshou[linkage]" in refused.value.en


NODE = a_node(XICHENG_NODE, XICHENG)


def asked_about(ledger, n, person):
    """An unpaired exchange in Xicheng about somebody, as Wuchang tells of them."""
    query = structs.replace(a_query(n), from_=WUCHANG, to=XICHENG)
    query = structs.replace(query, body=structs.replace(query.body, person=person, record=Record()))
    line = write_message(query)
    ledger.messages.add([judged(a_message(n, direction=Direction.IN, line=line), position=n)])
    exchange = an_exchange(
        n, role=Role.ASKED, own=XICHENG, other=WUCHANG, origin=XICHENG, destination=WUCHANG, conversation=a_conversation()
    )
    ledger.exchanges.add([exchange])
    return exchange


@pytest.fixture
def ledger():
    """Xicheng with 300 people in its outflow register, three of them asked about without a number."""
    with MemoryLedgers(NODE.keyed).transaction() as opened:
        opened.links.add(a_link().uuid, a_link().partner)
        opened.entries.add([entered(n, person_index=f"p{n}") for n in range(300)])
        for n in (5, 6, 999):
            asked_about(opened, n, structs.replace(somebody(n), document=NO_NUMBER))
        yield opened


def test_suggestions_are_written_with_the_nodes_own_probability_and_nothing_is_paired(ledger):
    (lists,) = gather(ledger, NODE, XICHENG)
    came = suggest(ledger, NODE, lists, linkage.link(lists.asked, lists.entered), a_moment())
    assert came == (3, 2, 2)
    found = ledger.pairing.suggestions(frozenset({XICHENG}), 10)
    assert {(each.exchange.exchange, each.entry) for each in found} == {(an_id(5), an_id(5)), (an_id(6), an_id(6))}
    assert all(each.probability > 0.5 and each.linked > 0.5 for each in found)
    unpaired = ledger.exchanges.find(ExchangeFilter(own=frozenset({XICHENG}), paired=False), Page())
    assert len(unpaired) == 3


def test_who_was_paired_or_protected_while_the_linkage_ran_is_left_out(ledger):
    (lists,) = gather(ledger, NODE, XICHENG)
    linked = linkage.link(lists.asked, lists.entered)
    (five,) = ledger.exchanges.named(an_id(5))
    pair(ledger, five, an_id(5), a_moment())
    ledger.entries.save([replace(entered(6, person_index="p6"), protected=True, version=2)])
    assert suggest(ledger, NODE, lists, linked, a_moment()).suggestions == 0


def test_the_next_run_replaces_what_the_last_one_said(ledger):
    for _ in range(2):
        (lists,) = gather(ledger, NODE, XICHENG)
        suggest(ledger, NODE, lists, linkage.link(lists.asked, lists.entered), a_moment())
    assert len(ledger.pairing.suggestions(frozenset({XICHENG}), 10)) == 2


def test_protected_entries_are_not_even_compared(ledger):
    ledger.entries.save([replace(entered(5, person_index="p5"), protected=True, version=2)])
    (lists,) = gather(ledger, NODE, XICHENG)
    assert an_id(5) not in {each.id for each in lists.entered}


def test_only_a_county_of_this_node_is_linked(ledger):
    with pytest.raises(NotServed):
        gather(ledger, NODE, WUCHANG)
