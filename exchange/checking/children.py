"""Which child of an entry a sheet means: told by certificate number or birth date, never by a score.

A certificate number decides; else the birth date, with the sex where several were born that day; else the only child that was
born within half a year of the date, for nobody bears two children within that time who are not born together.
"""

from collections.abc import Sequence
from datetime import timedelta

from exchange.codes import Sex
from exchange.errors import Conflict
from exchange.people.record import Child

HALF_A_YEAR = timedelta(days=180)
_UNKNOWN = frozenset({Sex.UNKNOWN, Sex.UNSTATED})


class ChildrenAlike(Conflict):
    """Several children of the entry could be meant."""

    code = "children-alike"
    zh = "个案中有多名子女与该行相符，无法确定是哪一名；请先在个案中补充出生医学证明编号。"
    en = "Several children of the entry fit this row; add their birth certificates' numbers to the entry first."


def position_of(child: Child, children: Sequence[Child]) -> int | None:
    """Where the child stands in the entry's list, None if the entry does not have it; ChildrenAlike."""
    number = child.certificate_number
    if number is not None:
        same = [place for place, known in enumerate(children) if known.certificate_number == number]
        if same:
            return _only(same)
    free = [
        place
        for place, known in enumerate(children)
        if number is None or known.certificate_number is None or known.certificate_number == number
    ]
    if child.birth_date is None:
        return None
    born = [place for place in free if children[place].birth_date == child.birth_date]
    if len(born) > 1 and child.sex not in _UNKNOWN:
        born = [place for place in born if children[place].sex in (child.sex, *_UNKNOWN)] or born
    if born:
        return _only(born)
    return _only([place for place in free if _near(child, children[place])])


def _near(child: Child, known: Child) -> bool:
    if known.birth_date is None or child.birth_date is None:
        return known.certificate_number is None
    return abs(known.birth_date - child.birth_date) <= HALF_A_YEAR


def _only(places: Sequence[int]) -> int | None:
    if len(places) > 1:
        raise ChildrenAlike
    return places[0] if places else None
