"""What of persons is in an answer: found by what it is, a document or facts of a record, wherever it stands.

So an answer that nobody thought of is told as well. A person becomes the node's blind index; names and numbers go no further.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any

import msgspec
from pydantic import BaseModel

from exchange.auditing.event import of_entry, of_exchange, of_person
from exchange.codes import Item, Purpose
from exchange.errors import WoshouError
from exchange.node import Node
from exchange.people.document import read_document
from exchange.people.record import DocumentRef, Person, Spouse

_FACTS = frozenset(item.value for item in Item)
# Under these names stands what is told of a person, be it a record, a message's body or the two sides of a difference.
_TOLD = frozenset({"record", "known", "body", "facts", "ours", "theirs", "answer"})
_IDS = {"entry": of_entry, "exchange": of_exchange}
PERSON = "person"
_MOST_DEEP = 12


@dataclass(slots=True)
class Seen:
    """Subjects in the order in which they came, and the fields that were shown of them."""

    subjects: dict[str, None] = field(default_factory=dict)
    shown: set[str] = field(default_factory=set)
    purposes: set[Purpose] = field(default_factory=set)
    masked: bool = False

    @property
    def persons(self) -> int:
        """How many persons there are among the subjects."""
        return sum(subject.startswith("person:") for subject in self.subjects)

    @property
    def told_of(self) -> int:
        """How many persons something was shown of; where nothing identifies them, how many entries or exchanges it was."""
        kinds = Counter(subject.partition(":")[0] for subject in self.subjects)
        return max(kinds.values(), default=1) if self.shown else 0

    def add(self, more: "Seen") -> None:
        """What was seen elsewhere too."""
        self.subjects.update(more.subjects)
        self.shown |= more.shown
        self.purposes |= more.purposes
        self.masked = self.masked or more.masked

    @property
    def empty(self) -> bool:
        """Whether there was nobody."""
        return not self.subjects and not self.shown


def look(value: object, node: Node, seen: Seen) -> None:
    """Add to `seen` all persons in a value of any shape: models, structs, dataclasses, mappings and lists of them."""
    _look(value, node, seen, 0)


def _look(value: object, node: Node, seen: Seen, depth: int) -> bool:
    """Whether a person or facts of one are within."""
    if depth > _MOST_DEEP or value is None or isinstance(value, str | bytes | int | float):
        return False
    if isinstance(value, DocumentRef | Person | Spouse):
        _person(value, node, seen)
        return True
    told = members(value)
    if told is not None:
        return _look_at(told, node, seen, depth)
    if isinstance(value, Iterable):
        return bool([each for each in value if _look(each, node, seen, depth + 1)])
    return False


def _look_at(told: Mapping[str, Any], node: Node, seen: Seen, depth: int) -> bool:
    within = bool([member for member in told.values() if _look(member, node, seen, depth + 1)])
    if _is_person(told):
        _person_of(told, node, seen)
        within = True
    for name in _TOLD & told.keys():
        facts = members(told[name])
        known = {fact for fact in _FACTS if facts is not None and facts.get(fact) not in (None, msgspec.UNSET)}
        seen.shown |= known
        within = within or bool(known)
    if _is_difference(told):
        seen.shown.add(str(told["field"]))
        within = True
    seen.masked = seen.masked or (PERSON in told and told[PERSON] is None) or _withheld(told)
    purpose = told.get("purpose")
    if isinstance(purpose, str) and purpose in set(Purpose):
        seen.purposes.add(Purpose(purpose))
    if within:
        seen.subjects.update(dict.fromkeys(_ids(told)))
    return within


def _withheld(told: Mapping[str, Any]) -> bool:
    """A message whose body is there and not shown."""
    return "body" in told and told["body"] is None and told.get("erased") is False


def _is_person(told: Mapping[str, Any]) -> bool:
    return isinstance(told.get("document"), dict) and "type" in told["document"]


def _is_difference(told: Mapping[str, Any]) -> bool:
    """One field of an entry's, with what it has and what somebody else has."""
    return "field" in told and "entry" in told and any(told.get(name) is not None for name in ("found", "proposed", "proposal"))


def _ids(told: Mapping[str, Any]) -> Iterable[str]:
    for name, subject in _IDS.items():
        if isinstance(told.get(name), str):
            yield subject(told[name])
    # An entry as it is shown names itself, not what it is in.
    if "id" in told and PERSON in told and ("register" in told or "register_" in told):
        yield of_entry(str(told["id"]))


def _person_of(told: Mapping[str, Any], node: Node, seen: Seen) -> None:
    try:
        person = msgspec.convert({name: told[name] for name in Person.__struct_fields__ if name in told}, Person, strict=False)
        _person(person, node, seen)
    except msgspec.ValidationError:
        seen.shown.add(PERSON)


def _person(found: DocumentRef | Person | Spouse, node: Node, seen: Seen) -> None:
    seen.shown.add(PERSON)
    index = index_of(found, node)
    if index is not None:
        seen.subjects[of_person(index)] = None


def index_of(found: DocumentRef | Person | Spouse, node: Node) -> str | None:
    """The blind index of somebody; None where nothing identifies them."""
    try:
        if isinstance(found, Person):
            return node.person_index(found)
        document = found if isinstance(found, DocumentRef) else found.document
        if document is None or document.number is None:
            return None
        return node.document_index(read_document(document.type, document.number))
    except WoshouError:
        return None  # a document that is none: it was shown, and it is nobody's


def members(value: object) -> Mapping[str, Any] | None:
    """What a value says by name; None for what has no names."""
    match value:
        case BaseModel():
            return value.__dict__
        case msgspec.Struct():
            return {name: getattr(value, name) for name in value.__struct_fields__}
        case Mapping():
            return value
        case _ if is_dataclass(value) and not isinstance(value, type):
            return {each.name: getattr(value, each.name) for each in fields(value)}
        case _:
            return None
