"""The pages of a simulated fleet as series of ``promtool test rules``: what Prometheus would have scraped of them."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from kafka_producer.simulate.fleet import page
from kafka_producer.simulate.fleet.cluster import Cluster, Node
from kafka_producer.simulate.fleet.faults import parse
from kafka_producer.simulate.fleet.models import MODELS
from kafka_producer.simulate.fleet.scenarios import SCENARIOS
from kafka_producer.sources.dcgm.fields import Generation

EVERY: Final = 15
"""Seconds from scrape to scrape, and from evaluation to evaluation, as the rules' group has it."""
_SAMPLE = re.compile(r"(?P<name>\w+)\{(?P<labels>.*)\} (?P<value>\S+)")

Firing = frozenset[tuple[str, str]]
"""(alert, GPU or host)."""


def of_scenario(name: str, seconds: int, names: Generation) -> dict[str, str]:
    """Series -> its values, as `kafka-producer simulate fleet --scenario NAME` serves them for ``seconds``."""
    scenario = SCENARIOS[name]
    cluster = Cluster(
        [MODELS["a100"]], nodes=2, gpus=8, scenario=scenario, faults=[*map(parse, scenario.faults)], tick=1.0
    )
    series: dict[str, list[str]] = {}
    scrapes = seconds // EVERY + 1
    for scrape in range(scrapes):
        cluster.advance(scrape * EVERY)
        told = {key: value for node in cluster.nodes for key, value in _scraped(cluster, node, names).items()}
        for key in told.keys() - series.keys():
            series[key] = ["_"] * scrape
        for key, values in series.items():
            # What a page has no more ends at once.
            values.append(told.get(key) or ("_" if values[-1:] in (["_"], ["stale"]) else "stale"))
    return {key: " ".join(values) for key, values in series.items()}


def _scraped(cluster: Cluster, node: Node, names: Generation) -> dict[str, str]:
    target = f'job="fleet-{node.host}",instance="127.0.0.1:9400"'
    away = cluster.is_away(node)
    told = {f"up{{{target}}}": str(int(not away)), f"scrape_duration_seconds{{{target}}}": "0.01"}
    if not away:
        for match in map(_SAMPLE.fullmatch, page.text(cluster, node, names).splitlines()):
            if match is not None:
                told[f"{match['name']}{{{match['labels']},{target}}}"] = match["value"]
    return told


def say(rules: Path, series: Mapping[str, str], seconds: int, expected: Firing, folder: Path) -> str:
    """What promtool has against it that of ``rules`` exactly these alerts fire within ``seconds``; empty: nothing."""
    samples = [{"labels": f'{{alertname="{alert}", of="{of}"}}', "value": 1} for alert, of in sorted(expected)]
    fired = f'max_over_time(ALERTS{{alertstate="firing"}}[{seconds}s])'
    # The GPU, else the machine, else the target.
    named = f'label_replace(label_replace({fired}, "of", "$1", "host", "(.+)"), "of", "$1", "card", "(.+)")'
    named = f'label_replace({named}, "of", "$1", "job", "(.+)")'
    test = {
        "interval": f"{EVERY}s",
        "input_series": [{"series": key, "values": values} for key, values in series.items()],
        "promql_expr_test": [
            {"expr": f"group by (alertname, of) ({named})", "eval_time": f"{seconds}s", "exp_samples": samples}
        ],
    }
    content = {"rule_files": [str(rules)], "evaluation_interval": f"{EVERY}s", "tests": [test]}
    file = folder / "scenario.yaml"
    file.write_text(json.dumps(content), encoding="utf-8")  # JSON is YAML, and is written in a moment
    done = subprocess.run(["promtool", "test", "rules", file.name], cwd=folder, capture_output=True, text=True)
    return "" if done.returncode == 0 else done.stdout + done.stderr
