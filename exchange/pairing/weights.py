"""What a level of agreement is worth: Fellegi and Sunter's m and u as data with a version that every answer names.

`m` is how often the level is seen where both sides mean one person, `u` how often where they mean two. The u of dates,
numbers and sexes are counted from what they are made of (a birth date is one of some 12,000 days that adults share), that of
a name is the register's own: how many entries bear the name, or its sound, among all of them. No published list of surnames
is used: it would say nothing of given names, and a county's names are not the nation's.

The m are judgements, made before anything was measured: what typing, hearing and copying do to numbers, names and dates.
They were not fitted to the corrupted people of `bench/pairing.py`, whose truth they do not know; docs/benchmarks.md says how
well the probabilities held there. They are a guess about other people's typing until a node's own decisions are counted.
"""

from math import log2
from typing import Final, NamedTuple

from exchange.pairing.comparing import Field, Level

VERSION: Final = "woshou-pairing-2026.1"
# Of the people asked about whom exact identity did not find, this share is taken to be in the register after all.
IN_REGISTER: Final = 0.5
# No lower than this is worth a clerk's look, and no more than these are offered.
FLOOR: Final = 0.01
MOST: Final = 20
# Another sex, another birth date and another number that is sound: nothing else can make that one person.
CONTRADICTED: Final = 0.005


class Seen(NamedTuple):
    """How often a level is seen for one person, and for two."""

    m: float
    u: float

    @property
    def weight(self) -> float:
        """In bits: how much the level speaks for one person (positive) or for two."""
        return log2(self.m / self.u)


WEIGHTS: Final[dict[Field, dict[Level, Seen]]] = {
    Field.DOCUMENT: {
        Level.EQUAL: Seen(0.90, 1e-9),
        Level.CONVERTED: Seen(0.90, 1e-9),
        # The check digit keeps two true numbers from differing in one place: whoever does is nearly always a slip.
        Level.ONE_DIGIT: Seen(0.03, 2e-8),
        Level.SWAPPED: Seen(0.01, 2e-8),
        # One day in 12,000, and one of some 300 numbers of it.
        Level.OTHER_COUNTY: Seen(0.003, 3e-7),
        Level.DOUBTFUL: Seen(0.02, 0.02),
        Level.DIFFERS: Seen(0.02, 0.98),
    },
    # The u of the first four are the register's own.
    Field.NAME: {
        Level.EQUAL: Seen(0.90, 1.0),
        Level.VARIANT: Seen(0.02, 0.05),
        Level.HOMOPHONE: Seen(0.02, 0.5),
        Level.SOUND: Seen(0.02, 1.0),
        Level.NEAR: Seen(0.025, 0.01),
        Level.DIFFERS: Seen(0.015, 0.98),
    },
    Field.SEX: {Level.EQUAL: Seen(0.99, 0.5), Level.DIFFERS: Seen(0.01, 0.5)},
    Field.BIRTH_DATE: {
        Level.EQUAL: Seen(0.92, 1 / 12_000),
        Level.SWAPPED: Seen(0.01, 1 / 20_000),
        Level.PLACEHOLDER: Seen(0.015, 0.006),
        Level.YEAR_OFF: Seen(0.01, 1 / 6_000),
        Level.ONE_PART: Seen(0.03, 0.006),
        Level.DIFFERS: Seen(0.015, 0.987),
    },
    Field.PLACE: {
        Level.EQUAL: Seen(0.75, 0.10),
        Level.CONTAINS: Seen(0.10, 0.10),
        Level.PREFECTURE: Seen(0.04, 0.05),
        Level.PROVINCE: Seen(0.03, 0.10),
        Level.DIFFERS: Seen(0.08, 0.65),
    },
    Field.TOWNSHIP: {Level.EQUAL: Seen(0.80, 0.10), Level.DIFFERS: Seen(0.20, 0.90)},
    Field.SPOUSE: {
        Level.EQUAL: Seen(0.60, 1e-7),
        Level.NAME: Seen(0.25, 1 / 5_000),
        Level.SOUND: Seen(0.03, 1 / 2_000),
        Level.NEAR: Seen(0.03, 0.01),
        Level.DIFFERS: Seen(0.09, 0.989),
    },
    Field.MARRIAGE: {
        Level.EQUAL: Seen(0.85, 1 / 3_000),
        Level.NEAR: Seen(0.07, 0.06),
        Level.DIFFERS: Seen(0.08, 0.94),
    },
}
BY_NAME: Final = frozenset({Level.EQUAL, Level.VARIANT})
BY_SOUND: Final = frozenset({Level.HOMOPHONE, Level.SOUND})
