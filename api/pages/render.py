"""How a page becomes HTML: Jinja2, everything escaped, every name known, and no script or style in the text."""

from functools import cache, partial
from pathlib import Path
from secrets import token_urlsafe
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from adapters.reports.about import clock, facts_of, groups_of
from api.pages import words
from api.pages.assets import address
from api.pages.watching.told import FINDINGS, JOBS
from exchange.people.document import DocumentType
from exchange.people.record import DocumentRef

_TEMPLATES: Final = Path(__file__).parent / "templates"


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.globals.update(
        asset=address,
        form_id=partial(token_urlsafe, 16),
        word=words.word,
        choices=words.choices,
        list_name=words.worklist,
        place_name=words.place_name,
        masked=masked,
        stamp_name=words.stamp,
        shown_name=words.shown_name,
        worklist_detail=words.worklist_detail,
        grouped=words.grouped,
        finding_told=FINDINGS,
        job_told=JOBS,
        clock=clock,
        facts_of=facts_of,
        groups_of=groups_of,
    )
    return made


def render(template: str, values: dict[str, Any]) -> str:
    """The HTML of a template; UndefinedError for a name that nobody gave."""
    return _environment().get_template(template).render(values)


def masked(document: DocumentRef | None) -> str:
    """A document's number, most of it hidden: of an ID number the place where it was issued stays, of others the last two.

    With day of birth and sex beside it, the last two of an ID number would leave nine numbers to try; so 450 or more are left.
    """
    number = document.number if document is not None else None
    if document is None or not number:
        return "–"
    if document.type is DocumentType.ID_NUMBER:
        shown = number[:6] if len(number) >= 15 else ""
        return shown + "*" * (len(number) - len(shown))
    return "*" * (len(number) - 2) + number[-2:]
