"""The command ``telemetry``: judge the configuration, list the topics, make the generated documents."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from telemetry import catalogue, documents, topics, xid
from telemetry.environment_file import unknown_settings
from telemetry.errors import Misconfigured
from telemetry.settings import Settings

EXAMPLES = """examples:
  telemetry check                    is every configuration file right?
  telemetry topics                   the topics and how Kafka keeps them
  telemetry docs --write docs        make docs/metrics.md and docs/configuration.md
  telemetry docs --check docs        exit 1 where they are not what the catalogue and the settings say
"""


def main(arguments: list[str] | None = None) -> int:
    """Exit status 0 fine, 1 a document is stale, 2 misconfigured."""
    options = _parser().parse_args(arguments)
    try:
        settings = Settings.load()
        if options.command == "check":
            return _check(settings)
        if options.command == "topics":
            return _topics(settings)
        return _docs(settings, options.write, options.check)
    except Misconfigured as error:
        print(f"telemetry: {error}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="telemetry", description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("check", help="judge every configuration file and .env")
    commands.add_parser("topics", help="list the topics")
    docs = commands.add_parser("docs", help="make the generated documents, or check them")
    target = docs.add_mutually_exclusive_group(required=True)
    target.add_argument("--write", type=Path, metavar="DIR", help="write them there")
    target.add_argument("--check", type=Path, metavar="DIR", help="compare them with what lies there")
    return parser


def _check(settings: Settings) -> int:
    metrics = catalogue.load(settings.config_dir / "metrics.yaml")
    kept = topics.wanted(settings)
    xids = xid.load(settings.config_dir)
    if unknown := unknown_settings(Path(".env")):
        raise Misconfigured(".env", ", ".join(unknown), "settings of docs/configuration.md only")
    print(f"ok: {len(metrics.metrics)} metrics, {len(kept)} topics, {len(xids.rows)} Xids, settings")
    return 0


def _topics(settings: Settings) -> int:
    for name, topic in topics.wanted(settings).items():
        kept = f"{topic.partitions} partitions, {topic.retention_hours} h, {topic.compression}"
        print(f"{name:18} {kept:32} {topic.description}")
    return 0


def _docs(settings: Settings, write: Path | None, check: Path | None) -> int:
    made = documents.make(catalogue.load(settings.config_dir / "metrics.yaml"))
    if write is not None:
        for name, text in made.items():
            (write / name).write_text(text, encoding="utf-8")
        return 0
    assert check is not None
    stale = [name for name, text in made.items() if _read(check / name) != text]
    for name in stale:
        print(f"{check / name} is stale: run scripts/generate.sh", file=sys.stderr)
    return 1 if stale else 0


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None
