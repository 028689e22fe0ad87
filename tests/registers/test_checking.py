"""What a register takes in, what it warns of and what it refuses."""

from datetime import date

import pytest

from exchange.codes import MaritalStatus, MovingReason, Sex
from exchange.node import NotServed
from exchange.people.document import DocumentRefused, DocumentType
from exchange.people.draft import CheckedDraft, NotIdentifiable, Registrar, check_draft
from exchange.people.name import NameRefused
from exchange.people.record import Certificate, Child, DocumentRef, Marriage, Moving, Record, Spouse
from exchange.people.register import EntryDraft
from tests.builders import WUCHANG, XICHENG, a_person, an_id_number
from tests.registers.support import NODE, TODAY, a_draft, an_inflow, codes


def check(draft: EntryDraft) -> CheckedDraft:
    return Registrar(NODE, XICHENG, TODAY).check(draft)


def refusals(draft: EntryDraft) -> list[tuple[str, str | None]]:
    return [(refusal.code, refusal.pointer) for refusal in check(draft).refusals]


def test_a_sound_draft_passes_as_it_stands():
    draft = a_draft(1)
    assert check(draft) == CheckedDraft(draft=draft, person_index=NODE.person_index(draft.person))


def test_a_county_of_another_node_is_not_served():
    with pytest.raises(NotServed):
        Registrar(NODE, WUCHANG, TODAY)


def test_name_and_number_are_brought_into_their_normal_form():
    written = a_person(1, name="阿依古丽•买买提", document=DocumentRef(type=DocumentType.ID_NUMBER, number="1101 0219900307001x"))
    person = check(a_draft(person=written)).draft.person
    assert (person.name, person.document.number) == ("阿依古丽·买买提", "11010219900307001X")


def test_everything_that_is_wrong_is_told_at_once():
    nobody = a_person(1, name="123", document=DocumentRef(type=DocumentType.ID_NUMBER, number="1"))
    draft = a_draft(person=nobody, origin=WUCHANG, record=Record(moving=Moving(reason=MovingReason.STUDY)))
    assert refusals(draft) == [
        ("not-own-place", "/origin"),
        ("name-refused", "/person/name"),
        ("reason-not-counted", "/record/moving/reason"),
    ]


def test_a_single_draft_raises_its_first_refusal():
    with pytest.raises(NameRefused):
        check_draft(NODE, XICHENG, a_draft(person=a_person(1, name="")), TODAY)


@pytest.mark.parametrize(("number", "fault"), [("", "missing"), ("1101021990", "length"), ("110102199013070017", "birth-date")])
def test_a_number_that_nobody_can_have_is_refused_without_being_quoted(number, fault):
    person = a_person(1, document=DocumentRef(type=DocumentType.ID_NUMBER, number=number or None))
    (refusal,) = check(a_draft(person=person)).refusals
    assert isinstance(refusal, DocumentRefused)
    assert (refusal.fault, refusal.pointer) == (fault, "/person/document/number")
    assert not number or number not in refusal.zh + refusal.en


def test_a_wrong_check_digit_is_a_warning_to_be_explained():
    right = an_id_number(1)
    wrong = right[:17] + ("0" if right[17] != "0" else "1")
    assert codes(check(a_draft(person=a_person(1, document=_id(wrong)))).warnings) == ["check-digit"]


def test_an_old_number_of_15_digits_means_the_same_person_as_its_18_digits():
    old = an_id_number(1)[:6] + an_id_number(1)[8:17]
    converted = check(a_draft(person=a_person(1, document=_id(old))))
    assert codes(converted.warnings) == ["old-number"]
    assert converted.person_index == check(a_draft(1)).person_index


def test_sex_and_birth_date_are_filled_in_from_the_number():
    person = check(a_draft(person=a_person(1, sex=Sex.UNKNOWN, birth_date=None))).draft.person
    assert (person.sex, person.birth_date) == (Sex.MALE, date(1990, 3, 7))


def test_what_is_stated_stays_and_is_warned_of_where_the_number_says_otherwise():
    stated = a_person(1, sex=Sex.FEMALE, birth_date=date(1990, 3, 8))
    checked = check(a_draft(person=stated))
    assert checked.draft.person == stated
    assert codes(checked.warnings) == ["birth-date-differs", "sex-differs"]


def test_a_person_without_a_document_needs_a_birth_date():
    nobody = a_person(1, document=DocumentRef(type=DocumentType.NONE), birth_date=None)
    with pytest.raises(NotIdentifiable):
        check_draft(NODE, XICHENG, a_draft(person=nobody), TODAY)
    assert check(a_draft(person=a_person(1, document=DocumentRef(type=DocumentType.NONE)))).refusals == ()


def test_a_minor_is_entered_with_a_warning_until_the_eighteenth_birthday():
    def born(day: date) -> list[str]:
        return codes(check(a_draft(person=_undocumented(day))).warnings)

    assert born(date(2008, 3, 3)) == ["minor"]
    assert born(date(2008, 3, 2)) == []


def test_ages_that_nobody_has_are_told():
    assert refusals(a_draft(person=_undocumented(date(2026, 3, 3)))) == [("not-born-yet", "/person/birth_date")]
    assert codes(check(a_draft(person=_undocumented(date(1890, 1, 1)))).warnings) == ["age-implausible"]


@pytest.mark.parametrize(
    "reason",
    [MovingReason.BUSINESS_TRIP, MovingReason.MEDICAL_CARE, MovingReason.STUDY, MovingReason.TRAVEL, MovingReason.VISIT],
)
def test_who_is_away_for_a_reason_that_does_not_count_gets_no_entry(reason):
    draft = a_draft(record=Record(moving=Moving(reason=reason)))
    assert refusals(draft) == [("reason-not-counted", "/record/moving/reason")]


def test_an_outflow_entry_may_know_its_destination_only_to_province_or_prefecture():
    assert [check(a_draft(destination=code)).draft.destination for code in ("420000", "42", "4201")] == [
        "420000",
        "420000",
        "420100",
    ]


def test_an_inflow_entry_knows_its_origin_to_the_county():
    assert refusals(an_inflow(origin="420100")) == [("place-too-coarse", "/origin")]
    assert check(an_inflow(origin="420106001")).draft.origin == WUCHANG


def test_hong_kong_has_no_counties_and_stands_for_itself():
    assert check(an_inflow(origin="810000")).draft.origin == "810000"


def test_the_own_side_must_be_the_own_county():
    assert refusals(a_draft(origin=WUCHANG, destination=XICHENG)) == [("not-own-place", "/origin")]
    assert refusals(an_inflow(destination="110101")) == [("not-own-place", "/destination")]


def test_a_township_of_the_own_county_is_kept_as_the_entrys_township():
    draft = check(a_draft(origin="110102001")).draft
    assert (draft.origin, draft.township) == (XICHENG, "110102001")


def test_a_township_of_another_county_is_left_out_with_a_warning():
    checked = check(a_draft(township="420106001"))
    assert (checked.draft.township, codes(checked.warnings)) == (None, ["township-not-taken"])


def test_the_own_side_written_as_its_province_is_read_as_the_county():
    checked = check(a_draft(origin="110000"))
    assert (checked.draft.origin, codes(checked.warnings)) == (XICHENG, ["place-read-as-own"])


def test_nobody_moves_within_one_county():
    assert refusals(a_draft(destination="110102001")) == [("same-county", "/destination")]


def test_a_retired_code_is_mapped_to_its_successor_on_either_side():
    ours = check(a_draft(origin="110104"))
    assert (ours.draft.origin, codes(ours.warnings)) == (XICHENG, ["retired-code"])
    theirs = check(an_inflow(origin="510123"))
    assert (theirs.draft.origin, codes(theirs.warnings)) == ("510115", ["retired-code"])
    assert "510115" in theirs.warnings[0].zh


def test_a_retired_code_with_several_successors_is_kept_until_a_clerk_chooses():
    checked = check(an_inflow(origin="612201"))
    assert (checked.draft.origin, codes(checked.warnings)) == ("612201", ["retired-code-choice"])
    assert "610402" in checked.warnings[0].zh
    assert "610403" in checked.warnings[0].en


def test_a_township_that_the_table_does_not_know_stands_for_its_county():
    checked = check(an_inflow(origin="420106999"))
    assert (checked.draft.origin, codes(checked.warnings)) == (WUCHANG, ["unknown-township"])


def test_a_code_that_never_was_is_refused_at_its_side():
    assert refusals(a_draft(destination="999999")) == [("unknown-jurisdiction", "/destination")]


def test_dates_outside_the_persons_life_so_far_are_left_out():
    record = Record(
        moving=Moving(reason=MovingReason.WORK, moved_on=date(2026, 3, 3)),
        marriage=Marriage(date=date(1989, 1, 1)),
        children=[Child(birth_date=date(2026, 3, 2)), Child(birth_date=date(2027, 1, 1))],
        certificate=Certificate(number="A1", issued_on=date(2030, 1, 1), valid_until=date(2033, 1, 1)),
    )
    checked = check(a_draft(record=record))
    assert checked.draft.record == Record(
        moving=Moving(reason=MovingReason.WORK),
        children=[Child(birth_date=date(2026, 3, 2)), Child()],
        certificate=Certificate(number="A1", valid_until=date(2033, 1, 1)),
    )
    assert [(w.code, w.field) for w in checked.warnings] == [
        ("date-implausible", field) for field in ("moved_on", "married_on", "child2_birth_date", "certificate_issued_on")
    ]


def test_a_spouses_faulty_document_is_left_out_and_the_entry_stands():
    spouse = Spouse(name="李小红", document=DocumentRef(type=DocumentType.ID_NUMBER, number="123"))
    checked = check(a_draft(record=Record(spouse=spouse)))
    assert checked.draft.record == Record(spouse=Spouse(name="李小红"))
    assert [(w.code, w.field) for w in checked.warnings] == [("document-refused", "spouse_document_number")]


def test_a_fact_that_no_partner_would_take_is_refused_with_its_place():
    record = Record(marital_status=MaritalStatus.MARRIED, marriage=Marriage(place="北" * 101))
    assert refusals(a_draft(record=record)) == [("malformed-record", "/record/marriage/place")]


def test_protection_and_the_day_of_opening_pass_through():
    draft = a_draft(protected=True, opened_on=date(2026, 1, 5))
    assert check(draft).draft == draft


def _id(number: str) -> DocumentRef:
    return DocumentRef(type=DocumentType.ID_NUMBER, number=number)


def _undocumented(born: date):
    return a_person(1, document=DocumentRef(type=DocumentType.NONE), birth_date=born)
