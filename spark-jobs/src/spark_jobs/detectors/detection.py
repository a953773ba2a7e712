"""One batch of the stream: the anomalies of all windows that it may have changed, into Kafka and the lake.

Kafka before the lake: a batch that is cut off between the two finds the same changes again when it is run anew. The
latest message of an id is the right one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from spark_jobs import schema
from spark_jobs.detectors import findings, regions
from spark_jobs.detectors.baselines import Baselines
from spark_jobs.detectors.changes import Changes, Episode, changes, touches
from spark_jobs.detectors.episodes import EXPECTED_GAP_SECONDS, GAP_SECONDS, episodes
from spark_jobs.detectors.of_readings import of_readings
from spark_jobs.detectors.of_windows import follows, look_back, metrics_judged, of_windows
from spark_jobs.detectors.regions import Regions
from spark_jobs.detectors.sentences import sentence, taken_back
from spark_jobs.lake import Lake
from telemetry import topics
from telemetry.catalogue import Catalogue
from telemetry.clock import Clock
from telemetry.messages import Anomaly
from telemetry.settings import Settings
from telemetry.timestamp import EPOCH, SECOND, format_time

MOST_SPANS = 20
_GAP = max(GAP_SECONDS, EXPECTED_GAP_SECONDS) * SECOND
_SEVERITIES = {rank: severity for severity, rank in findings.RANKS.items()}
_TIMES = ("start", "end", "peak")


class Detection:
    """``detection(readings, touched)`` after the windows of a batch stand in the lake."""

    def __init__(
        self,
        spark: SparkSession,
        lake: Lake,
        catalogue: Catalogue,
        settings: Settings,
        clock: Clock,
        send: Callable[[list[Anomaly]], None] | None = None,
    ) -> None:
        """``send`` is Kafka's topic unless it is given."""
        self._spark = spark
        self._lake = lake
        self._send = send or self._to_kafka
        self._catalogue = catalogue
        self._settings = settings
        self._zone = ZoneInfo(settings.report_timezone)
        self._baselines = Baselines(spark, settings, clock)

    def __call__(self, readings: DataFrame, touched: Iterable[tuple[str, int]]) -> None:
        """``readings``: all that the lake has of the windows ``touched`` (gpu, start in microseconds)."""
        around = regions.of_touched(touched, self._settings.window_seconds)
        stored = self._stored(around)
        made = self._made(readings, around, stored)
        found = changes(made, stored, {gpu: regions.widened(spans, _GAP, _GAP) for gpu, spans in around.items()})
        if found.written or found.gone:
            told = [_message(each, sentence(each, self._catalogue, self._zone)) for each in found.written]
            self._send(told + [_message(each, taken_back(each, self._zone)) for each in found.gone])
            self._lake.replace_anomalies(self._spark.createDataFrame(self._rows(found)))

    def _stored(self, around: Regions) -> list[Episode]:
        """The anomalies in the lake that lie in or beside the regions."""
        near = regions.widened(regions.fewest(around, MOST_SPANS), _GAP, _GAP)
        rows = self._lake.anomalies_of(near).join(self._gpus(around), on="gpu", how="left_semi")
        rank = F.create_map(*(F.lit(part) for entry in findings.RANKS.items() for part in entry))
        stored = rows.withColumn("rank", F.element_at(rank, F.col("severity")))
        return [each for each in _collected(stored) if touches(each.span, around[each.gpu], _GAP)]

    def _made(self, readings: DataFrame, around: Regions, stored: list[Episode]) -> list[Episode]:
        seconds = self._settings.window_seconds
        of_windows_stored = ((each.gpu, each.span) for each in stored if each.kind in findings.OF_WINDOWS)
        asked = regions.with_episodes(around, of_windows_stored)
        before, after = look_back(seconds) * SECOND, (follows(seconds) + seconds) * SECOND
        read = {gpu: regions.widened(spans, before, after) for gpu, spans in asked.items()}
        windows = (
            self._lake.windows_between(regions.fewest(read, MOST_SPANS))
            .filter(F.col("metric").isin(metrics_judged(self._catalogue)))
            .join(self._gpus(around), on="gpu", how="left_semi")
        )
        found = of_windows(windows, self._baselines.known(), self._catalogue, seconds)
        found = found.join(self._spans(asked), on="gpu").filter(
            (F.unix_micros("peak") >= F.col("from")) & (F.unix_micros("peak") < F.col("until"))
        )
        columns = findings.FINDING.names
        pieces = found.select(*columns).unionByName(of_readings(readings, self._catalogue, seconds))
        # What earlier batches found of the readings' kind: their windows are not read again.
        known = [each for each in stored if each.kind in findings.OF_READINGS]
        if known:
            pieces = pieces.unionByName(self._pieces(known))
        return _collected(episodes(pieces))

    def _gpus(self, around: Regions) -> DataFrame:
        # From Arrow: rows of Python objects would be made into a DataFrame by a Python worker.
        return F.broadcast(self._spark.createDataFrame(pa.table({"gpu": pa.array(sorted(around))})))

    def _spans(self, asked: Regions) -> DataFrame:
        spans = [(gpu, each.begin, each.end) for gpu, spans in sorted(asked.items()) for each in spans]
        gpus, begins, ends = zip(*spans, strict=True)
        table = pa.table({"gpu": pa.array(gpus), "from": pa.array(begins), "until": pa.array(ends)})
        return F.broadcast(self._spark.createDataFrame(table))

    def _pieces(self, known: list[Episode]) -> DataFrame:
        frame = self._spark.createDataFrame(_arrow(known))
        return frame.select(*(F.col(field.name).cast(field.dataType) for field in findings.FINDING))

    def _to_kafka(self, told: list[Anomaly]) -> None:
        messages = pa.table({"key": [each.gpu for each in told], "value": [each.encode().decode() for each in told]})
        (
            self._spark.createDataFrame(messages)
            .write.format("kafka")
            .option("kafka.bootstrap.servers", self._settings.kafka_bootstrap_servers)
            .option("topic", topics.GPU_ANOMALIES)
            .save()
        )

    def _rows(self, found: Changes) -> pa.Table:
        """In the columns of schema.ANOMALIES, and ``gone``."""
        told = [*found.written, *found.gone]
        table = _arrow(told)
        dates = [_date(each.start) for each in told]
        words = [sentence(each, self._catalogue, self._zone) for each in told]
        added = {
            "date": pa.array(dates, pa.date32()),
            "severity": pa.array([_SEVERITIES[each.rank] for each in told]),
            "sentence": pa.array(words),
            "gone": pa.array([place >= len(found.written) for place in range(len(told))]),
        }
        for name, column in added.items():
            table = table.append_column(name, column)
        return table.select([*schema.ANOMALIES.names, "gone"])


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
            "severity": _SEVERITIES[anomaly.rank],
            "value": anomaly.value,
            "limit": anomaly.limit,
            "score": anomaly.score,
            "start": format_time(anomaly.start),
            "end": format_time(anomaly.end),
            "sentence": words,
        }
    )


def _collected(rows: DataFrame) -> list[Episode]:
    columns = [F.unix_micros(name).alias(name) if name in _TIMES else F.col(name) for name in Episode._fields]
    return [Episode(**row) for row in rows.select(*columns).toArrow().to_pylist()]


def _arrow(told: list[Episode]) -> pa.Table:
    types = {"bit": pa.int64(), "rank": pa.int32()}
    types |= dict.fromkeys(_TIMES, pa.timestamp("us", "UTC"))
    types |= dict.fromkeys(("badness", "value", "limit", "score"), pa.float64())
    columns = zip(*told, strict=True)
    return pa.table(
        {
            name: pa.array(column, types.get(name, pa.string()))
            for name, column in zip(Episode._fields, columns, strict=True)
        }
    )


def _date(microseconds: int) -> datetime:
    return (EPOCH + timedelta(microseconds=microseconds)).astimezone(UTC)
