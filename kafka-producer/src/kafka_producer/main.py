"""The command ``kafka-producer``: finds the command that is meant, and says what went wrong.

Only the module of that command is imported: a look at a log need not wait for the clients of Kafka.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import NamedTuple, Protocol, cast

from telemetry import logs
from telemetry.errors import Misconfigured, Rejected, Unavailable
from telemetry.settings import Settings

EXAMPLES = """examples:
  kafka-producer topics                            create the topics of config/topics.yaml
  kafka-producer replay "GPU-Z Sensor Log.txt"     send a log
  kafka-producer replay log.txt --speed 1 --loop   play it as if it were measured now
  kafka-producer replay log.txt --dry-run          look at it first
  kafka-producer watch data/                       import and follow whatever is dropped there
  kafka-producer collect                           read the NVIDIA GPUs of this machine
  kafka-producer events /var/log/kern.log --follow
  kafka-producer load --rate 1000                  made-up readings, to see what the platform makes of them
  kafka-producer status                            what became of the logs
"""


class Command(Protocol):
    """What the module of a command offers."""

    DESCRIPTION: str
    EXAMPLES: str

    def add_arguments(self, parser: argparse.ArgumentParser) -> None: ...

    def run(self, settings: Settings, options: argparse.Namespace) -> int:
        """Exit status. Raises Misconfigured, Rejected, Unavailable."""


class Listed(NamedTuple):
    """A command before it is imported."""

    module: str
    help: str


COMMANDS = {
    "replay": Listed("kafka_producer.replay_command", "send sensor logs"),
    "watch": Listed("kafka_producer.watch_command", "import and follow the logs in a folder"),
    "collect": Listed("kafka_producer.collect_command", "read live GPUs"),
    "events": Listed("kafka_producer.events_command", "send the Xid messages of a kernel log as events"),
    "load": Listed("kafka_producer.load_command", "send made-up readings at a steady pace"),
    "status": Listed("kafka_producer.status_command", "what became of each log"),
    "topics": Listed("kafka_producer.topics_command", "create the topics and bring them up to config/topics.yaml"),
    "simulate": Listed("kafka_producer.simulate.command", "write logs of simulated GPUs, or simulate a fleet"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0 done, 1 a server did not answer, 2 bad input or configuration, 130 Ctrl-C."""
    words = sys.argv[1:] if arguments is None else arguments
    try:
        options = _parser(next(iter(words), "")).parse_args(words)
        settings = Settings.load()
        logs.configure("kafka-producer", settings.log_level)
        return cast(Command, options.module).run(settings, options)
    except (Misconfigured, Rejected) as error:
        print(f"kafka-producer: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        # The reader of our output has seen enough. Python would complain again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130
    except _errors_of_servers() as error:
        print(f"kafka-producer: {error}", file=sys.stderr)
        return 1


def _errors_of_servers() -> tuple[type[Exception], ...]:
    from kafka.errors import KafkaError

    return Unavailable, KafkaError


def _parser(wanted: str) -> argparse.ArgumentParser:
    """Knows the arguments of the command ``wanted``, and of the others their names."""
    as_written = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        prog="kafka-producer", description="Brings readings to Kafka.", epilog=EXAMPLES, formatter_class=as_written
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name, listed in COMMANDS.items():
        command = commands.add_parser(name, help=listed.help, formatter_class=as_written)
        if name == wanted:
            module = cast(Command, import_module(listed.module))
            command.description, command.epilog = module.DESCRIPTION, module.EXAMPLES
            command.set_defaults(module=module, parser=command)
            module.add_arguments(command)
    return parser


if __name__ == "__main__":
    sys.exit(main())
