"""Read an exchange with its whole conversation: each message as this side holds it, and what it did."""

from collections.abc import Sequence
from dataclasses import dataclass

from exchange.admission import Desk
from exchange.conversation import Conversation, Effect, opened
from exchange.exchanges import Exchange, LoggedMessage
from exchange.ledger import Ledger
from exchange.node import Node
from exchange.terms.rules import RuleSet
from exchange.verbs.absorb import letters_of, role_here


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One message and its effect; None while it has no receipt, or if it was rejected."""

    message: LoggedMessage
    effect: Effect | None


def judged_by(ledger: Ledger, node: Node, exchange: Exchange) -> RuleSet:
    """The rule set that an exchange is judged by, which its agreement names."""
    signed = ledger.agreements.get(exchange.agreement)
    partner = signed.partner if signed is not None else node.name
    agreements = (signed,) if signed is not None else ()
    now = exchange.submitted_at
    return Desk(node=node, partner=partner, theirs=frozenset(), agreements=agreements, now=now).rules_of(exchange)


def whole(ledger: Ledger, node: Node, exchange: Exchange) -> list[Told]:
    """The messages of one side of an exchange, in the order in which they were written."""
    key = exchange.key
    partner = next((link.partner for link in ledger.links.all() if link.id == key.link), node.name)
    log = ledger.messages.of_exchanges(key.link, [key.exchange]).get(key.exchange, [])
    # A local link's log holds the other side's copies as well.
    mine = [message for message in log if role_here(message.kind, message.direction) is key.role]
    effects = _effects(ledger, mine, exchange, node, partner)
    return [Told(message=message, effect=effects.get(message.id)) for message in mine]


def _effects(ledger: Ledger, mine: Sequence[LoggedMessage], exchange: Exchange, node: Node, partner: str) -> dict[str, Effect]:
    letters = sorted(letters_of(mine, exchange.key.role, node.name, partner), key=lambda letter: letter.turn)
    effects: dict[str, Effect] = {}
    lapse_days = judged_by(ledger, node, exchange).lapse_days
    conversation: Conversation | None = None
    for letter in letters:
        if conversation is None:
            conversation, _ = opened(letter)
            effects[letter.id] = Effect.OPENS
        else:
            conversation, effects[letter.id], _ = conversation.after(letter, lapse_days=lapse_days)
    return effects
