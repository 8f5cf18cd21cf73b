"""The forms that a metric has."""

from collections.abc import Iterable, Mapping
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric

from sip_guard.histogram import Histogram

PREFIX = "sip_guard_"

Values = Mapping[Any, float]
"""By the value of the one label, or by the values of all, as a tuple."""


def counter(name: str, what: str, labels: Iterable[str], values: Values) -> Metric:
    """Give what only goes up, but for a restart. Its samples end in `_total`."""
    return _labelled(CounterMetricFamily(PREFIX + name, what, labels=tuple(labels)), values)


def count(name: str, what: str, value: float) -> Metric:
    """Give a counter without labels."""
    return CounterMetricFamily(PREFIX + name, what, value=value)


def gauge(name: str, what: str, labels: Iterable[str], values: Values) -> Metric:
    """Give what goes up and down."""
    return _labelled(GaugeMetricFamily(PREFIX + name, what, labels=tuple(labels)), values)


def level(name: str, what: str, value: float) -> Metric:
    """Give a gauge without labels."""
    return GaugeMetricFamily(PREFIX + name, what, value=value)


def histogram(name: str, what: str, counted: Histogram) -> Metric:
    """Give how often something took how long."""
    family = HistogramMetricFamily(PREFIX + name, what)
    family.add_metric((), [*counted.cumulative()], counted.sum)
    return family


def _labelled(family: CounterMetricFamily | GaugeMetricFamily, values: Values) -> Metric:
    for label, value in values.items():
        family.add_metric((label,) if isinstance(label, str) else label, value)
    return family
