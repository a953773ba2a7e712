"""Reports on HDFS: one plain Parquet file per date, replaced in one step, so that a reader finds it whole, always."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import uuid4

from pyspark.sql import DataFrame, SparkSession

from telemetry.settings import Settings

FILE = "part-0.parquet"
_DAY = "date="
_MAKING = "_making-"


class ReportStore:
    """``REPORTS_PATH/<report>/date=<date>/part-0.parquet``, and small texts beside them."""

    def __init__(self, spark: SparkSession, settings: Settings) -> None:
        self._spark = spark
        self._root = f"{settings.hdfs_url.rstrip('/')}{settings.reports_path.rstrip('/')}"
        # Not to be had through PySpark: a rename that replaces a file, one step on HDFS; a folder's would be two.
        jvm: Any = spark._jvm  # noqa: SLF001
        java: Any = spark.sparkContext._jsc  # noqa: SLF001
        self._jvm = jvm
        self._path = jvm.org.apache.hadoop.fs.Path
        self._files = self._path(self._root).getFileSystem(java.hadoopConfiguration())
        self._context = jvm.org.apache.hadoop.fs.FileContext.getFileContext(
            self._path(self._root).toUri(), java.hadoopConfiguration()
        )
        rename = jvm.java.lang.Class.forName("org.apache.hadoop.fs.Options$Rename")
        self._overwrite = jvm.java.lang.reflect.Array.newInstance(rename, 1)
        self._overwrite[0] = jvm.java.lang.Enum.valueOf(rename, "OVERWRITE")

    def uri(self, report: str) -> str:
        return f"{self._root}/{report}"

    def dates(self, report: str) -> list[date]:
        """The days that have rows of ``report``."""
        names = self._names(self._path(self.uri(report)))
        return sorted(date.fromisoformat(name.removeprefix(_DAY)) for name in names if name.startswith(_DAY))

    def rows(self, report: str, *days: str) -> DataFrame:
        """What :meth:`replace` put there."""
        return self._spark.read.parquet(*(f"{self.uri(report)}/{_DAY}{day}/{FILE}" for day in days))

    def replace(self, report: str, day: str, rows: DataFrame) -> None:
        """Written beside its place under a name that readers skip (an underscore), then renamed over what is there.

        Killed at any moment: readers find the old rows or the new ones.
        """
        made = self._path(f"{self.uri(report)}/{_MAKING}{day}-{uuid4().hex}")
        place = self._path(f"{self.uri(report)}/{_DAY}{day}")
        rows.coalesce(1).write.parquet(made.toString())
        (part,) = (name for name in self._names(made) if name.startswith("part-"))
        self._files.mkdirs(place)
        self._context.rename(self._path(made, part), self._path(place, FILE), self._overwrite)
        self._files.delete(made, True)

    def sweep(self, report: str) -> None:
        """Removes what killed runs left behind."""
        folder = self._path(self.uri(report))
        for name in self._names(folder):
            if name.startswith(_MAKING):
                self._files.delete(self._path(folder, name), True)

    def remembered(self, name: str) -> str | None:
        """A text kept by :meth:`remember`; None where there is none."""
        return self.text(f"_state/{name}.txt")

    def remember(self, name: str, text: str) -> None:
        self.put_text(f"_state/{name}.txt", text)

    def text(self, place: str) -> str | None:
        """What :meth:`put_text` put there; None where there is nothing."""
        path = self._path(f"{self._root}/{place}")
        if not self._files.exists(path):
            return None
        stream = self._files.open(path)
        try:
            return str(self._jvm.org.apache.commons.io.IOUtils.toString(stream, "UTF-8"))
        finally:
            stream.close()

    def put_text(self, place: str, text: str) -> None:
        """``place``: a path below REPORTS_PATH, whose first name begins with an underscore, so that readers skip it."""
        path = self._path(f"{self._root}/{place}")
        written = self._path(path.getParent(), f".{path.getName()}-{uuid4().hex}")
        stream = self._files.create(written, True)
        stream.write(bytearray(text.encode()))
        stream.close()
        self._context.rename(written, path, self._overwrite)

    def _names(self, folder: Any) -> list[str]:
        if not self._files.exists(folder):
            return []
        return [status.getPath().getName() for status in self._files.listStatus(folder)]
