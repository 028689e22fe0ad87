"""The book of certificates, on every ledger that knows the node's key."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from adapters.memory import MemoryLedgers
from exchange.certificates.check import CheckAnswer, CheckRepeated
from exchange.certificates.limits import OF_CERTIFICATE, OF_HOLDER, OF_PARTNER, Misses
from exchange.codes import CloseReason, RegisterKind, Role
from exchange.cursors import certificate_check_cursor
from exchange.errors import Refused
from exchange.ledger import Ledgers, Page
from exchange.people.record import Certificate, DocumentRef
from exchange.verbs.certificates.answer import answer
from exchange.verbs.pairing.index import index_some
from tests.builders import WUCHANG, WUCHANG_NODE, XICHENG, XICHENG_NODE, a_moment, a_person, an_id, an_id_number
from tests.building.sealing import open_database
from tests.certificates.support import CERTIFICATE, NUMBER, a_check, a_question, issued, put
from tests.conftest import PostgresServer
from tests.life.two_nodes import a_node

NODE = a_node(WUCHANG_NODE, WUCHANG)
SINCE = a_moment(-1)


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledgers]:
    """An empty ledger of each kind that knows the node's key."""
    if request.param == "memory":
        yield MemoryLedgers(NODE.keyed)
    elif request.param == "sqlite":
        yield from opened(f"sqlite:///{tmp_path / 'woshou.db'}")
    else:
        server: PostgresServer = request.getfixturevalue("postgresql_server")
        with server.database() as url:
            yield from opened(url)


def opened(url: str) -> Iterator[Ledgers]:
    database = open_database(url, keyed=NODE.keyed)
    database.upgrade()
    yield database
    database.close()


def found(ledgers: Ledgers, number: str = NUMBER, county: str = WUCHANG) -> list[str]:
    with ledgers.transaction(read_only=True) as ledger:
        return [entry.id for entry in ledger.certificate_checks.numbered(county, number)]


def keeps(ledgers: Ledgers, county: str = WUCHANG) -> bool:
    with ledgers.transaction(read_only=True) as ledger:
        return ledger.certificate_checks.keeps(county)


def test_a_certificate_is_found_in_its_county_under_its_number_alone(kept):
    assert (found(kept), keeps(kept)) == ([], False)
    put(kept, NODE, issued(1), issued(2, None))
    assert (found(kept), found(kept, NUMBER.lower()), keeps(kept)) == ([an_id(1)], [an_id(1)], True)
    assert (found(kept, "WC-2026-00018"), found(kept, county=XICHENG), keeps(kept, XICHENG)) == ([], [], False)


def test_it_is_found_by_its_number_of_today_and_as_long_as_it_stands_in_the_record(kept):
    put(kept, NODE, issued(1))
    put(kept, NODE, issued(1, replace_number("B-2")))
    assert (found(kept), found(kept, "B-2")) == ([], [an_id(1)])
    put(kept, NODE, issued(1, None))
    assert (found(kept, "B-2"), keeps(kept)) == ([], False)


def replace_number(number: str) -> Certificate:
    return structs.replace(CERTIFICATE, number=number)


def test_a_closed_entry_keeps_its_certificate_and_a_protected_one_hides_it(kept):
    put(kept, NODE, issued(1).closed(CloseReason.RETURNED, a_moment(5)))
    assert found(kept) == [an_id(1)]
    put(kept, NODE, issued(1, protected=True))
    assert (found(kept), keeps(kept)) == ([], False)
    put(kept, NODE, issued(1))
    assert found(kept) == [an_id(1)]


def test_nothing_is_found_of_an_entry_that_was_erased(kept):
    put(kept, NODE, issued(1).closed(CloseReason.RETURNED, a_moment(5)))
    with kept.transaction() as ledger:
        assert ledger.entries.erase([an_id(1)]) == 1
    assert (found(kept), keeps(kept)) == ([], False)


def test_what_a_migrant_has_shown_is_no_certificate_of_this_county(kept):
    put(kept, NODE, issued(1, register=RegisterKind.INFLOW, origin=XICHENG, destination=WUCHANG))
    assert (found(kept), keeps(kept)) == ([], False)


def test_entries_that_were_written_before_there_were_keys_get_them_with_those_of_pairing(database_url):
    bare = open_database(database_url)
    bare.upgrade()
    put(bare, NODE, issued(1))
    bare.close()
    database = open_database(database_url, keyed=NODE.keyed)
    assert found(database) == []
    with database.transaction() as ledger:
        index_some(ledger)
    assert found(database) == [an_id(1)]
    database.close()


def test_nothing_of_a_number_or_a_document_stands_in_the_tables(database_url):
    database = open_database(database_url, keyed=NODE.keyed)
    database.upgrade()
    with database.transaction() as ledger:
        answer(ledger, NODE, a_question(), a_moment(), partner="p.example", caller="p.example", most_misses=9)
        (check,) = ledger.certificate_checks.find(Role.ASKED, [WUCHANG], Page())
    database.close()
    assert not {NUMBER, an_id_number(), a_person().name} & {str(value) for value in vars_of(check)}
    assert {len(check.certificate), len(check.holder)} == {43}


def vars_of(check: object) -> list[object]:
    return [getattr(check, name) for name in check.__slots__]  # type: ignore[attr-defined]  # a dataclass with slots


def test_misses_are_counted_by_caller_certificate_and_holder_within_the_window(kept):
    with kept.transaction() as ledger:
        book = ledger.certificate_checks
        book.add(a_check(1))
        book.add(a_check(2, caller="other.example", holder="holder-2"))
        book.add(a_check(3, certificate="certificate-2"))
        book.add(a_check(4, answer=CheckAnswer.VALID))
        book.add(a_check(5, answer=CheckAnswer.CANNOT_SAY))
        book.add(a_check(6, role=Role.ASKER))
        book.add(a_check(7, caller="x.example", certificate="certificate-3", holder="holder-3"))
        asked = (Role.ASKED, XICHENG_NODE, "certificate-1", "holder-1")
        assert book.misses(*asked, SINCE) == Misses(caller=2, certificate=2, holder=2)
        assert book.misses(*asked, a_moment(1)) == Misses(caller=1, certificate=1, holder=1)
        assert book.misses(*asked, a_moment(7)) == Misses(0, 0, 0)


def test_an_id_is_used_once_by_each_partner_and_role(kept):
    with kept.transaction() as ledger:
        ledger.certificate_checks.add(a_check(1))
        ledger.certificate_checks.add(a_check(1, partner="other.example"))
        ledger.certificate_checks.add(a_check(1, role=Role.ASKER))
        with pytest.raises(CheckRepeated):
            ledger.certificate_checks.add(a_check(1, at=a_moment(9)))


def test_checks_are_listed_newest_first_by_role_and_county_and_forgotten_in_time(kept):
    checks = [a_check(n, application_date=a_moment().date() if n == 2 else None) for n in (1, 2, 3)]
    with kept.transaction() as ledger:
        for check in (*checks, a_check(4, own=XICHENG), a_check(5, role=Role.ASKER)):
            ledger.certificate_checks.add(check)
        listed = ledger.certificate_checks.find(Role.ASKED, [WUCHANG], Page(limit=2))
        assert listed == checks[:0:-1]
        rest = Page(after=certificate_check_cursor(listed[-1]), limit=2)
        assert ledger.certificate_checks.find(Role.ASKED, [WUCHANG], rest) == checks[:1]
        assert ledger.certificate_checks.forget(a_moment(3)) == 2
        assert ledger.certificate_checks.find(Role.ASKED, [WUCHANG], Page()) == checks[2:]


def ask(ledgers: Ledgers, n: int, *, at: int = 0, caller: str = XICHENG_NODE, **changes: Any) -> str:
    """The answer, or the code of the refusal."""
    try:
        with ledgers.transaction() as ledger:
            question = a_question(n, **changes)
            return answer(ledger, NODE, question, a_moment(at), partner=caller, caller=caller, most_misses=OF_PARTNER).value
    except Refused as refusal:
        return refusal.code


def document(n: int) -> DocumentRef:
    return a_person(n).document


def test_after_too_many_misses_nothing_is_told_of_a_certificate_even_to_who_is_right(kept):
    put(kept, NODE, issued(1))
    for n in range(OF_CERTIFICATE):
        assert ask(kept, n + 1, caller=f"p{n}.example", document=document(n + 2)) == "unknown"
    assert ask(kept, 50) == ask(kept, 51, document=document(9)) == "cannot_say"
    assert ask(kept, 52, at=24 * 60) == "valid"
    with kept.transaction(read_only=True) as ledger:
        assert [finding.kind for finding in ledger.chores.findings(Page())] == ["certificate-guessing"]


def test_after_too_many_misses_nothing_is_told_of_a_holder_whoever_asks(kept):
    put(kept, NODE, issued(1))
    for n in range(OF_HOLDER):
        assert ask(kept, n + 1, caller=f"p{n}.example", number=f"G-{n}") == "unknown"
    assert ask(kept, 50, caller="fresh.example") == "cannot_say"
    put(kept, NODE, issued(2, replace_number("C-3")))
    assert ask(kept, 51, number="C-3", document=document(2)) == "valid"


def test_a_caller_that_missed_too_often_is_refused_and_another_is_not(kept):
    put(kept, NODE, issued(1))
    with kept.transaction() as ledger:
        for n in range(OF_PARTNER - 1):
            ledger.certificate_checks.add(a_check(1000 + n, certificate=f"c{n}", holder=f"h{n}", at=a_moment()))
    assert ask(kept, 1, number="G-1", document=document(2)) == "unknown"
    assert ask(kept, 2) == "too-many-misses"
    assert ask(kept, 3, caller="other.example") == "valid"
    with kept.transaction(read_only=True) as ledger:
        (finding,) = ledger.chores.findings(Page())
        assert (finding.kind, finding.partner) == ("certificate-guessing", XICHENG_NODE)
    assert ask(kept, 4, at=24 * 60) == "valid"


def test_a_county_that_keeps_no_certificates_cannot_say(kept):
    put(kept, NODE, issued(1, None))
    assert ask(kept, 1) == "cannot_say"


def test_the_limits_hold_over_several_processes(database_url):
    first = open_database(database_url, keyed=NODE.keyed, lock_seconds=30)
    first.upgrade()
    put(first, NODE, issued(1))
    several = [first, *(open_database(database_url, keyed=NODE.keyed, lock_seconds=30) for _ in range(3))]
    told: list[str] = []

    def guess(database: Ledgers, begin: int) -> None:
        told.extend(ask(database, begin + n, caller=f"p{begin}.example", document=document(begin + n)) for n in range(4))

    threads = [threading.Thread(target=guess, args=(database, 10 * n + 2)) for n, database in enumerate(several)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for database in several:
        database.close()
    assert sorted(told) == ["cannot_say"] * (16 - OF_CERTIFICATE) + ["unknown"] * OF_CERTIFICATE


def test_the_window_is_a_day(kept):
    put(kept, NODE, issued(1))
    for n in range(OF_CERTIFICATE):
        ask(kept, n + 1, document=document(n + 2))
    assert (ask(kept, 50, at=24 * 60 - 1), ask(kept, 51, at=24 * 60)) == ("cannot_say", "valid")
