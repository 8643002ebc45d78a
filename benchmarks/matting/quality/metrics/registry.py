"""All metrics, by the names of their columns."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from benchmarks.matting.quality.metrics.connectivity import conn
from benchmarks.matting.quality.metrics.form import Metric
from benchmarks.matting.quality.metrics.gradient import grad
from benchmarks.matting.quality.metrics.pixels import mad, mse
from benchmarks.matting.quality.metrics.temporal import dtssd

METRICS: Mapping[str, Metric] = MappingProxyType({"MAD": mad, "MSE": mse, "Grad": grad, "Conn": conn, "dtSSD": dtssd})
