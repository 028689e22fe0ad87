"""Comparing a pair's registers, with a partner or between two counties of this node, and writing down what came of it."""

import secrets
from dataclasses import replace

from adapters.office import Office
from adapters.partner_http import PartnerClient, PartnerRefused
from adapters.reconciling.answering import too_much
from adapters.reconciling.asking import Asking, Ours, Step
from adapters.reconciling.tokens import PREPARED_AT_ONCE, TokenKeeper
from adapters.renewal import Renewals
from exchange.errors import NotAuthentic, PartnerTrouble, Refused
from exchange.ids import new_id
from exchange.moments import civil_day, day_start
from exchange.reconciling.apart import Side
from exchange.reconciling.pairs import RUNS_A_DAY, Comparable, month_of
from exchange.reconciling.results import Outcome, RegisterRun, Starter
from exchange.reconciling.sketch import NONCE, Salt
from exchange.verbs.reconciling import answer, ask
from exchange.verbs.reconciling.answer import DoesNotSettle
from exchange.verbs.reconciling.ask import Ended, Word
from exchange.verbs.reconciling.asked import Admitted, RunUnknown, TooManyRuns
from exchange.verbs.reconciling.conclude import Found, conclude
from exchange.verbs.reconciling.registers import snapshot_of

# A register may change while it is compared: then both sides begin anew, once.
_ROUNDS = 2


class RegisterReconciler:
    """Compares one pair at a time; several pairs may be compared at once in different threads."""

    def __init__(self, office: Office, client: PartnerClient, renewals: Renewals, keeper: TokenKeeper) -> None:
        self._office, self._client, self._renewals, self._keeper = office, client, renewals, keeper

    def reconcile(
        self,
        what: Comparable,
        own: str,
        *,
        reconciliation: str | None,
        dry_run: bool = False,
        step: Step = lambda name: None,
    ) -> RegisterRun:
        """Compare a pair and write down what came of it; a dry run tells the same and writes nothing.

        TooManyRuns; PartnerTrouble if the partner cannot be reached or refuses, NotAuthentic for an answer that is not its
        own or does not fit. A run that had been opened is written down as failed then.
        """
        office = self._office
        before = None if dry_run else self._begun_before(what)
        ours = self._ours(what, own, step)
        run = ask.new_run(what, ours.snapshot.key, new_id(office.now()), reconciliation, Starter.US, office.now())
        run = replace(run, as_of=ours.as_of)
        if what.partner == office.node.name:
            return self._within(run, ours, what, dry_run=dry_run, step=step)
        if before is not None:
            run = replace(run, id=before.id, began_at=before.began_at)
        try:
            return self._with_partner(run, ours, what, dry_run=dry_run, step=step)
        except PartnerRefused as refusal:
            # The partner has settled what we broke off before its last answer came: that run is over, and another one begins.
            if before is None or refusal.problem != RunUnknown.code:
                raise
        return self._with_partner(replace(run, id=new_id(office.now())), ours, what, dry_run=dry_run, step=step)

    def _with_partner(self, run: RegisterRun, ours: Ours, what: Comparable, *, dry_run: bool, step: Step) -> RegisterRun:
        own = ours.snapshot.key.own
        if not dry_run:
            # Before the first call: whoever goes on after a crash asks under the same id, and the partner counts one run.
            with self._office.ledgers.transaction() as ledger:
                ledger.register_runs.put(run)
        asking = Asking(self._office, self._client, self._renewals, what, run, step=step)
        try:
            end = self._compared(asking, ours, dry_run=dry_run)
        except (PartnerTrouble, NotAuthentic, Refused) as trouble:
            refused = isinstance(trouble, PartnerRefused) and trouble.problem == RunUnknown.code
            if (asking.calls or refused) and not dry_run:
                code = trouble.problem if isinstance(trouble, PartnerRefused) else trouble.code
                self._conclude(asking.counted(replace(run, outcome=Outcome.FAILED, trouble=code)), own, ())
            raise
        run = asking.counted(end.run)
        return run if dry_run else self._conclude(run, own, end.ours)

    def _begun_before(self, what: Comparable) -> RegisterRun | None:
        """Our run of today that was broken off, to be gone on with; TooManyRuns if there is none and no other may begin."""
        today = day_start(civil_day(self._office.now()))
        with self._office.ledgers.transaction(read_only=True) as ledger:
            runs = ledger.register_runs.since(what.pair, what.partner, today)
        broken = [run for run in runs if run.started_by is Starter.US and run.outcome is None]
        if not broken and len(runs) >= RUNS_A_DAY:
            raise TooManyRuns
        return broken[-1] if broken else None

    def _ours(self, what: Comparable, own: str, step: Step) -> Ours:
        office, keeper = self._office, self._keeper
        now = office.now()
        key = keeper.key_for(what, own, month_of(now), keeper.kids(what, own, now))
        step("tokens")
        while (ready := keeper.prepare(key, PREPARED_AT_ONCE)) is None:
            step("tokens")
        as_of = office.now()
        with office.ledgers.transaction(read_only=True) as ledger:
            snapshot = snapshot_of(ledger, ready, ready.revision)
        return Ours(snapshot=snapshot, tokening=keeper.tokening(ready), as_of=as_of)

    def _conclude(self, run: RegisterRun, own: str, found: tuple[Found, ...]) -> RegisterRun:
        now = self._office.now()
        with self._office.ledgers.transaction() as ledger:
            if run.outcome is Outcome.COUNTS_ONLY:
                ledger.chores.add_findings([too_much(run)])
            return conclude(ledger, run, [(own, found)], now)

    def _compared(self, asking: Asking, ours: Ours, *, dry_run: bool) -> Ended:
        for _ in range(_ROUNDS - 1):
            try:
                return asking.compare(ours, dry_run=dry_run)
            except DoesNotSettle:
                pass
            except PartnerRefused as refusal:
                if refusal.problem != DoesNotSettle.code:
                    raise
            ours = self._ours(asking.what, ours.snapshot.key.own, asking.step)
        return asking.compare(ours, dry_run=dry_run)

    def _within(self, run: RegisterRun, ours: Ours, what: Comparable, *, dry_run: bool, step: Step) -> RegisterRun:
        """Compare two counties of this node: the same steps, with the other side's answers reckoned here."""
        office, own = self._office, ours.snapshot.key.own
        other = run.pair.other(own)
        theirs = self._ours(what, other, step)
        run = ask.sized(run, ours.snapshot, theirs.snapshot.size, theirs.snapshot.numberless, ours.as_of)
        salt = Salt.of(secrets.token_bytes(NONCE), secrets.token_bytes(NONCE))
        mine, yours = Side(ours.snapshot.words, salt), Side(theirs.snapshot.words, salt)
        apart = mine.beside(yours)
        with office.ledgers.transaction(read_only=True) as ledger:
            prepared = ask.prepare(ledger, office.node, ours.snapshot, ours.tokening, mine, apart)
            if dry_run:
                return ask.foreseen(run, ours.snapshot, prepared)
            read = answer.Asked(
                mine=mine.elements[apart.mine],
                yours=yours.places(prepared.yours),
                changed=yours.places(apart.changed_yours),
                changed_fields=prepared.changed_fields,
                coarse=yours.places(prepared.coarse_elements),
                coarse_fields=prepared.coarse_fields,
            )
            admitted = Admitted(what=what, own=other)
            told = answer.settlement(ledger, office.node, admitted, theirs.snapshot.key, theirs.tokening, yours, read)
            word = Word(changed=told.changed, coarse=told.coarse, found=told.found, coarse_differing=told.tally.coarse_differing)
            end = ask.ended(ledger, run, ours.snapshot, ours.tokening, mine, prepared, word)
        now = office.now()
        with office.ledgers.transaction() as ledger:
            return conclude(ledger, end.run, [(own, end.ours), (other, told.ours)], now)
