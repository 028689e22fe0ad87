"""Where two rows of one exchange differ, in words that an operator can act on; never what an answer said about a person."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from exchange.comparing.standing import short_digest
from exchange.wire.figures import FigureRow

_PLAIN = (
    "asked",
    "asking",
    "origin",
    "kind",
    "event",
    "urgent",
    "category",
    "withdrawn_at",
    "confirmed_at",
    "state",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One exchange on which the sides do not agree: `what` names each thing that differs, `detail` has both values of each."""

    exchange: str
    what: tuple[str, ...]
    detail: str

    def finding_id(self, link: str) -> str:
        """By content, so that the same difference found again stays one finding."""
        return f"figures.{self.exchange}.{short_digest(f'{link}|{self.detail}')}"


def difference(ours: FigureRow | None, theirs: FigureRow | None) -> Difference:
    """What two rows of one exchange differ in, of which one may be missing."""
    present = ours or theirs
    if present is None:
        raise ValueError("of two rows at most one is missing")
    told = list(_between(ours, theirs))
    return Difference(
        exchange=present.exchange,
        what=tuple(dict.fromkeys(name for name, _ in told)),
        detail="; ".join(text for _, text in told),
    )


def _between(ours: FigureRow | None, theirs: FigureRow | None) -> Iterator[tuple[str, str]]:
    if ours is None or theirs is None:
        side = "there" if ours else "here"
        yield f"missing_{side}", f"missing {side}"
        return
    for name in _PLAIN:
        here, there = getattr(ours, name), getattr(theirs, name)
        if here != there:
            yield name, _both(name, here, there)
    for number in range(max(len(ours.rounds), len(theirs.rounds))):
        here = ours.rounds[number] if number < len(ours.rounds) else None
        there = theirs.rounds[number] if number < len(theirs.rounds) else None
        if here is None or there is None:
            yield "rounds", f"round {number + 1} only {'here' if here else 'there'}"
            continue
        for name in ("opened_at", "due", "answered_at"):
            if getattr(here, name) != getattr(there, name):
                yield name, _both(f"{name} of round {number + 1}", getattr(here, name), getattr(there, name))
        if here.result != there.result:
            # What was answered is about a person; that it differs is not.
            yield "result", f"result of round {number + 1} differs"
    if ours.messages != theirs.messages:
        yield "messages", _both("messages", ours.messages, theirs.messages)
    elif ours.log != theirs.log:
        yield "messages", "the messages' ids, stamps or due dates differ"


def _both(name: str, here: Any, there: Any) -> str:
    return f"{name}: {_shown(here)} here, {_shown(there)} there"


def _shown(value: Any) -> str:
    return "none" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
