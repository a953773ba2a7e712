"""The source ``dcgm``: any number of dcgm-exporters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from kafka_producer.sources.dcgm import fields
from kafka_producer.sources.dcgm.exporter import SOURCE, Exporter
from telemetry.catalogue import Catalogue
from telemetry.reading import NO_LABELS


class Dcgm:
    """Opens nothing before it is asked: a node that is down today is read as soon as it is up."""

    def __init__(
        self,
        pages: Sequence[str],
        timeout: int,
        catalogue: Catalogue,
        owners: dict[str, str],
        labels: Mapping[str, str] = NO_LABELS,
    ) -> None:
        """As for :class:`Exporter`."""
        self.name = f"{SOURCE}:{len(pages)} targets"
        self.targets = [Exporter(page, timeout, catalogue, owners, labels) for page in pages]

    def about(self, target: str) -> Iterator[str]:
        """What there is to say of a page once it was read, a line each."""
        exporter = next(each for each in self.targets if each.name == target)
        page = exporter.page
        if page is None:
            return
        models = sorted({part.model or "model not told" for part in page.parts})
        yield f"{exporter} gpus={len(page.parts)} models={', '.join(models)}"
        offered = {metric for part in page.parts for metric in part.metrics}
        absent = [metric for metric in fields.METRICS if metric not in offered]
        yield f"{exporter} offers metrics={len(offered)}; not offered by it: {', '.join(absent) or 'nothing'}"
        if page.unknown:
            yield f"{exporter} fields that are not read: {', '.join(page.unknown)}"
        for gpu, why in sorted(exporter.left_out.items()):
            yield f"{exporter} gpu={gpu} is left out: {why}"

    def restart(self) -> None:
        """Each page is asked anew anyway."""

    def close(self) -> None:
        for exporter in self.targets:
            exporter.close()
