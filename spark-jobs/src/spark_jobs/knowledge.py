"""What the reports of one run need beside data: the model of failures and the prices. A fault is said once."""

from __future__ import annotations

import logging
from functools import cached_property

from spark_jobs.decisions import economics
from spark_jobs.decisions.economics import Economics
from spark_jobs.report_store import ReportStore
from spark_jobs.risk.model import Model
from telemetry.errors import Misconfigured
from telemetry.settings import Settings

logger = logging.getLogger(__name__)

_MODELS = "_models/failure_risk"


class Knowledge:
    """Each is read when it is first asked for. A fault costs the report that asks, no other."""

    def __init__(self, settings: Settings, store: ReportStore) -> None:
        self._settings = settings
        self._store = store

    @cached_property
    def risk_model(self) -> Model | None:
        place = f"{_MODELS}/current.json"
        text = self._store.text(place)
        if text is None:
            logger.info("no model of failures has been trained (spark-jobs risk train): no prediction is made")
            return None
        try:
            model = Model.parse(text, place)
        except Misconfigured as error:
            logger.log(logging.ERROR, "no prediction is made: %s", error)
            return None
        logger.info("model of failures version=%s trained=%s", model.version, model.trained)
        return model

    @cached_property
    def economics(self) -> tuple[Economics, str] | None:
        try:
            return economics.load(self._settings.config_dir)
        except Misconfigured as error:
            logger.log(logging.ERROR, "no decision is made: %s", error)
            return None


def keep_model(store: ReportStore, model: Model) -> str:
    """Under its version, and as the one in use; where it lies, below REPORTS_PATH."""
    place = f"{_MODELS}/{model.version}.json"
    # Its own file first: killed between the two, the one in use is still whole and the old one.
    store.put_text(place, model.text())
    store.put_text(f"{_MODELS}/current.json", model.text())
    return place
