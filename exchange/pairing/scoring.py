"""From levels to a probability: what each field weighs, and how sure one may be that a person of the register is the one.

The probability is that of this person among all of the register and nobody: two candidates of whom as much fits share it, so
that it never says more than half of each. It orders what a clerk looks at. Nothing is ever paired by it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import exp2
from typing import Final, NamedTuple

from exchange.pairing.comparing import Described, Field, Level, compare
from exchange.pairing.weights import (
    BY_NAME,
    BY_SOUND,
    CONTRADICTED,
    FLOOR,
    IN_REGISTER,
    MOST,
    WEIGHTS,
)
from exchange.pairing.wording import SENTENCES
from exchange.people.register import Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """How many entries the register has, and how many of them bear the person's name, and its sound."""

    size: int
    same_name: int
    same_sound: int

    def share_of(self, level: Level) -> float:
        """How often a name agrees on this level by chance; 1 where the register is not asked."""
        if level in BY_NAME:
            return min(1.0, max(self.same_name, 1) / self.size)
        if level in BY_SOUND:
            return min(1.0, max(self.same_sound, 1) / self.size)
        return 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """What one field says: its level, what that weighs in bits, and the sentences for a clerk."""

    field: Field
    level: Level
    weight: float

    @property
    def zh(self) -> str:
        """For a clerk."""
        return SENTENCES[self.field, self.level][0]

    @property
    def en(self) -> str:
        """For a clerk."""
        return SENTENCES[self.field, self.level][1]


class Evidence(NamedTuple):
    """What all fields say together; `contradicted` where they cannot be one person's."""

    reasons: tuple[Reason, ...]
    contradicted: bool

    @property
    def likelihood(self) -> float:
        """How many times likelier the fields are for one person than for two."""
        return exp2(min(sum(reason.weight for reason in self.reasons), _MOST_BITS))


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An entry that may be the person's, how probable that is, and why; what speaks most for it comes first."""

    entry: Entry
    probability: float
    reasons: tuple[Reason, ...]


# More than any register is large; beyond it a float's own range ends.
_MOST_BITS: Final = 200.0
_CONTRADICTION = (Field.SEX, Field.BIRTH_DATE, Field.DOCUMENT)
# The number holds birth date and sex: where it agrees, they say nothing new.
_SAME_DOCUMENT = frozenset({Level.EQUAL, Level.CONVERTED, Level.ONE_DIGIT, Level.SWAPPED, Level.OTHER_COUNTY})
_WITHIN_DOCUMENT = frozenset({Field.SEX, Field.BIRTH_DATE})


def weigh(levels: Mapping[Field, Level], crowd: Crowd) -> Evidence:
    """What the levels of a comparison are worth in this register."""
    told = levels[Field.DOCUMENT] in _SAME_DOCUMENT
    reasons = []
    for field, level in levels.items():
        if level is Level.MISSING:
            continue
        seen = WEIGHTS[field][level]
        weight = seen.weight
        if field is Field.NAME and (share := crowd.share_of(level)) < 1.0:
            weight = seen._replace(u=seen.u * share).weight
        if told and field in _WITHIN_DOCUMENT:
            weight = min(weight, 0.0)
        reasons.append(Reason(field=field, level=level, weight=weight))
    reasons.sort(key=lambda reason: -reason.weight)
    contradicted = all(levels[field] is Level.DIFFERS for field in _CONTRADICTION)
    return Evidence(tuple(reasons), contradicted)


def rank(person: Described, among: Iterable[tuple[Entry, Described]], crowd: Crowd) -> list[Candidate]:
    """The candidates, open entries before closed ones, the most probable first; at most MOST, none below FLOOR."""
    weighed = [(entry, weigh(compare(person, there), crowd)) for entry, there in among]
    chances = probabilities([(entry.person_index, evidence) for entry, evidence in weighed], crowd)
    candidates = [
        Candidate(entry=entry, probability=chance, reasons=evidence.reasons)
        for (entry, evidence), chance in zip(weighed, chances, strict=True)
        if chance >= FLOOR
    ]
    candidates.sort(key=lambda each: (not each.entry.is_open, -each.probability, each.entry.id))
    return candidates[:MOST]


def probabilities(weighed: Sequence[tuple[str, Evidence]], crowd: Crowd) -> list[float]:
    """The probability of each, given by its person's index: at most one person of the register is the one, perhaps nobody."""
    each = IN_REGISTER / crowd.size
    of_person: dict[str, float] = {}
    for index, evidence in weighed:
        of_person[index] = max(of_person.get(index, 0.0), evidence.likelihood)
    whole = (1.0 - IN_REGISTER) + each * sum(of_person.values())
    return [min(each * evidence.likelihood / whole, CONTRADICTED if evidence.contradicted else 1.0) for _, evidence in weighed]
