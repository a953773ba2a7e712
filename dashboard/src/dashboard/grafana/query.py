"""A Flux query as Grafana stores it; the foundation SDK has none for InfluxDB."""

from __future__ import annotations

from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models.common import DataSourceRef

DATASOURCE_UID = "gpustream-influxdb"
"""Never to be changed: Grafana keeps the old one and stops reading the file."""


def datasource() -> DataSourceRef:
    return DataSourceRef("influxdb", DATASOURCE_UID)


class FluxQuery(Dataquery):
    """One query of a panel or an annotation."""

    def __init__(self, ref_id: str, flux: str) -> None:
        self.ref_id = ref_id
        self.flux = flux

    def to_json(self) -> dict[str, object]:
        return {"refId": self.ref_id, "datasource": datasource(), "query": self.flux}


class Query(Builder[Dataquery]):
    """What the panels' builders take."""

    def __init__(self, flux: str, ref_id: str = "A") -> None:
        self._query = FluxQuery(ref_id, flux)

    def build(self) -> Dataquery:
        return self._query
