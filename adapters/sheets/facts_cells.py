"""The facts of a record as the cells of a sheet, by the fields that an import reads."""

from datetime import date

from adapters.sheets.words import is_coded, label
from adapters.sheets.writer import Cell
from exchange.people.record import Child, Record

MOST_CHILDREN = 4
Fact = str | date | None


def record_cells(record: Record) -> dict[str, Fact]:
    """What a record knows, as codes and dates."""
    moving, marriage, spouse, certificate = record.moving, record.marriage, record.spouse, record.certificate
    cells: dict[str, Fact] = {
        "education": record.education,
        "household_type": record.household_type,
        "marital_status": record.marital_status,
    }
    if moving is not None:
        cells |= {"moving_reason": moving.reason, "moved_on": moving.moved_on, "returned_on": moving.returned_on}
    if marriage is not None:
        cells |= {"married_on": marriage.date, "marriage_place": marriage.place}
    if spouse is not None:
        reference = spouse.document
        cells |= {
            "spouse_name": spouse.name,
            "spouse_document_type": reference.type if reference else None,
            "spouse_document_number": reference.number if reference else None,
        }
    if certificate is not None:
        cells |= {
            "certificate_number": certificate.number,
            "certificate_issued_by": certificate.issued_by,
            "certificate_issued_on": certificate.issued_on,
            "certificate_valid_until": certificate.valid_until,
        }
    for number, child in enumerate((record.children or [])[:MOST_CHILDREN], 1):
        cells |= _child(number, child)
    return cells


def worded(name: str, value: Fact) -> Cell:
    """A fact as it is written: the word of a code, the ISO form of a date."""
    if value is None:
        return None
    if isinstance(value, date):
        return value.isoformat()
    return label(name, value) if is_coded(name) else str(value)


def _child(number: int, child: Child) -> dict[str, Fact]:
    return {
        f"child{number}_sex": child.sex,
        f"child{number}_birth_date": child.birth_date,
        f"child{number}_birth_place": child.birth_place,
        f"child{number}_certificate_number": child.certificate_number,
    }
