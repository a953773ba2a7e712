"""Does a Kafka broker answer on this port of 127.0.0.1? Exit 0 if it lists a live broker, else 1 and the reason.

A port that accepts connections is not enough: a broker listens before it serves. Only the standard library is used,
because this runs before there is a virtual environment.
"""

from __future__ import annotations

import socket
import struct
import sys

METADATA = 3


def live_brokers(port: int) -> int:
    # Metadata, version 1: no client id, an empty list of topics.
    request = struct.pack(">hhihi", METADATA, 1, 1, -1, 0)
    with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
        connection.sendall(struct.pack(">i", len(request)) + request)
        with connection.makefile("rb") as answer:
            size, _correlation, brokers = struct.unpack(">iii", answer.read(12))
            answer.read(size - 8)
    return int(brokers)


if __name__ == "__main__":
    try:
        if live_brokers(int(sys.argv[1])) < 1:
            sys.exit("it answers, but lists no live broker")
    except (OSError, struct.error) as error:
        sys.exit(f"no answer: {error or type(error).__name__}")
