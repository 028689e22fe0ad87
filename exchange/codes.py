"""Closed code lists: the words of the wire, the API, the sheets and the database.

National standards are cited where a list follows one; everything else is the project's own and versioned with the protocol.
"""

from enum import StrEnum


class Kind(StrEnum):
    """The eight kinds of message."""

    QUERY = "query"
    NOTICE = "notice"
    FEEDBACK = "feedback"
    INTERIM = "interim"
    CHALLENGE = "challenge"
    CONFIRMATION = "confirmation"
    REMINDER = "reminder"
    WITHDRAWAL = "withdrawal"


class Event(StrEnum):
    """What a notice announces."""

    ARRIVAL = "arrival"
    DEPARTURE = "departure"
    RETURN = "return"
    MARRIAGE = "marriage"
    DIVORCE = "divorce"
    BIRTH = "birth"
    ADOPTION = "adoption"
    DEATH = "death"
    HOUSEHOLD_MOVED = "household_moved"
    IDENTITY_CHANGED = "identity_changed"
    CERTIFICATE_ISSUED = "certificate_issued"
    CERTIFICATE_REVOKED = "certificate_revoked"
    REGISTERED = "registered"
    CORRECTION = "correction"


class Purpose(StrEnum):
    """Why facts about a person are exchanged."""

    BIRTH_REGISTRATION = "birth_registration"
    CERTIFICATE_VERIFICATION = "certificate_verification"
    PUBLIC_SERVICE = "public_service"
    BENEFIT = "benefit"


class PriorityLevel(StrEnum):
    """How soon an answer is needed."""

    NORMAL = "normal"
    URGENT = "urgent"


class UrgentReason(StrEnum):
    """The only reasons for urgency; never a state of pregnancy."""

    APPOINTMENT = "appointment"
    BENEFIT_DEADLINE = "benefit_deadline"
    EXPIRING_CERTIFICATE = "expiring_certificate"


class Result(StrEnum):
    """The substance of a feedback; each of them answers."""

    CONFIRMED = "confirmed"
    CORRECTED = "corrected"
    NOT_FOUND = "not_found"
    MOVED_ON = "moved_on"
    DECEASED = "deceased"
    DUPLICATE_PERSON = "duplicate_person"
    WRONG_JURISDICTION = "wrong_jurisdiction"
    REFUSED = "refused"


class Item(StrEnum):
    """What can be asked about, sent or compared: the fields that an agreement names."""

    NAME = "name"
    SEX = "sex"
    BIRTH_DATE = "birth_date"
    EDUCATION = "education"
    HOUSEHOLD_TYPE = "household_type"
    MOVING = "moving"
    MARITAL_STATUS = "marital_status"
    MARRIAGE = "marriage"
    SPOUSE = "spouse"
    CHILDREN = "children"
    CERTIFICATE = "certificate"
    ADDRESS = "address"
    ETHNICITY = "ethnicity"


class QueryReason(StrEnum):
    """Why a query is asked."""

    REGISTER_ENTRY = "register_entry"
    PERSON_APPLIED = "person_applied"
    CERTIFICATE_PRESENTED = "certificate_presented"
    FACTS_DIFFER = "facts_differ"


class RefusalReason(StrEnum):
    """Why a feedback refuses."""

    NO_LEGAL_BASIS = "no_legal_basis"
    OUTSIDE_AGREEMENT = "outside_agreement"
    PERSON_OBJECTED = "person_objected"
    UNDER_CORRECTION = "under_correction"


class InterimReason(StrEnum):
    """Why the answer will be late."""

    FIELD_VISIT = "field_visit"
    ARCHIVE_SEARCH = "archive_search"
    WAITING_FOR_PERSON = "waiting_for_person"
    WAITING_FOR_DEPARTMENT = "waiting_for_department"


class ChallengeReason(StrEnum):
    """Why a feedback is returned."""

    INCOMPLETE = "incomplete"
    CONTRADICTS_DOCUMENT = "contradicts_document"
    WRONG_PERSON = "wrong_person"


class WithdrawalReason(StrEnum):
    """Why an exchange is taken back."""

    ENTERED_BY_MISTAKE = "entered_by_mistake"
    PERSON_WITHDREW = "person_withdrew"
    ANSWERED_OTHERWISE = "answered_otherwise"


class Sex(StrEnum):
    """GB/T 2261.1."""

    UNKNOWN = "0"
    MALE = "1"
    FEMALE = "2"
    UNSTATED = "9"


class MaritalStatus(StrEnum):
    """GB/T 2261.2."""

    UNMARRIED = "10"
    MARRIED = "20"
    FIRST_MARRIAGE = "21"
    REMARRIED = "22"
    REMARRIED_SAME_SPOUSE = "23"
    WIDOWED = "30"
    DIVORCED = "40"
    UNSTATED = "90"


class Education(StrEnum):
    """GB/T 4658-2006, its large classes."""

    POSTGRADUATE = "10"
    BACHELOR = "20"
    COLLEGE = "30"
    SECONDARY_VOCATIONAL = "40"
    HIGH_SCHOOL = "60"
    JUNIOR_SECONDARY = "70"
    PRIMARY = "80"
    NONE = "90"


class HouseholdType(StrEnum):
    """户口性质, since the reform of 2014 chiefly 居民户口."""

    RESIDENT = "resident"
    NON_AGRICULTURAL = "non_agricultural"
    AGRICULTURAL = "agricultural"
    UNKNOWN = "unknown"


class MovingReason(StrEnum):
    """Why a person lives away; the last five do not make a migrant (order 555 of 2009, article 2)."""

    WORK = "work"
    BUSINESS_OF_OWN = "business_of_own"
    FAMILY = "family"
    MARRIAGE = "marriage"
    RETIREMENT = "retirement"
    OTHER_LIVING = "other_living"
    BUSINESS_TRIP = "business_trip"
    MEDICAL_CARE = "medical_care"
    STUDY = "study"
    TRAVEL = "travel"
    VISIT = "visit"


class RegisterKind(StrEnum):
    """Outflow: registered here, living elsewhere. Inflow: living here, registered elsewhere."""

    OUTFLOW = "outflow"
    INFLOW = "inflow"


class CloseReason(StrEnum):
    """Why an entry is closed (退档)."""

    RETURNED = "returned"
    MOVED_ON = "moved_on"
    HOUSEHOLD_MOVED = "household_moved"
    DECEASED = "deceased"
    DUPLICATE = "duplicate"
    ENTERED_BY_MISTAKE = "entered_by_mistake"


class Role(StrEnum):
    """The two parties of an exchange."""

    ASKER = "asker"
    ASKED = "asked"
