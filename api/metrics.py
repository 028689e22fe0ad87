"""What operators watch (Prometheus): requests, refusals, batches and queues; never anything about a person."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from exchange.ledger import Ledger
from exchange.moments import to_milliseconds

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """The counters of one process of the API. A route is named by its template, so that no id becomes a label."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Histogram(
            "woshou_request_seconds", "Time to answer, by route template.", ("method", "route", "status"), registry=self._registry
        )
        self._refusals = Counter("woshou_refusals", "Refusals by code.", ("code",), registry=self._registry)
        self._batches = Counter("woshou_batches_received", "Batches with a receipt.", ("partner",), registry=self._registry)
        self._messages = Counter("woshou_messages_received", "Messages in them.", ("partner",), registry=self._registry)

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """A request was answered."""
        self._requests.labels(method, route, str(status)).observe(seconds)

    def refused(self, code: str) -> None:
        """A request was refused."""
        self._refusals.labels(code).inc()

    def took_batch(self, partner: str, messages: int) -> None:
        """A batch was taken and its receipt given."""
        self._batches.labels(partner).inc()
        self._messages.labels(partner).inc(messages)

    def text(self, ledger: Ledger) -> bytes:
        """All figures in the text format, with the links' state as the ledger has it now."""
        state = CollectorRegistry()
        state.register(_Links(ledger))
        state.register(_Troubles(ledger))
        state.register(_Reconciliations(ledger))
        return generate_latest(self._registry) + generate_latest(state)


class _Links(Collector):
    """The links as they stand at the moment of asking."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def collect(self) -> Iterator[Metric]:
        waiting = self._ledger.messages.queue_lengths()
        queue = GaugeMetricFamily("woshou_link_queued", "Messages that wait to be cut into a batch.", labels=("partner",))
        sent = GaugeMetricFamily("woshou_link_sent", "Last batch sent.", labels=("partner",))
        receipted = GaugeMetricFamily("woshou_link_receipted", "Last batch whose receipt is stored.", labels=("partner",))
        received = GaugeMetricFamily("woshou_link_received", "Last batch taken.", labels=("partner",))
        attempts = GaugeMetricFamily("woshou_link_attempts", "Failed attempts of the batch under way.", labels=("partner",))
        contact = GaugeMetricFamily("woshou_link_last_contact_seconds", "Moment of the last contact.", labels=("partner",))
        for link in self._ledger.links.all():
            queue.add_metric([link.partner], waiting.get(link.id, 0))
            sent.add_metric([link.partner], link.out_sequence)
            receipted.add_metric([link.partner], link.receipted)
            received.add_metric([link.partner], link.in_sequence)
            attempts.add_metric([link.partner], link.attempts)
            if link.last_contact_at is not None:
                contact.add_metric([link.partner], to_milliseconds(link.last_contact_at) / 1000)
        yield from (queue, sent, receipted, received, attempts, contact)


class _Troubles(Collector):
    """What is wrong at the moment of asking."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def collect(self) -> Iterator[Metric]:
        lasting = GaugeMetricFamily("woshou_trouble", "1 while this trouble lasts.", labels=("kind", "subject"))
        for trouble in self._ledger.troubles.lasting():
            lasting.add_metric([trouble.kind.value, trouble.subject], 1)
        yield lasting


class _Reconciliations(Collector):
    """When registers were last compared with each partner: their age is what to watch."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def collect(self) -> Iterator[Metric]:
        settled = GaugeMetricFamily(
            "woshou_registers_settled_seconds", "Moment of the last settled comparison of registers.", labels=("partner",)
        )
        for partner, ended_at in self._ledger.register_runs.last_settled(
            link.partner for link in self._ledger.links.all()
        ).items():
            settled.add_metric([partner], to_milliseconds(ended_at) / 1000)
        yield settled
