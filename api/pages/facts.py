"""How the facts of a record are written for people, and where two sides say different things."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from api.pages.language import Language
from api.pages.render import masked
from api.pages.words import place_name, word
from exchange.codes import Item, Sex
from exchange.jurisdiction import Divisions
from exchange.ledger import Ledger
from exchange.people.record import Certificate, Child, Marriage, Moving, Record, Spouse

_COUNTY: Final = 6
# More than these are no list to choose from.
_MOST_KNOWN: Final = 400


@dataclass(frozen=True, slots=True)
class Side:
    """One side's word: whose it is, and its record; None where that side has said nothing."""

    zh: str
    en: str
    record: Record | None


@dataclass(frozen=True, slots=True)
class Row:
    """One item, with what each side says of it; `differs` if two that say something say different things."""

    item: Item
    told: tuple[str, ...]
    differs: bool


def beside(language: Language, items: Sequence[Item], sides: Sequence[Side]) -> list[Row]:
    """The items with what each side says, those first that were asked about; items that nobody speaks of are left out."""
    spoken = [item for side in sides if side.record is not None for item in side.record.items()]
    wanted = [*items, *(item for item in Item if item in spoken and item not in items)]
    rows = []
    for item in wanted:
        facts = [getattr(side.record, item.value) if side.record is not None else None for side in sides]
        said = [fact for fact in facts if fact is not None]
        rows.append(Row(item, tuple(fact_text(language, fact) for fact in facts), any(fact != said[0] for fact in said)))
    return rows


def fact_text(language: Language, fact: object) -> str:
    """A fact in words; a dash for what is not said."""
    t = language.t
    match fact:
        case None:
            return "–"
        case Marriage():
            return _joined(language, language.day(fact.date) if fact.date else "", fact.place)
        case Moving():
            return _joined(
                language,
                word(language, fact.reason) if fact.reason else "",
                f"{t('离开', 'left')} {language.day(fact.moved_on)}" if fact.moved_on else "",
                f"{t('返回', 'back')} {language.day(fact.returned_on)}" if fact.returned_on else "",
            )
        case Spouse():
            return _joined(language, fact.name, masked(fact.document) if fact.document else "")
        case Certificate():
            return _joined(
                language,
                fact.number,
                fact.issued_by,
                f"{t('有效期至', 'valid until')} {language.day(fact.valid_until)}" if fact.valid_until else "",
                f"{t('注销', 'revoked')} {language.day(fact.revoked_on)}" if fact.revoked_on else "",
            )
        case list():
            children = [_child(language, child) for child in fact if isinstance(child, Child)]
            return t("；", "; ").join(children) if children else t("无", "none")
        case str() if type(fact) is str:
            return fact
        case str():
            return word(language, fact)
        case _:
            return language.day(fact)  # type: ignore[arg-type] # what is left is a date


def _child(language: Language, child: Child) -> str:
    sex = word(language, child.sex) if child.sex is not Sex.UNKNOWN else ""
    return _joined(language, sex, language.day(child.birth_date) if child.birth_date else "", child.birth_place)


def _joined(language: Language, *parts: str | None) -> str:
    return language.t("，", ", ").join(part for part in parts if part) or "–"


def known_counties(ledger: Ledger, divisions: Divisions) -> list[tuple[str, str]]:
    """The counties that partners are confirmed to serve, and their names: what a field for a county offers."""
    confirmed = {code for partner in ledger.partners.all() for code in partner.confirmed}
    codes = {code for code in confirmed if len(code) == _COUNTY}
    for area in (code.ljust(_COUNTY, "0") for code in confirmed if len(code) < _COUNTY):
        codes |= set(divisions.counties_within(area)) if divisions.is_known(area) else set()
    return [(code, place_name(divisions, code)) for code in sorted(codes)] if len(codes) <= _MOST_KNOWN else []
