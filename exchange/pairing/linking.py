"""What a linkage of many people at once compares: a person as flat words, none of which is shown to anybody."""

from typing import NamedTuple

from exchange.codes import Sex
from exchange.pairing.comparing import Described, swapped
from exchange.pairing.sounds import parts, sound, toneless
from exchange.people.document import DocumentWarning


class Flat(NamedTuple):
    """One person; what is not known is None. `usable` is whether the document alone would tell who it is."""

    id: str
    usable: str
    name: str
    sound: str
    surname: str | None
    given: str | None
    sex: str | None
    birth_date: str | None
    birth_swapped: str | None
    number: str | None
    place: str | None
    spouse: str | None
    married_on: str | None


class Linked(NamedTuple):
    """Two that a linkage takes for one person, by their ids, and how sure it is."""

    left: str
    right: str
    probability: float


def flat(id_: str, person: Described) -> Flat:
    """A person as a linkage takes it."""
    first = parts(person.name)[0]
    said = toneless(first)
    document, born = person.document, person.birth_date
    turned = swapped(born) if born is not None else None
    return Flat(
        id=id_,
        usable="yes" if is_usable(person) else "no",
        name=first,
        sound=sound(person.name),
        surname=said[0] if said else None,
        given=" ".join(said[1:]) or None,
        sex=person.sex.value if person.sex in (Sex.MALE, Sex.FEMALE) else None,
        birth_date=born.isoformat() if born is not None else None,
        birth_swapped=turned.isoformat() if turned is not None else None,
        number=document.number if document is not None else None,
        place=person.place[0] if person.place else None,
        spouse=sound(person.spouse.name) if person.spouse is not None else None,
        married_on=person.married_on.isoformat() if person.married_on is not None else None,
    )


def is_usable(person: Described) -> bool:
    """Whether the person has a document whose number holds in itself: exact identity can be trusted with it."""
    return person.document is not None and DocumentWarning.CHECK_DIGIT not in person.document.warnings
