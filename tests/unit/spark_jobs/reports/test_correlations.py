"""The report correlations equals pandas on the same readings."""

from __future__ import annotations

import pandas as pd
from pyspark.sql import SparkSession

from spark_jobs.reports import correlations
from support.lake_day import MEASURED, SAMPLE, assert_same, readings, to_spark, with_all


def test_coefficients_equal_pandas(spark: SparkSession) -> None:
    frame = readings()
    made = []
    for (gpu, host, demo), each in with_all(frame).groupby(["gpu", "host", "demo"]):
        for metric in SAMPLE:
            if not (count := int(each[metric].count())):
                continue
            row = {"gpu": gpu, "host": host, "demo": demo, "metric": metric, "readings": count}
            for other in correlations.WITH:
                defined = other != metric and metric != "fan1_speed_percent"  # which stands still
                row[f"with_{other}"] = each[metric].corr(each[other]) if defined else None
            made.append(row)
    rows = correlations.rows(to_spark(spark, frame), MEASURED)
    assert_same(rows, pd.DataFrame(made), ["gpu", "metric"])
