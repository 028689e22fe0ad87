"""What the levels are worth together, and what a probability may say."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.codes import CloseReason, Sex
from exchange.pairing.comparing import Described, Field, Level, compare
from exchange.pairing.scoring import Crowd, Reason, probabilities, rank, weigh
from exchange.pairing.weights import CONTRADICTED, FLOOR, MOST, WEIGHTS
from exchange.pairing.wording import SENTENCES
from tests.builders import XICHENG, a_moment
from tests.pairing.people import entered, married, number, slips, somebody, told

CROWD = Crowd(size=100_000, same_name=5, same_sound=30)


def _rank(person: Described, *numbers: int, **changes):
    entries = [entered(n, **changes) for n in numbers]
    return rank(person, [(entry, told(entry.person, entry.record)) for entry in entries], CROWD)


def _weight(field: Field, level: Level) -> float:
    return WEIGHTS[field][level].weight


def test_every_level_that_weighs_has_its_sentences_and_the_other_way_round():
    assert {(field, level) for field, levels in WEIGHTS.items() for level in levels} == SENTENCES.keys()


@pytest.mark.parametrize("field", Field)
def test_shares_are_shares_and_agreement_speaks_for_one_person(field: Field):
    for seen in WEIGHTS[field].values():
        assert 0 < seen.m <= 1
        assert 0 < seen.u <= 1
    assert _weight(field, Level.EQUAL) > 0 or field is Field.NAME  # a name weighs what the register makes of it
    assert _weight(field, Level.DIFFERS) < 0
    assert min(WEIGHTS[field], key=lambda level: _weight(field, level)) is Level.DIFFERS


@pytest.mark.parametrize("field", [field for field in Field if field not in (Field.NAME, Field.DOCUMENT)])
def test_the_levels_of_a_field_are_all_that_can_be_seen(field: Field):
    assert sum(seen.m for seen in WEIGHTS[field].values()) == pytest.approx(1, abs=0.01)
    assert sum(seen.u for seen in WEIGHTS[field].values()) == pytest.approx(1, abs=0.01)


def test_a_common_name_weighs_less_than_a_rare_one():
    levels = compare(told(somebody(1)), told(somebody(1)))
    rare, common = (weigh(levels, Crowd(size=100_000, same_name=many, same_sound=many)) for many in (1, 1000))
    assert rare.likelihood > common.likelihood > 1


def test_the_true_person_comes_first_and_is_nearly_sure():
    first, *rest = _rank(told(somebody(7), married(7)), *range(100))
    assert first.entry == entered(7)
    assert first.probability > 0.999
    assert sum(candidate.probability for candidate in rest) < 0.01


def test_reasons_begin_with_what_speaks_most_for_the_person():
    first = _rank(told(slips(7)["sex"], married(7)), *range(100))[0]
    weights = [reason.weight for reason in first.reasons]
    assert weights == sorted(weights, reverse=True)
    assert first.reasons[0].field is Field.DOCUMENT
    assert first.reasons[-1] == Reason(field=Field.SEX, level=Level.DIFFERS, weight=_weight(Field.SEX, Level.DIFFERS))
    assert (first.reasons[-1].zh, first.reasons[-1].en) == ("性别不同。", "The sexes differ.")


def test_what_the_number_holds_is_not_counted_twice():
    levels = compare(told(somebody(1)), told(somebody(1)))
    weights = {reason.field: reason.weight for reason in weigh(levels, CROWD).reasons}
    assert weights[Field.SEX] == weights[Field.BIRTH_DATE] == 0
    without = weigh({**levels, Field.DOCUMENT: Level.MISSING}, CROWD)
    assert {reason.field: reason.weight > 0 for reason in without.reasons}[Field.BIRTH_DATE]


def test_another_sex_birth_date_and_sound_number_cap_the_probability():
    here = told(somebody(1, sex=Sex.FEMALE, birth_date=date(1962, 2, 2)))
    other = Described(name=somebody(1).name, document=told(somebody(2)).document, sex=Sex.MALE, birth_date=date(1999, 9, 9))
    agreed = {Field.SPOUSE: Level.EQUAL, Field.MARRIAGE: Level.EQUAL, Field.PLACE: Level.EQUAL}
    evidence = weigh(compare(here, other) | agreed, CROWD)
    assert evidence.contradicted
    assert probabilities([("other", evidence)], CROWD) <= [CONTRADICTED]
    assert CONTRADICTED < FLOOR
    doubtful = weigh(compare(here, other) | agreed | {Field.DOCUMENT: Level.DOUBTFUL}, CROWD)
    assert probabilities([("other", doubtful)], CROWD) > [FLOOR]


def test_two_who_fit_as_well_share_the_probability():
    person = told(somebody(1, document=slips(1)["no number"].document))
    twins = [
        entered(n, person=somebody(1, document=somebody(n).document), person_index=f"twin-{n}", record=married(1)) for n in (1, 2)
    ]
    found = rank(person, [(entry, told(entry.person)) for entry in twins], CROWD)
    assert [candidate.probability for candidate in found] == pytest.approx([found[0].probability] * 2)
    assert 0.4 < found[0].probability <= 0.5


def test_one_persons_closed_and_open_entry_do_not_share_it():
    entries = [entered(1, id="b"), entered(1, id="a", closed_at=a_moment(), close_reason=CloseReason.RETURNED)]
    found = rank(told(somebody(1)), [(entry, told(entry.person)) for entry in entries], CROWD)
    assert [(each.entry.id, each.probability > 0.99) for each in found] == [("b", True), ("a", True)]


def test_closed_entries_come_after_open_ones_however_probable():
    closed = entered(7, closed_at=a_moment(), close_reason=CloseReason.RETURNED)
    near = entered(8, person=slips(7)["no number"], person_index="near")
    found = rank(told(somebody(7)), [(entry, told(entry.person)) for entry in (closed, near)], CROWD)
    assert [each.entry for each in found if each.entry.is_open] + [closed] == [each.entry for each in found]


def test_no_more_than_twenty_and_none_below_the_floor():
    person = told(somebody(1, document=slips(1)["no number"].document))
    crowd = Crowd(size=50, same_name=1, same_sound=1)
    same = [(entered(n, person_index=f"p{n}"), told(slips(1)["no number"])) for n in range(2, 60)]
    found = rank(person, same, crowd)
    assert len(found) == MOST
    assert min(candidate.probability for candidate in found) >= FLOOR
    assert rank(told(somebody(1)), [(entered(2), told(somebody(2)))], CROWD) == []


def test_a_register_that_nobody_is_in_has_no_candidates():
    assert rank(told(somebody(1)), [], Crowd(size=64, same_name=0, same_sound=0)) == []


@given(st.lists(st.tuples(st.integers(0, 300), st.booleans()), max_size=40), st.integers(64, 10_000_000))
def test_the_probabilities_of_different_people_never_sum_to_more_than_one(numbers, size):
    crowd = Crowd(size=size, same_name=3, same_sound=9)
    person = told(somebody(5), married(5))
    people = {n: told(somebody(n), married(n) if with_record else None) for n, with_record in numbers}
    found = probabilities([(str(n), weigh(compare(person, there), crowd)) for n, there in people.items()], crowd)
    assert all(0 <= chance <= 1 for chance in found)
    assert sum(found) <= 1 + 1e-9


def test_a_number_issued_elsewhere_does_not_hide_the_person():
    other = number("420106", somebody(3).birth_date, 103)  # type: ignore[arg-type] # somebody has a birth date
    assert other[:6] != XICHENG
    first = _rank(told(slips(3)["issued elsewhere"], married(3)), *range(100))[0]
    assert (first.entry, first.probability > 0.99) == (entered(3), True)
