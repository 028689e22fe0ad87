"""The registers."""

from dataclasses import replace

import pytest

from exchange.codes import CloseReason, RegisterKind
from exchange.cursors import BadCursor, entry_cursor
from exchange.ledger import EntryFilter, Page
from exchange.people.document import DocumentType
from exchange.people.record import DocumentRef, Record
from exchange.people.register import EntryExists
from tests.builders import WUCHANG, XICHENG, YUYANG, a_moment, a_person, a_record, an_entry, an_id
from tests.ledger.support import TAKEN, in_pages, shown

MINE = frozenset({XICHENG})
FULL = an_entry(
    1,
    register=RegisterKind.INFLOW,
    origin=YUYANG,
    destination=XICHENG,
    township="110102001",
    person=a_person(name="䶮𠮷·古丽\t\\N", document=DocumentRef(type=DocumentType.NONE), birth_date=None),
    record=Record(),
    protected=True,
    closed_at=a_moment(5),
    close_reason=CloseReason.DUPLICATE,
    version=7,
)


def _closed(n=1, **changes):
    return an_entry(n, closed_at=a_moment(99), close_reason=CloseReason.RETURNED, **changes)


@pytest.mark.parametrize("entry", [an_entry(), FULL], ids=["open", "full"])
def test_an_entry_comes_back_as_it_was_added(ledgers, entry):
    with ledgers.transaction() as ledger:
        ledger.entries.add([entry])
    with ledgers.transaction() as ledger:
        assert ledger.entries.get(entry.id) == entry
        assert ledger.entries.get(entry.id, lock=True) == entry
        assert ledger.entries.get(an_id(9)) is None


def test_a_saved_entry_comes_back_as_it_was_saved_and_others_as_they_were(ledgers):
    saved = an_entry(
        1,
        person=a_person(9, name="李·四"),
        record=a_record(address="某路 1 号"),
        destination=YUYANG,
        township="610802001",
        version=2,
    )
    with ledgers.transaction() as ledger:
        ledger.entries.add([an_entry(1), an_entry(2)])
    with ledgers.transaction() as ledger:
        ledger.entries.save([saved])
    with ledgers.transaction() as ledger:
        assert ledger.entries.get(an_id(1)) == saved
        assert ledger.entries.get(an_id(2)) == an_entry(2)


def test_who_saves_an_entry_that_was_never_added_is_told(ledgers):
    with pytest.raises(KeyError), ledgers.transaction() as ledger:
        ledger.entries.save([an_entry(1)])


def test_an_empty_set_of_entries_is_stored_without_a_word(ledger):
    ledger.entries.add([])
    ledger.entries.save([])
    ledger.entries.add_facts([])
    assert ledger.entries.by_person([], []) == {}
    assert ledger.entries.by_person(MINE, []) == {}
    assert ledger.entries.by_person([], ["person-1"]) == {}


def test_an_id_is_used_by_one_entry(ledgers):
    with ledgers.transaction() as ledger:
        ledger.entries.add([_closed(1)])
    with pytest.raises(TAKEN), ledgers.transaction() as ledger:
        ledger.entries.add([_closed(1, person_index="person-2")])


SAME_PERSON = {"person_index": "person-1"}


@pytest.mark.parametrize(
    "held",
    [
        _closed(1),
        an_entry(1, register=RegisterKind.INFLOW),
        an_entry(1, jurisdiction=YUYANG),
        an_entry(1, person_index="person-2"),
    ],
    ids=["closed", "other register", "other jurisdiction", "other person"],
)
def test_a_person_may_have_an_open_entry_beside_this_one(ledger, held):
    ledger.entries.add([held])
    ledger.entries.add([an_entry(2, **SAME_PERSON)])
    assert ledger.entries.get(an_id(2)) == an_entry(2, **SAME_PERSON)


def test_a_person_has_one_open_entry_in_one_register(ledgers):
    with ledgers.transaction() as ledger:
        ledger.entries.add([an_entry(1)])
    with pytest.raises(EntryExists), ledgers.transaction() as ledger:
        ledger.entries.add([an_entry(3), an_entry(2, **SAME_PERSON)])
    with ledgers.transaction() as ledger:
        assert ledger.entries.get(an_id(1)) == an_entry(1)
        assert ledger.entries.get(an_id(2)) is None
        assert ledger.entries.get(an_id(3)) is None


@pytest.mark.parametrize("count", [2, 200])
def test_a_set_does_not_bring_a_person_twice(ledgers, count):
    entries = [*(an_entry(n) for n in range(1, count)), an_entry(count, **SAME_PERSON)]
    with pytest.raises(EntryExists), ledgers.transaction() as ledger:
        ledger.entries.add(entries)
    with ledgers.transaction() as ledger:
        assert ledger.entries.find(EntryFilter(jurisdictions=MINE), Page()) == []


@pytest.mark.parametrize("count", [1, 100])
def test_an_entry_is_not_reopened_beside_an_open_one(ledgers, count):
    numbers = range(1, count + 1)
    with ledgers.transaction() as ledger:
        ledger.entries.add([_closed(n) for n in numbers])
        ledger.entries.add([an_entry(1000 + n, person_index=f"person-{n}") for n in numbers])
    with pytest.raises(EntryExists), ledgers.transaction() as ledger:
        ledger.entries.save([an_entry(n) for n in numbers])
    with ledgers.transaction() as ledger:
        assert ledger.entries.get(an_id(1)) == _closed(1)


def test_a_person_closed_and_open_again_is_found_with_all_entries(ledger):
    mine = [_closed(1), an_entry(3, **SAME_PERSON), an_entry(5, register=RegisterKind.INFLOW, **SAME_PERSON)]
    theirs = an_entry(2, jurisdiction=YUYANG, **SAME_PERSON)
    other = an_entry(4)
    ledger.entries.add([mine[2], other, theirs, mine[0], mine[1]])
    assert ledger.entries.by_person(MINE, ["person-1", "person-4", "person-9"]) == {"person-1": mine, "person-4": [other]}
    assert ledger.entries.by_person([XICHENG, YUYANG, WUCHANG], ["person-1"]) == {"person-1": [mine[0], theirs, *mine[1:]]}
    assert ledger.entries.by_person([WUCHANG], ["person-1"]) == {}


def test_many_persons_are_found_at_once(ledger):
    entries = [an_entry(n) for n in range(1_500)]
    ledger.entries.add(entries)
    changed = [replace(entry, version=2) for entry in entries[::2]]
    ledger.entries.save(changed)
    expected = {entry.person_index: [entry] for entry in [*entries, *changed]}
    assert ledger.entries.by_person(MINE, (f"person-{n}" for n in range(40_000))) == expected


ENTRIES = {
    "outflow": an_entry(1),
    "coarse": an_entry(2, destination="610000"),
    "township": an_entry(3, township="110102001"),
    "closed": _closed(4),
    "inflow": an_entry(5, register=RegisterKind.INFLOW, origin=YUYANG, destination=XICHENG),
    "elsewhere": an_entry(6, jurisdiction=YUYANG, origin=YUYANG),
}
ALL = frozenset(ENTRIES) - {"elsewhere"}


def _named(*names):
    return frozenset(names)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (EntryFilter(jurisdictions=MINE), ALL),
        (EntryFilter(jurisdictions=MINE | {YUYANG}), frozenset(ENTRIES)),
        (EntryFilter(jurisdictions=frozenset()), _named()),
        (EntryFilter(jurisdictions=MINE, register=RegisterKind.INFLOW), _named("inflow")),
        (EntryFilter(jurisdictions=MINE, open=True), ALL - {"closed"}),
        (EntryFilter(jurisdictions=MINE, open=False), _named("closed")),
        # The other side is the destination of an outflow entry and the origin of an inflow entry.
        (EntryFilter(jurisdictions=MINE, other=WUCHANG), _named("outflow", "township", "closed")),
        (EntryFilter(jurisdictions=MINE, other=YUYANG), _named("inflow")),
        (EntryFilter(jurisdictions=MINE, other="610000"), _named("coarse")),
        (EntryFilter(jurisdictions=MINE, other=XICHENG), _named()),
        (EntryFilter(jurisdictions=MINE, township="110102001"), _named("township")),
        (EntryFilter(jurisdictions=MINE, person_index="person-4"), _named("closed")),
        (EntryFilter(jurisdictions=MINE, person_index="person-4", open=True), _named()),
    ],
    ids=shown,
)
def test_a_filter_finds_these(ledger, wanted, found):
    ledger.entries.add(list(ENTRIES.values()))
    names = {entry.id: name for name, entry in ENTRIES.items()}
    assert {names[entry.id] for entry in ledger.entries.find(wanted, Page())} == found


@pytest.mark.parametrize("limit", [1, 3, 7, 100])
def test_a_list_begins_with_the_newest_and_goes_on_page_by_page(ledger, limit):
    entries = [an_entry(n, opened_at=a_moment(0)) for n in (5, 1, 7, 2, 6, 3, 4)]
    ledger.entries.add([*entries, an_entry(8, jurisdiction=YUYANG)])
    pages = in_pages(lambda page: ledger.entries.find(EntryFilter(jurisdictions=MINE), page), entry_cursor, limit)
    assert [entry.id for page in pages for entry in page] == [an_id(n) for n in range(7, 0, -1)]


def test_a_cursor_that_no_page_gave_is_refused(ledger):
    with pytest.raises(BadCursor):
        ledger.entries.find(EntryFilter(jurisdictions=MINE), Page(after="no such place"))
