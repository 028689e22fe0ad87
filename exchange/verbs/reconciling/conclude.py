"""Write down what a run found of our entries, and settle what it no longer finds."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from exchange.codes import Item
from exchange.ledger import Ledger
from exchange.reconciling.results import DifferenceKind, Outcome, RegisterDifference, RegisterRun


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One of our entries of which something is to be settled."""

    entry: str
    kind: DifferenceKind
    fields: tuple[Item, ...] = ()


def conclude(ledger: Ledger, run: RegisterRun, own: Sequence[tuple[str, Sequence[Found]]], now: datetime) -> RegisterRun:
    """Keep a run, and for a settled one what it found in the registers of own counties; the run with how much was repaired.

    A run that this ledger has settled already stays as it is: a partner may repeat its call.
    """
    # Two runs of a pair may end at once, and a clerk may protect an entry now: each sees what the other has left.
    ledger.tokens.lock()
    before = ledger.register_runs.get(run.id, lock=True)
    if before is not None and before.outcome is Outcome.SETTLED:
        return before
    repaired = 0
    if run.outcome is Outcome.SETTLED:
        for county, found in own:
            changed = list(_changed(ledger.register_runs.standing(run.pair, county), run, county, found, now))
            repaired += sum(each.settled_at == now for each in changed)
            ledger.register_runs.put_differences(changed)
    then = replace(run, ended_at=now, repaired=repaired)
    ledger.register_runs.put(then)
    return then


def _changed(
    standing: Iterable[RegisterDifference], run: RegisterRun, county: str, found: Sequence[Found], now: datetime
) -> Iterable[RegisterDifference]:
    """What is to be written: what stands as it stood is not."""
    left = {each.entry: each for each in standing}
    for each in found:
        before = left.pop(each.entry, None)
        then = RegisterDifference(
            entry=each.entry,
            own=county,
            partner=run.partner,
            pair=run.pair,
            kind=each.kind,
            fields=each.fields,
            first_at=now if before is None else before.first_at,
        )
        if then != before:
            yield then
    for gone in left.values():
        yield replace(gone, settled_at=now)


def fields_of(mask: int, items: Sequence[Item]) -> tuple[Item, ...]:
    """The items whose bits are set."""
    return tuple(item for place, item in enumerate(items) if mask >> place & 1)
