"""The answers to a partner that compares a pair's registers with us.

Each question is read, judged and reckoned outside any transaction that writes; short ones enter that it was asked, before it is
reckoned, and what was told.
"""

from dataclasses import replace

from adapters.office import Office
from adapters.reconciling.tokens import PREPARED_AT_ONCE, TokenKeeper
from exchange.ledger import Finding
from exchange.moments import format_moment
from exchange.partners import Partner
from exchange.reconciling.apart import Side
from exchange.reconciling.keys import TokenKey
from exchange.reconciling.results import RegisterRun
from exchange.reconciling.sketch import NONCE, Cells, Salt, Words, digest_of, sketch_of
from exchange.verbs.reconciling import answer as verb
from exchange.verbs.reconciling import asked as runs
from exchange.verbs.reconciling.answer import DoesNotSettle, TokensNotReady
from exchange.verbs.reconciling.asked import Admitted, RunUnknown, TooManyDifferences
from exchange.verbs.reconciling.conclude import conclude
from exchange.verbs.reconciling.registers import limit_of, snapshot_of
from exchange.wire import ijson
from exchange.wire import registers as wire
from exchange.wire.registers import (
    CELLS_AT_ONCE,
    CELLS_TYPE,
    REGISTERS_TYPE,
    SETTLED_TYPE,
    CellsAsked,
    CellsTold,
    MalformedRegisterQuestion,
    RegistersAsked,
    RegistersTold,
    SettleAsked,
    SettledTold,
)

DIFFER_TOO_MUCH = "registers-differ-too-much"


class Answering:
    """Answers three questions; nothing is kept between them but that they were asked."""

    def __init__(self, office: Office, keeper: TokenKeeper) -> None:
        self._office, self._keeper = office, keeper

    def open(self, caller: Partner, body: bytes) -> str:
        """What we hold of the pair, and the sketch if it is not what the caller holds.

        MalformedRegisterQuestion, NotYourLink, ComparisonNotAgreed, MonthNotAnswered, TokensNotReady, TooManyRuns, RunUnknown.
        """
        office = self._office
        asked = wire.read_question(body, RegistersAsked)
        admitted, key = self._admitted(caller, asked)
        with office.ledgers.transaction(read_only=True) as ledger:
            runs.check_opening(ledger, caller, admitted.what.pair, asked, office.now())
        ready = self._keeper.prepare(key, PREPARED_AT_ONCE)
        if ready is None:
            raise TokensNotReady
        with office.ledgers.transaction(read_only=True) as ledger:
            ours = snapshot_of(ledger, ready, ready.revision)
            limit = limit_of(ledger, admitted.what, ours.size, office.now())
        digest = digest_of(ours.words)
        same = digest == asked.digest
        if same and asked.size != ours.size:
            raise MalformedRegisterQuestion(pointer="/size")
        salt = self._salt(asked, 0)
        now = office.now()
        told = RegistersTold(
            request=ijson.digest(body),
            told_at=format_moment(now),
            as_of=format_moment(now),
            snapshot=ready.revision,
            size=ours.size,
            digest=digest,
            numberless=ours.numberless,
            limit=limit,
            nonce=None if same else ijson.b64url_encode(self._nonce(asked)),
            sketch=None if same else wire.pack(sketch_of(Side(ours.words, salt).elements, salt)),
        )
        payload = wire.write(told)
        with office.ledgers.transaction() as ledger:
            run = runs.begin(ledger, caller, admitted, asked, ours, snapshot=ready.revision, same=same, now=now)
            run = runs.told(ledger, replace(run, calls=run.calls + 1), len(payload), limit)
            if same:
                conclude(ledger, verb.equal(run), [(admitted.own, ())], now)
        return office.signer(REGISTERS_TYPE)(payload)

    def cells(self, caller: Partner, body: bytes) -> str:
        """Cells of our table.

        MalformedRegisterQuestion, NotYourLink, ComparisonNotAgreed, MonthNotAnswered, RunUnknown, TooManyRuns,
        TooManyDifferences, DoesNotSettle.
        """
        asked = wire.read_question(body, CellsAsked)
        admitted, _, words, limit = self._again(caller, asked, ijson.digest(body))
        now = self._office.now()
        try:
            verb.check_cells(asked, limit)
        except TooManyDifferences:
            self._count_only(caller, admitted, asked)
            raise
        salt = self._salt(asked, asked.attempt)
        table = Cells.of(Side(words, salt).elements, salt, asked.cells)
        part = slice(asked.first, asked.first + CELLS_AT_ONCE)
        told = CellsTold(
            request=ijson.digest(body),
            told_at=format_moment(now),
            cells=wire.pack_cells(table.keys[part], table.checks[part]),
        )
        payload = wire.write(told)
        with self._office.ledgers.transaction() as ledger:
            runs.told(ledger, runs.opened(ledger, caller, admitted, asked, now), len(payload), limit)
        return self._office.signer(CELLS_TYPE)(payload)

    def settle(self, caller: Partner, body: bytes) -> str:
        """Our word on what differs, which both sides then know.

        MalformedRegisterQuestion, NotYourLink, ComparisonNotAgreed, MonthNotAnswered, RunUnknown, TooManyRuns,
        TooManyDifferences, DoesNotSettle.
        """
        office, request = self._office, ijson.digest(body)
        asked = wire.read_question(body, SettleAsked)
        admitted, key, words, limit = self._again(caller, asked, request)
        side = Side(words, self._salt(asked, asked.attempt))
        read = verb.unpack(asked, side, len(admitted.items))
        if read.persons > limit:
            self._count_only(caller, admitted, asked)
            raise TooManyDifferences
        matched = side.digest_without(read.ours)
        if (matched, len(side.words) - len(read.ours)) != (asked.matched, asked.agreeing):
            raise DoesNotSettle
        # Of what the asker holds nothing is seen but this: it must at least add up.
        if asked.size != asked.agreeing + len(read.mine) + len(read.changed):
            raise DoesNotSettle
        tokening = self._keeper.tokening(key)
        with office.ledgers.transaction(read_only=True) as ledger:
            settled = verb.settlement(ledger, office.node, admitted, key, tokening, side, read)
        told = SettledTold(
            request=request,
            told_at=format_moment(office.now()),
            matched=matched,
            changed=wire.pack_masks(settled.changed),
            coarse=wire.pack_masks(settled.coarse),
            found=wire.pack_found(settled.found),
            coarse_differing=settled.tally.coarse_differing,
        )
        payload, now = wire.write(told), office.now()
        with office.ledgers.transaction() as ledger:
            run = runs.told(ledger, runs.opened(ledger, caller, admitted, asked, now), len(payload), limit)
            conclude(ledger, settled.run(runs.ended_by(run, request)), [(admitted.own, settled.ours)], now)
        return office.signer(SETTLED_TYPE)(payload)

    def _admitted(self, caller: Partner, asked: RegistersAsked) -> tuple[Admitted, TokenKey]:
        office = self._office
        with office.ledgers.transaction(read_only=True) as ledger:
            admitted = verb.admit(ledger, office.node, caller, asked, office.now())
        kids = (asked.origin_kid, asked.destination_kid)
        return admitted, self._keeper.key_for(admitted.what, admitted.own, asked.month, kids)

    def _again(self, caller: Partner, asked: CellsAsked | SettleAsked, request: str) -> tuple[Admitted, TokenKey, Words, int]:
        """What a further question is about, as it was when the run was opened. It is counted first, however it is answered."""
        office = self._office
        admitted, key = self._admitted(caller, asked)
        with office.ledgers.transaction() as ledger:
            run = runs.called(ledger, caller, admitted, asked, request, office.now())
        if not key.ready:
            raise RunUnknown
        with office.ledgers.transaction(read_only=True) as ledger:
            words = snapshot_of(ledger, key, asked.snapshot).words
            limit = limit_of(ledger, admitted.what, len(words), office.now())
        if len(words) != (run.outflow_size if admitted.own == run.pair.origin else run.inflow_size):
            # Somebody was protected meanwhile, or the run is too old: what was told of this snapshot is not there any more.
            raise DoesNotSettle
        return admitted, key, words, limit

    def _count_only(self, caller: Partner, admitted: Admitted, asked: RegistersAsked) -> None:
        """Keep the counts and tell people: in a transaction of its own, for what is answered is a refusal."""
        now = self._office.now()
        with self._office.ledgers.transaction() as ledger:
            run = verb.counted_only(runs.opened(ledger, caller, admitted, asked, now))
            conclude(ledger, run, (), now)
            ledger.chores.add_findings([too_much(run)])

    def _nonce(self, asked: RegistersAsked) -> bytes:
        """Our part of the salt: the same whenever this run asks, and nobody else's to know beforehand."""
        keyed = self._office.node.keyed(f"mx-registers-nonce\0{asked.run}\0{asked.nonce}".encode("ascii"))
        return ijson.b64url_decode(keyed)[:NONCE]

    def _salt(self, asked: RegistersAsked, attempt: int) -> Salt:
        return Salt.of(wire.nonce_bytes(asked.nonce), self._nonce(asked), attempt)


def too_much(run: RegisterRun) -> Finding:
    """Two registers differ by more than may be told: people of both sides look."""
    pair = run.pair
    return Finding(
        id=f"registers.{run.partner}.{pair.origin}.{pair.destination}.{run.id}",
        kind=DIFFER_TOO_MUCH,
        partner=run.partner,
        subject=f"registers {pair.origin} {pair.destination}",
        detail=f"{run.outflow_size} outflow and {run.inflow_size} inflow entries differ by more than the limit",
        at=run.began_at,
    )
