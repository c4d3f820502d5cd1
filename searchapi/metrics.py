"""The measures as Prometheus text; gauges are made anew at each scrape, nothing is kept."""

from __future__ import annotations

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest

from dossier.services.measures import Measures


def render(measures: Measures) -> tuple[bytes, str]:
    """The exposition text and its media type."""
    registry = CollectorRegistry()
    _set(registry, "dossier_index_pending", "Keys that wait to be indexed", measures.pending)
    _set(registry, "dossier_index_lag_seconds", "Age of the oldest of them", measures.lag_seconds)
    _set(registry, "dossier_index_up", "Whether the index answers", int(measures.index_answers))
    _set(registry, "dossier_workers", "Worker processes alive", measures.workers)
    _set(registry, "dossier_customers", "Customers on record", measures.customers)
    work = Gauge(
        "dossier_work_items", "Work by kind and state", ["kind", "state"], registry=registry
    )
    for (kind, state), count in measures.work.items():
        work.labels(kind, state).set(count)
    intake = Gauge("dossier_intake", "Files by outcome", ["outcome"], registry=registry)
    for outcome, count in measures.intake.items():
        intake.labels(outcome).set(count)
    documents = Gauge("dossier_documents", "Documents by state", ["state"], registry=registry)
    for state, count in measures.documents.items():
        documents.labels(state).set(count)
    return generate_latest(registry), CONTENT_TYPE_LATEST


def _set(registry: CollectorRegistry, name: str, text: str, value: float) -> None:
    Gauge(name, text, registry=registry).set(value)
