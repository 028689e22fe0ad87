"""An attacker who writes down each figure as an equation and subtracts what can be subtracted, and what there is to find."""

from dataclasses import dataclass, field
from itertools import product
from typing import NamedTuple

from exchange.codes import Purpose
from exchange.rates import RateName
from tests.builders import WUCHANG
from tests.rates.histories import HANYANG, HUBEI, JIANGAN, WUHAN, XIANTAO, XILING, YICHANG

COUNTIES = (WUCHANG, HANYANG, JIANGAN, XILING, XIANTAO)
WITHIN = {WUHAN: (WUCHANG, HANYANG, JIANGAN), YICHANG: (XILING,), HUBEI: COUNTIES} | {each: (each,) for each in COUNTIES}
BENEFIT, PUBLIC, BIRTH = Purpose.BENEFIT, Purpose.PUBLIC_SERVICE, Purpose.BIRTH_REGISTRATION
# By month, county and purpose: how many were answered and how many were not. Each has a trap: a small count among large ones;
# a county of one purpose alone; a small rest of what was answered; one that is small beside a large one above it.
HELD: dict[str, dict[str, dict[Purpose, tuple[int, int]]]] = {
    "2026-03": {
        WUCHANG: {BENEFIT: (40, 0), PUBLIC: (20, 0)},
        HANYANG: {BENEFIT: (12, 0), PUBLIC: (20, 0)},
        JIANGAN: {BENEFIT: (3, 0), PUBLIC: (20, 0)},
        XILING: {BIRTH: (3, 0)},
        XIANTAO: {BIRTH: (40, 0)},
    },
    "2026-04": {
        WUCHANG: {BENEFIT: (40, 0)},
        HANYANG: {BIRTH: (3, 0)},
        JIANGAN: {BIRTH: (40, 0)},
        XILING: {PUBLIC: (27, 5)},
        XIANTAO: {PUBLIC: (30, 12), BENEFIT: (5, 12)},
    },
    "2026-05": {
        WUCHANG: {PUBLIC: (30, 15), BIRTH: (12, 11)},
        HANYANG: {PUBLIC: (30, 15), BIRTH: (11, 12)},
        JIANGAN: {PUBLIC: (12, 10), BIRTH: (12, 10)},
        XILING: {PUBLIC: (4, 0), BENEFIT: (3, 2)},
        XIANTAO: {PUBLIC: (20, 20), BENEFIT: (20, 2)},
    },
}
RATES = tuple(RateName)[: list(RateName).index(RateName.KEY_INFORMATION) + 1]  # the six over exchanges


class Cell(NamedTuple):
    """What the attacker wants to know."""

    month: str
    county: str
    purpose: Purpose
    rate: RateName
    part: str


def truth() -> dict[Cell, int]:
    """All cells as they are: nobody submitted anything, nothing was urgent or about people who had come."""
    cells = dict[Cell, int]()
    for month, county, purpose, rate in product(HELD, COUNTIES, Purpose, RATES):
        answered, owed = HELD[month][county].get(purpose, (0, 0))
        counted = rate in (RateName.FEEDBACK_GIVEN, RateName.OUTFLOW_FEEDBACK, RateName.ON_TIME)
        for part, number in (("num", answered), ("rest", owed), ("den", answered + owed)):
            cells[Cell(month, county, purpose, rate, part)] = number if counted else 0
    return cells


@dataclass
class Attacker:
    """Equations: the cells of a set come to a number, none of them below nought."""

    told: dict[frozenset[Cell], int] = field(default_factory=dict)
    known: dict[Cell, int] = field(default_factory=dict)

    def note(self, month: str, place: str, purpose: Purpose | None, rate: RateName, counts: tuple[int, int]) -> None:
        """A rate of a place by one purpose, or by all."""
        numerator, denominator = counts
        purposes = tuple(Purpose) if purpose is None else (purpose,)
        for part, number in (("num", numerator), ("den", denominator), ("rest", denominator - numerator)):
            cells = frozenset(Cell(month, county, each, rate, part) for county in WITHIN[place] for each in purposes)
            assert self.told.setdefault(cells, number) == number, "one question, one answer"

    def work_out(self) -> dict[Cell, int]:
        """Every cell that follows."""
        sums = dict(self.told)
        while True:
            for cells, number in sums.items():
                if number == 0:
                    self.known |= dict.fromkeys(cells, 0)
                elif len(cells) == 1:
                    self.known |= dict.fromkeys(cells, number)
            rest = {
                left: number - sum(self.known.get(cell, 0) for cell in cells)
                for cells, number in sums.items()
                if (left := frozenset(cell for cell in cells if cell not in self.known))
            }
            families: dict[tuple[str, RateName, str], list[frozenset[Cell]]] = {}
            for cells in rest:
                one = next(iter(cells))
                families.setdefault((one.month, one.rate, one.part), []).append(cells)
            for own in families.values():
                for whole, part in product(own, own):
                    if part < whole:
                        rest[whole - part] = rest[whole] - rest[part]
            if rest == sums:
                return self.known
            sums = rest
