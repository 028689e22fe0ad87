"""Doubts: warnings about a field that was entered, with a code and a sentence in two languages."""

from exchange.imports import RowProblem
from exchange.people.document import DocumentWarning


def warning(field: str, code: str, zh: str, en: str, *, found: str = "", expected: str = "") -> RowProblem:
    """A warning about a field; the column is the sheet's to add. `found` never quotes a person's data."""
    return RowProblem(column="", field=field, severity="warning", code=code, found=found, expected=expected, zh=zh, en=en)


def document_warning(field: str, told: DocumentWarning) -> RowProblem:
    """What the reading of a document number found doubtful."""
    return warning(field, *_DOCUMENT_WARNINGS[told])


_DOCUMENT_WARNINGS = {
    DocumentWarning.CHECK_DIGIT: (
        "check-digit",
        "证件号码校验位不符，请核对原件。",
        "The check digit does not fit; check the document.",
    ),
    DocumentWarning.TYPE: (
        "document-type",
        "证件类型与号码不符，按号码确定。",
        "The type does not fit the number, which decides.",
    ),
}
