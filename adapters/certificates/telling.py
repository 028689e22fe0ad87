"""Whom a check of a certificate is about, told to the trail that is left."""

from adapters.auditing.trail import current
from exchange.auditing.event import of_entry, of_person
from exchange.certificates.check import Question
from exchange.codes import Purpose
from exchange.node import Node
from exchange.verbs.certificates.answer import holder_index


def tell_whom(node: Node, question: Question, county: str | None = None, *, entry: str | None = None) -> None:
    """The holder, and the `entry` of this node that was named; a `county` of it, whose certificate it is, is told too."""
    trail = current()
    if trail is not None:
        trail.about([of_person(holder_index(node, question)), *([of_entry(entry)] if entry else ())])
        trail.concerns(Purpose.CERTIFICATE_VERIFICATION, county)
