"""Asking the issuer: prepare in one transaction, call outside any, write down in another."""

from collections.abc import Callable
from typing import TypeVar

from adapters.auditing.trail import concerning, leaving
from adapters.certificates.pacing import Pace
from adapters.certificates.telling import tell_whom
from adapters.keys import jose
from adapters.office import Office, trusted_key
from adapters.partner_http import PartnerClient, PartnerRefused
from adapters.renewal import Renewals
from exchange.certificates.check import CheckAnswer
from exchange.certificates.limits import OF_KEY
from exchange.codes import Item
from exchange.errors import NotAuthentic, PartnerTrouble
from exchange.ids import new_salt
from exchange.ledger import Ledger
from exchange.moments import format_moment
from exchange.partners import Partner
from exchange.routing.table import NoRoute
from exchange.verbs.certificates.answer import answer
from exchange.verbs.certificates.ask import CheckDraft, Checked, Prepared, conclude, prepare
from exchange.wire import checks as wire
from exchange.wire.checks import CHECK_TYPE, CHECKED_TYPE, CertificateAsked, WireHolder

T = TypeVar("T")


class CertificateAsking:
    """Asks about one certificate at a time; safe for many threads."""

    def __init__(self, office: Office, client: PartnerClient, renewals: Renewals, pace: Pace | None = None) -> None:
        self._office, self._client, self._renewals, self._pace = office, client, renewals, pace or Pace()

    def ask(
        self, draft: CheckDraft, caller: str, told: Callable[[Ledger, Checked], T], begun: Callable[[], None] = lambda: None
    ) -> T:
        """Ask, write down, and give what `told` makes of it in the same transaction; refusals as `prepare`.

        A partner that cannot be reached, refuses or answers what is none is `cannot_say`, with the trouble. `begun` is called
        when nothing stands against asking any more, and may refuse.
        """
        office = self._office
        with office.ledgers.transaction(read_only=True) as ledger:
            prepared = prepare(ledger, office.node, draft, caller, office.now())
            partner = ledger.partners.get(prepared.partner)
        question = prepared.question
        tell_whom(office.node, question, question.issuer if prepared.partner == office.node.name else None, entry=question.entry)
        with leaving(None):  # the row is written with the answer
            begun()
        if prepared.partner == office.node.name:
            return self._within(prepared, told)
        if partner is None:
            raise NoRoute
        word, trouble = self._of_partner(prepared, partner)
        with office.ledgers.transaction() as ledger:
            return told(ledger, _shown(conclude(ledger, office.node, prepared, word, office.now(), trouble=trouble)))

    def _within(self, prepared: Prepared, told: Callable[[Ledger, Checked], T]) -> T:
        """Between two counties of this node: the same rules and the same time, and no wire."""
        office, question = self._office, prepared.question
        with self._pace.steady(), office.ledgers.transaction() as ledger:
            now = office.now()
            word = answer(
                ledger, office.node, question, now, partner=office.node.name, caller=prepared.caller, most_misses=OF_KEY
            )
            return told(ledger, _shown(conclude(ledger, office.node, prepared, word, now)))

    def _of_partner(self, prepared: Prepared, partner: Partner) -> tuple[CheckAnswer, str | None]:
        try:
            payload = self._question(prepared)
            signed = self._office.signer(CHECK_TYPE)(payload)
            answered = self._client.check_certificate(partner, signed)
            # Only the look at the signature is made again with newer keys: no question is answered twice.
            told = self._renewals.trusting(partner, lambda known: self._verified(known, answered))
            return wire.read_told(told, payload), None
        except PartnerRefused as refusal:
            return CheckAnswer.CANNOT_SAY, refusal.problem
        except (PartnerTrouble, NotAuthentic) as trouble:
            return CheckAnswer.CANNOT_SAY, trouble.code

    def _verified(self, known: Partner, answered: str) -> bytes:
        now = self._office.now()
        return jose.verify(answered, typ=CHECKED_TYPE, find_key=lambda kid: trusted_key(known, kid, now)).payload

    def _question(self, prepared: Prepared) -> bytes:
        question = prepared.question
        return wire.write(
            CertificateAsked(
                id=question.id,
                nonce=new_salt(),
                sender=self._office.node.name,
                receiver=prepared.partner,
                asked_at=format_moment(self._office.now()),
                from_=question.asking,
                to=question.issuer,
                purpose="certificate_verification",
                number=question.number,
                holder=WireHolder(name=question.name, document=question.document),
                entry=question.entry,
                application_date=question.application_date if question.entry is None else None,
            )
        )


def _shown(checked: Checked) -> Checked:
    if checked.check.answer is not CheckAnswer.CANNOT_SAY:
        concerning((), shown=(Item.CERTIFICATE.value,))
    return checked
