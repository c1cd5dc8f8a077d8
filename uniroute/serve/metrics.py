"""What the gateway counts, in Prometheus's form; labels are names of the file, never a client's."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

__all__ = []

SECONDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120)


class Metrics:
    """Counters, gauges and histograms of one gateway."""

    def __init__(self):
        self.registry = CollectorRegistry()

        def make(kind, name, text, *labels, **options):
            return kind(f"uniroute_{name}", text, labels, registry=self.registry, **options)

        self.requests = make(Counter, "requests", "Answers to clients", "llm", "status")
        self.routed = make(Counter, "routed", "First choices of the router", "llm")
        self.failures = make(Counter, "failures", "Attempts that failed", "llm", "reason")
        self.broken = make(Counter, "broken_streams", "Answers that broke off", "llm")
        self.tokens = make(Counter, "tokens", "Tokens that endpoints report", "llm", "kind")
        self.cost = make(Counter, "cost", "Bills, or predicted costs where there is none", "llm")
        self.reloads = make(Counter, "reloads", "Readings of the files", "outcome")
        self.llms = make(Gauge, "pool_llms", "LLMs that the router chooses from")
        self.waiting = make(Gauge, "waiting", "Prompts that wait for the encoder")
        self.excess = make(Gauge, "budget_excess", "Sum of bill - budget of the controller")
        self.deciding = make(
            Histogram, "deciding_seconds", "Encoder and router, with waiting", buckets=SECONDS
        )
        self.first_byte = make(
            Histogram, "first_byte_seconds", "From asking to the first byte", "llm", buckets=SECONDS
        )

    def text(self):
        """Return all of them, as Prometheus reads it."""
        return generate_latest(self.registry)
