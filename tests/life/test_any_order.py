"""Whatever the network does and however messages cross, both ledgers end equal."""

from hypothesis import settings

from exchange.codes import Kind
from exchange.wire.batch import read_receipt
from tests.life.in_any_order import TAKEN, TwoNodes
from tests.life.two_nodes import payload_of

TestTwoNodes = TwoNodes.TestCase
TestTwoNodes.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)


def test_a_challenge_behind_the_own_confirmation_is_not_sent_and_both_ledgers_end_equal():
    life = TwoNodes()
    life.begin("xicheng", 0)
    life.say(("wuchang", 0, Kind.FEEDBACK), arrives=True)
    life.say(("xicheng", 0, Kind.CONFIRMATION), arrives=False)
    life.say(("xicheng", 0, Kind.CHALLENGE), arrives=False)
    sent = life.two.xicheng.cut()
    assert sent is not None
    words = read_receipt(payload_of(life.two.wuchang.take(sent))).receipts
    assert [(word.outcome, word.problem) for word in words] == [(TAKEN[0], None)]
    life.teardown()
