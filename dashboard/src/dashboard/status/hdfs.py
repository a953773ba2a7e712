"""Check: the NameNode is out of safe mode, a DataNode lives, and there is room."""

from __future__ import annotations

import requests

from dashboard.status.check import Finding, Line
from dashboard.status.words import size
from telemetry.errors import Unavailable
from telemetry.settings import Settings

ROOM_NEEDED = 1e9
"""Bytes. HDFS refuses new blocks of 128 MB some time before it is full."""


class Hdfs:
    """The NameNode's own figures."""

    title = "HDFS"
    do = "./start.sh logs namenode, then ./start.sh restart namenode"

    def __init__(self, settings: Settings) -> None:
        self._url = f"{settings.webhdfs_url}/jmx?qry=Hadoop:service=NameNode,name=FSNamesystemState"

    def look(self) -> Finding:
        try:
            answer = requests.get(self._url, timeout=4)
            answer.raise_for_status()
            beans = answer.json()["beans"]
        except (requests.RequestException, ValueError, KeyError) as error:
            raise Unavailable(f"the NameNode does not answer ({type(error).__name__})") from error
        if not beans or "FSState" not in beans[0]:
            raise Unavailable("the NameNode is starting")
        state = beans[0]
        operational = state["FSState"] == "Operational"
        live, room = int(state["NumLiveDataNodes"]), int(state["CapacityRemaining"])
        lines = (
            Line("ok", "NameNode", "out of safe mode")
            if operational
            else Line("bad", "NameNode", "in safe mode", "wait half a minute; then ./start.sh logs datanode"),
            Line("ok", "DataNodes", f"{live} live")
            if live
            else Line("bad", "DataNodes", "none is live", "./start.sh logs datanode, then ./start.sh restart datanode"),
            Line("ok", "room", f"{size(room)} left")
            if room > ROOM_NEEDED or not live
            else Line("bad", "room", f"only {size(room)} left", "free some disk below GPUSTREAM_RUN_DIR"),
        )
        return Finding(lines, {"safe_mode": not operational, "live_datanodes": live, "remaining_bytes": room})
