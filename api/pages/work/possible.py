"""What a viewer can do with an exchange now, so that no form is shown that would be refused."""

from api.models.exchanges import ExchangeWhole
from api.pages.route import Viewer
from api.rights import ANSWERER, ASSIGNER, CLERK
from exchange.codes import Kind, Role
from exchange.conversation import SENDER, State
from exchange.exchanges import Acceptance, Direction

_OWED = frozenset({State.OPEN, State.CHALLENGED})
_OVER = frozenset({State.CLOSED, State.WITHDRAWN, State.LAPSED})


def deeds(viewer: Viewer, whole: ExchangeWhole, *, mine: bool, free: bool, reminded: bool) -> frozenset[str]:
    """The names of the forms to show.

    `mine` is false for another clerk's birth registration, `free` true if no clerk has it whose account still works, and
    `reminded` true if there was a reminder today.
    """
    waiting, ours = on_the_way(whole), whole.role is Role.ASKED
    owed = ours and whole.state in _OWED and Kind.FEEDBACK not in waiting
    may: set[str] = set()
    if viewer.may(ANSWERER) and ours:
        if mine and owed:
            may |= {"feedback"} if Kind.INTERIM in waiting else {"feedback", "interim"}
        if free and (not mine or whole.state not in _OVER):
            may.add("take")
        if mine and owed and whole.handled_by is not None and viewer.in_a_township:
            may.add("return")
    if viewer.may(CLERK) and mine and not ours:
        if whole.state is State.ANSWERED and not waiting & {Kind.CONFIRMATION, Kind.CHALLENGE, Kind.WITHDRAWAL}:
            may |= {"confirm", *(("challenge",) if whole.challenges_left else ())}
            may |= {"send_on"} if whole.right_county is not None and whole.sent_on_to is None else set()
        if whole.overdue and not waiting & {Kind.REMINDER, Kind.WITHDRAWAL}:
            may.add("reminded" if reminded else "remind")
        if whole.state not in _OVER and whole.acceptance is not Acceptance.REJECTED and Kind.WITHDRAWAL not in waiting:
            may.add("withdraw")
    if viewer.may(CLERK) and mine and ours and whole.entry is not None:
        may.add("unpair")
    if viewer.may(ASSIGNER) and owed:
        may.add("assign")
    return frozenset(may)


def on_the_way(whole: ExchangeWhole) -> frozenset[Kind]:
    """What this side has said that has no receipt yet."""
    return frozenset(
        message.kind
        for message in whole.messages
        if message.direction is Direction.OUT and message.outcome is None and SENDER[message.kind] is whole.role
    )
