"""A clerk settles differences: taken through the verbs that keep entries, kept with a reason, or left; erased afterwards."""

from dataclasses import replace
from datetime import date

import pytest
from msgspec import structs

from exchange.checking.check import CheckField, CheckLayout, DifferenceState, Settlement
from exchange.codes import CloseReason, MaritalStatus, Sex
from exchange.errors import NotFound
from exchange.ledger import Page
from exchange.people.record import Child, Marriage
from exchange.people.register import EntryFactKind
from exchange.verbs.cross_check.settle import SettledAs, settle, settle_fields
from exchange.verbs.cross_check.warn import unsettled
from exchange.verbs.keep_entry import change_entry, close_entry, protect_entry
from tests.builders import WUCHANG, XICHENG, a_moment, a_person, a_record, an_id, an_id_number
from tests.checking.support import A_CHILD, OWN, a_file, check, differences, enter, held
from tests.registers.support import NODE, a_draft, an_inflow

LU, TAKE = CheckLayout, Settlement.TAKE
ME = an_id_number(2)
BIRTH = [ME, None, "男", "2018-01-12", "北京市", "R1", None, None]
WEDDING = ["结婚", "2016-05-20", "武昌区", "李四", an_id_number(1), "王小明", ME]


def all_as(ledgers, done, settlement, now=20):
    wanted = {each.id: settlement for each in differences(ledgers, done)}
    with ledgers.transaction() as ledger:
        results = settle(ledger, NODE, OWN, done.id, wanted, a_moment(now))
    return [(each.field.value if each.field else None, each.outcome) for each in results]


def one_as(ledgers, done, field, settlement, now=20):
    (wanted,) = [each.id for each in differences(ledgers, done) if each.field is field]
    with ledgers.transaction() as ledger:
        (result,) = settle(ledger, NODE, OWN, done.id, {wanted: settlement}, a_moment(now))
    return result.outcome, result.refusal.code if result.refusal else None


def test_what_is_taken_is_in_the_entry_with_one_version_and_one_fact(every_ledger):
    (entry,) = enter(every_ledger, a_draft(2))
    done = check(every_ledger, LU.BIRTHS, a_file(LU.BIRTHS, BIRTH))
    assert {outcome for _, outcome in all_as(every_ledger, done, TAKE)} == {SettledAs.CORRECTED}
    then = held(every_ledger, entry)
    assert then.record.children == [
        Child(sex=Sex.MALE, birth_date=date(2018, 1, 12), birth_place="北京市", certificate_number="R1")
    ]
    assert then.version == 2
    with every_ledger.transaction(read_only=True) as ledger:
        ((_, facts),) = ledger.entries.counted(OWN, a_moment(99))
        counted = ledger.cross_checks.counts([done.id])[done.id]
    assert [fact.what for fact in facts] == [EntryFactKind.OPENED, EntryFactKind.CHANGED]
    assert set(counted.values()) == {1}
    settled = differences(every_ledger, done)
    assert {(each.state, each.proposal) for each in settled} == {(DifferenceState.CORRECTED, None)}


def test_a_marriage_is_taken_whole(ledgers):
    alone = a_record(marital_status=MaritalStatus.UNMARRIED, marriage=None, spouse=None)
    (entry,) = enter(ledgers, a_draft(2, record=alone))
    all_as(ledgers, check(ledgers, LU.MARRIAGES, a_file(LU.MARRIAGES, WEDDING)), TAKE)
    record = held(ledgers, entry).record
    assert (record.marital_status, record.marriage) == (
        MaritalStatus.MARRIED,
        Marriage(date=date(2016, 5, 20), place="武昌区"),
    )
    assert record.spouse is not None
    assert (record.spouse.name, record.spouse.document and record.spouse.document.number) == ("李四", an_id_number(1))


def test_a_child_that_was_missing_is_added_once(ledgers):
    (entry,) = enter(ledgers, a_draft(2))
    data = a_file(LU.BIRTHS, [ME, None, "男", "2021-06-01", None, "R9", None, None])
    done = check(ledgers, LU.BIRTHS, data)
    assert all_as(ledgers, done, TAKE) == [("child", SettledAs.CORRECTED)]
    assert held(ledgers, entry).record.children == [
        A_CHILD,
        Child(sex=Sex.MALE, birth_date=date(2021, 6, 1), certificate_number="R9"),
    ]
    assert all_as(ledgers, done, TAKE) == [("child", SettledAs.UNCHANGED)]
    again = check(ledgers, LU.BIRTHS, data, again=True, now=30)
    assert (again.equal, again.differing) == (1, 0)


@pytest.mark.parametrize("settlement", [Settlement.SHEET_WRONG, Settlement.VERIFIED, Settlement.OTHER_PERSON])
def test_what_is_kept_leaves_the_entry_alone_and_remembers_why(ledgers, settlement):
    (entry,) = enter(ledgers, a_draft(2))
    before = held(ledgers, entry)
    done = check(ledgers, LU.BIRTHS, a_file(LU.BIRTHS, BIRTH))
    assert {outcome for _, outcome in all_as(ledgers, done, settlement)} == {SettledAs.KEPT}
    assert held(ledgers, entry) == before
    assert {(each.settlement, each.proposal) for each in differences(ledgers, done)} == {(settlement, None)}


def test_settling_again_in_the_same_way_changes_nothing_and_in_another_is_refused(ledgers):
    (entry,) = enter(ledgers, a_draft(2))
    done = check(ledgers, LU.BIRTHS, a_file(LU.BIRTHS, BIRTH))
    all_as(ledgers, done, TAKE)
    after = held(ledgers, entry), differences(ledgers, done)
    assert {outcome for _, outcome in all_as(ledgers, done, TAKE, now=40)} == {SettledAs.UNCHANGED}
    assert (held(ledgers, entry), differences(ledgers, done)) == after
    assert one_as(ledgers, done, CheckField.CHILD_SEX, Settlement.VERIFIED) == (SettledAs.REFUSED, "already-settled")


def test_later_leaves_the_difference_open(ledgers):
    enter(ledgers, a_draft(2))
    done = check(ledgers, LU.BIRTHS, a_file(LU.BIRTHS, BIRTH))
    before = differences(ledgers, done)
    assert {outcome for _, outcome in all_as(ledgers, done, Settlement.LATER)} == {SettledAs.LEFT}
    assert differences(ledgers, done) == before


def test_an_entry_that_has_changed_is_compared_anew(ledgers):
    (entry,) = enter(ledgers, a_draft(2))
    done = check(ledgers, LU.MARRIAGES, a_file(LU.MARRIAGES, WEDDING))
    changed = a_record(marriage=Marriage(date=date(2014, 1, 1), place="武汉市武昌区"))
    with ledgers.transaction() as ledger:
        change_entry(ledger, NODE, OWN, entry, a_draft(2, record=changed), a_moment(15))
    assert one_as(ledgers, done, CheckField.MARRIAGE_PLACE, TAKE) == (SettledAs.CORRECTED, None)
    assert one_as(ledgers, done, CheckField.MARRIAGE_DATE, TAKE) == (SettledAs.STALE, None)
    (stale,) = [each for each in differences(ledgers, done) if each.field is CheckField.MARRIAGE_DATE]
    assert stale.proposal is not None
    assert (stale.state, stale.proposal.found, stale.entry_version) == (DifferenceState.OPEN, "2014-01-01", 2)
    assert one_as(ledgers, done, CheckField.MARRIAGE_DATE, TAKE) == (SettledAs.CORRECTED, None)
    marriage = held(ledgers, entry).record.marriage
    assert marriage is not None
    assert marriage.date == date(2016, 5, 20)


def test_a_household_that_left_the_county_closes_the_outflow_entry(ledgers):
    (entry,) = enter(ledgers, a_draft(2))
    row = ["王晓明", ME, "西城区", "武昌区", "2025-12-01"]
    done = check(ledgers, LU.HOUSEHOLD_MOVES, a_file(LU.HOUSEHOLD_MOVES, row))
    assert sorted(all_as(ledgers, done, TAKE)) == [("name", SettledAs.CORRECTED), ("origin", SettledAs.CORRECTED)]
    then = held(ledgers, entry)
    assert (then.close_reason, then.closed_at, then.person.name) == (CloseReason.HOUSEHOLD_MOVED, a_moment(20), "王晓明")


def test_a_household_that_moved_between_others_changes_the_inflow_entrys_origin(ledgers):
    stays, comes = enter(ledgers, an_inflow(1), an_inflow(2))
    rows = [["王小明", an_id_number(1), WUCHANG, "420111", None], ["王小明", ME, WUCHANG, XICHENG, None]]
    all_as(ledgers, check(ledgers, LU.HOUSEHOLD_MOVES, a_file(LU.HOUSEHOLD_MOVES, *rows)), TAKE)
    assert (held(ledgers, stays).origin, held(ledgers, stays).is_open) == ("420111", True)
    assert held(ledgers, comes).close_reason is CloseReason.HOUSEHOLD_MOVED


def test_a_value_that_cannot_be_true_is_not_taken_and_keeps_no_other_from_it(ledgers):
    (entry,) = enter(ledgers, a_draft(2))
    row = ["结婚", "1985-05-20", "武汉市洪山区", "李四", None, "王小明", ME]
    done = check(ledgers, LU.MARRIAGES, a_file(LU.MARRIAGES, row))
    assert dict(all_as(ledgers, done, TAKE)) == {
        "marriage_date": SettledAs.REFUSED,
        "marriage_place": SettledAs.CORRECTED,
        "spouse_name": SettledAs.CORRECTED,
    }
    assert one_as(ledgers, done, CheckField.MARRIAGE_DATE, TAKE) == (SettledAs.REFUSED, "value-not-kept")
    assert held(ledgers, entry).record.marriage == Marriage(date=date(2015, 5, 20), place="武汉市洪山区")


def test_a_closed_entry_takes_nothing(ledgers):
    (entry,) = enter(ledgers, a_draft(2))
    done = check(ledgers, LU.BIRTHS, a_file(LU.BIRTHS, BIRTH))
    with ledgers.transaction() as ledger:
        close_entry(ledger, OWN, entry, CloseReason.MOVED_ON, a_moment(15))
    assert one_as(ledgers, done, CheckField.CHILD_SEX, TAKE) == (SettledAs.REFUSED, "entry-closed")


def test_protection_erases_what_a_sheet_had_to_say(every_ledger):
    (entry,) = enter(every_ledger, a_draft(2))
    done = check(every_ledger, LU.BIRTHS, a_file(LU.BIRTHS, BIRTH))
    with every_ledger.transaction() as ledger:
        protect_entry(ledger, OWN, entry, True, a_moment(15))
    assert {(each.state, each.proposal) for each in differences(every_ledger, done)} == {(DifferenceState.LAPSED, None)}
    assert {outcome for _, outcome in all_as(every_ledger, done, TAKE)} == {SettledAs.REFUSED}


def test_nothing_is_kept_about_an_entry_that_is_protected_while_it_is_checked(every_ledger):
    (entry,) = enter(every_ledger, a_draft(2))

    def protect() -> None:
        with every_ledger.transaction() as ledger:
            protect_entry(ledger, OWN, entry, True, a_moment(9))

    done = check(every_ledger, LU.BIRTHS, a_file(LU.BIRTHS, BIRTH), meanwhile=protect)
    assert differences(every_ledger, done) == []


def test_a_check_of_another_county_is_not_there(ledgers):
    enter(ledgers, a_draft(2))
    done = check(ledgers, LU.BIRTHS, a_file(LU.BIRTHS, BIRTH))
    with ledgers.transaction() as ledger:
        with pytest.raises(NotFound):
            settle(ledger, NODE, frozenset({WUCHANG}), done.id, {}, a_moment(20))
        (result,) = settle(ledger, NODE, OWN, done.id, {an_id(9): TAKE}, a_moment(20))
    assert (result.outcome, result.refusal and result.refusal.code) == (SettledAs.REFUSED, "not-found")


def test_all_differences_of_a_field_are_settled_a_page_at_a_time(ledgers):
    people = [2, 4, 6, 8, 10]
    enter(ledgers, *(a_draft(n) for n in people))
    rows = [[an_id_number(n), None, "男", "2018-01-12", None, None, None, None] for n in people]
    done = check(ledgers, LU.BIRTHS, a_file(LU.BIRTHS, *rows))
    after: str | None = ""
    pages = []
    while after is not None:
        with ledgers.transaction() as ledger:
            page = Page(after=after, limit=2)
            results, after = settle_fields(ledger, NODE, OWN, done.id, [CheckField.CHILD_BIRTH_DATE], TAKE, a_moment(20), page)
        pages.append(len(results))
    assert pages == [2, 2, 1]
    with ledgers.transaction(read_only=True) as ledger:
        assert ledger.cross_checks.counts([done.id])[done.id] == {
            (CheckField.CHILD_BIRTH_DATE, DifferenceState.CORRECTED): 5,
            (CheckField.CHILD_SEX, DifferenceState.OPEN): 5,
        }


def test_an_entry_with_open_differences_is_warned_of_by_field_and_never_by_value(ledgers):
    (entry,) = enter(ledgers, a_draft(2))
    done = check(ledgers, LU.MARRIAGES, a_file(LU.MARRIAGES, WEDDING))
    with ledgers.transaction(read_only=True) as ledger:
        warned = unsettled(ledger, [entry, None, an_id(9)])
    assert set(warned) == {entry}
    told = warned[entry]
    assert (told.code, "结婚日期、结婚登记地、配偶证件号码、配偶姓名" in told.zh, "date of marriage" in told.en) == (
        "unsettled-differences",
        True,
        True,
    )
    assert "李四" not in str(warned)
    all_as(ledgers, done, Settlement.VERIFIED)
    with ledgers.transaction(read_only=True) as ledger:
        assert unsettled(ledger, [entry]) == {}


def test_nothing_is_said_of_a_person_by_a_proposals_name(ledgers):
    enter(ledgers, replace(a_draft(2), person=structs.replace(a_person(2), name="别的名字")))
    done = check(ledgers, LU.MARRIAGES, a_file(LU.MARRIAGES, WEDDING))
    assert "王小明" not in repr(differences(ledgers, done))
