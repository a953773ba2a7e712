"""Where anomalies go, and come from: the topic ``gpu-anomalies`` and the table of the lake."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pyarrow as pa
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from spark_jobs import schema
from spark_jobs.detectors import findings, regions
from spark_jobs.detectors.changes import Changes, Episode
from spark_jobs.detectors.sentences import sentence, taken_back
from spark_jobs.kafka_messages import send
from spark_jobs.lake import Lake
from spark_jobs.spans import Span
from telemetry import topics
from telemetry.catalogue import Catalogue
from telemetry.messages import Anomaly
from telemetry.settings import Settings
from telemetry.timestamp import EPOCH, format_time

MOST_SPANS = 20
_SEVERITIES = {rank: severity for severity, rank in findings.RANKS.items()}
_TIMES = ("start", "end", "peak")


class AnomalyStore:
    """Kafka before the lake: cut off between the two, the same changes are found and told again."""

    def __init__(
        self,
        spark: SparkSession,
        lake: Lake,
        catalogue: Catalogue,
        settings: Settings,
        tell: Callable[[list[Anomaly]], None] | None = None,
    ) -> None:
        """``tell`` is Kafka's topic unless it is given."""
        self._spark = spark
        self._lake = lake
        self._catalogue = catalogue
        self._settings = settings
        self._zone = ZoneInfo(settings.report_timezone)
        self._tell = tell or self._to_kafka

    def of(self, spans: list[Span]) -> list[Episode]:
        """All of the dates (UTC) of ``spans``."""
        rows = self._lake.anomalies_of(regions.fewest({"": spans}, MOST_SPANS))
        names = [name for name in Episode._fields if name != "rank"]
        columns = [F.unix_micros(name).alias(name) if name in _TIMES else F.col(name) for name in names]
        found = rows.select(*columns, "severity").toArrow().to_pylist()
        return [Episode(rank=findings.RANKS[row.pop("severity")], **row) for row in found]

    def write(self, changes: Changes) -> None:
        """Tells in the order in which the anomalies began: an id is a hash, and says nothing of when."""
        told = [(each, sentence(each, self._catalogue, self._zone)) for each in changes.written]
        told += [(each, taken_back(each, self._zone)) for each in changes.gone]
        told.sort(key=lambda pair: (pair[0].start, pair[0].id))
        self._tell([_message(each, words) for each, words in told])
        dates = {_date(each.start).date() for each in (*changes.written, *changes.gone)}
        self._lake.replace_anomalies(self._spark.createDataFrame(self._rows(changes)), dates)

    def _to_kafka(self, told: list[Anomaly]) -> None:
        messages = pa.table({"key": [each.gpu for each in told], "value": [each.encode() for each in told]})
        send(self._spark, self._settings, topics.GPU_ANOMALIES, messages)

    def _rows(self, changes: Changes) -> pa.Table:
        """In the columns of schema.ANOMALIES, and ``gone``."""
        told = [*changes.written, *changes.gone]
        types = {"bit": pa.int64(), "rank": pa.int32()}
        types |= dict.fromkeys(_TIMES, pa.timestamp("us", "UTC"))
        types |= dict.fromkeys(("badness", "value", "limit", "score"), pa.float64())
        names = Episode._fields
        columns = dict(zip(names, zip(*told, strict=True), strict=True))
        table = {name: pa.array(columns[name], types.get(name, pa.string())) for name in names}
        table |= {
            "date": pa.array([_date(each.start) for each in told], pa.date32()),
            "severity": pa.array([_SEVERITIES[each.rank] for each in told]),
            "sentence": pa.array([sentence(each, self._catalogue, self._zone) for each in told]),
            "gone": pa.array([place >= len(changes.written) for place in range(len(told))]),
        }
        return pa.table({name: table[name] for name in (*schema.ANOMALIES.names, "gone")})


def _message(anomaly: Episode, words: str) -> Anomaly:
    return Anomaly.model_validate(
        {
            "gpu": anomaly.gpu,
            "host": anomaly.host,
            "source": anomaly.source,
            "mode": anomaly.mode,
            "id": anomaly.id,
            "metric": anomaly.metric,
            "kind": anomaly.kind,
            "bit": anomaly.bit,
            "severity": _SEVERITIES[anomaly.rank],
            "value": anomaly.value,
            "limit": anomaly.limit,
            "score": anomaly.score,
            "start": format_time(anomaly.start),
            "end": format_time(anomaly.end),
            "sentence": words,
        }
    )


def _date(microseconds: int) -> datetime:
    return (EPOCH + timedelta(microseconds=microseconds)).astimezone(UTC)
