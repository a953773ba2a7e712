"""Pages of dcgm-exporter: both generations of names, blanks, parts; and servers that hang, lie and go away."""

from __future__ import annotations

import math
import re
import threading
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from kafka_producer import duration
from kafka_producer.main import main
from kafka_producer.sampler import Sampler
from kafka_producer.source import LiveSource, LiveTarget
from kafka_producer.source_config import LiveRule, Sources, page_of
from kafka_producer.sources.dcgm import exporter, fields
from kafka_producer.sources.dcgm.exporter import Exporter
from kafka_producer.sources.dcgm.page import MOST_PARTS, parse
from kafka_producer.sources.dcgm.source import Dcgm
from support.dcgm_exporter import NEW, NOT_SUPPORTED, OLD, Gpu, page, served
from support.gpuz_logs import REPOSITORY
from support.identities import eventually
from telemetry import catalogue
from telemetry.clock import SystemClock
from telemetry.errors import Misconfigured, Unavailable
from telemetry.reading import Reading, decode, encode
from telemetry.timestamp import MILLISECOND, SECOND

CATALOGUE = catalogue.load(REPOSITORY / "config" / "metrics.yaml")
NOW = time.time_ns() // 1000
PATIENCE = 10 * SECOND
MODEL = "NVIDIA A100-SXM4-40GB"
XIDS = ((31, 2), (94, 3))
WANTED = {
    "sm_clock": 1410, "memory_clock": 1593, "memory_temperature": 52, "gpu_temperature": 61, "board_power_draw": 311.5,
    "total_energy": 1_234_567.89, "pcie_replays": 2, "gpu_load": 97, "memory_controller_load": 41,
    "gpu_memory_free": 30_000, "gpu_memory_used": 10_000, "gpu_memory_used_percent": 25,
    "remapped_rows_uncorrectable": 1, "remapped_rows_correctable": 3, "row_remap_failed": 0, "engine_active": 87.5,
    "tensor_active": 50, "pcie_tx": 1.5, "last_xid": 0,
}  # fmt: skip


@pytest.mark.parametrize("values", [OLD, NEW], ids=["today", "DCGM 4.6"])
@pytest.mark.parametrize("label", ["Hostname", "hostname"])
def test_both_generations_of_names_give_the_same(values: Mapping[str, float], label: str) -> None:
    found = parse(page([Gpu(0, host_label=label), Gpu(3, host_label=label)], values))
    assert [(part.host, part.number, part.model) for part in found.parts] == [
        ("node-1", "0", MODEL),
        ("node-1", "3", MODEL),
    ]
    assert all(part.metrics == WANTED for part in found.parts)
    assert found.unknown == ("DCGM_FI_DEV_VGPU_LICENSE_STATUS",)


def test_recent_xids_are_counted_over_all_numbers() -> None:
    lines = [f'DCGM_EXP_XID_ERRORS_COUNT{{gpu="0",window_size_in_ms="300000",xid="{n}"}} {count}' for n, count in XIDS]
    found = parse("\n".join(['DCGM_FI_DEV_XID_ERRORS{gpu="0"} 31', *lines]) + "\n")
    assert [part.metrics for part in found.parts] == [{"last_xid": 31, "recent_xids": 5}]


def test_all_that_an_exporter_may_offer_is_in_the_catalogue() -> None:
    assert [name for name in fields.METRICS if name not in CATALOGUE.metrics] == []


def test_the_recipe_names_all_that_is_collected() -> None:
    text = (REPOSITORY / "docs" / "recipes" / "dcgm.md").read_text(encoding="utf-8")
    table = text.partition("## What is collected")[2].partition("What is not")[0]
    assert sorted(re.findall(r"`([a-z0-9_]+)`", table)) == sorted(fields.METRICS)


@pytest.mark.parametrize("first", [0x7FFFFFF0, 0x7FFFFFFFFFFFFFF0, 140737488355328])
@pytest.mark.parametrize("offset", range(4))
def test_no_blank_becomes_a_value(first: int, offset: int) -> None:
    for text in (str(first + offset), f"{float(first + offset):.6f}"):
        found = parse(f'DCGM_FI_DEV_GPU_TEMP{{gpu="0"}} 50\nDCGM_FI_DEV_MEMORY_TEMP{{gpu="0"}} {text}\n')
        assert found.parts[0].metrics == {"gpu_temperature": 50}
        assert found.blanks == 1


def test_what_is_unusual_is_read_as_prometheus_reads_it() -> None:
    found = parse(
        'DCGM_FI_DEV_GPU_TEMP{gpu="0",pod="a \\"} 7"} 50 1795698040000\n'  # with a time; a label with quote and brace
        'DCGM_FI_DEV_POWER_USAGE{gpu="0",pod="a \\"} 7"} 2.5e+2\n'
        'DCGM_FI_DEV_GPU_UTIL{ gpu = "0" , pod="b" }   10\n'
        'DCGM_FI_DEV_SM_CLOCK{gpu="1"} NaN\n'
        "go_threads 7\r\n \ngo_gc 1e-05\n"
    )
    assert (found.parts[0].number, found.parts[0].metrics) == (
        "0",
        {"gpu_temperature": 50, "board_power_draw": 250, "gpu_load": 10},
    )
    assert math.isnan(found.parts[1].metrics["sm_clock"])  # which is judged: see judge.py


def test_what_cannot_be_is_dropped_and_flagged() -> None:
    values = dict(OLD) | {"DCGM_FI_DEV_GPU_TEMP": 70_000, "DCGM_FI_DEV_MEMORY_TEMP": NOT_SUPPORTED}
    with served(page([Gpu(0)], values)) as one:
        (reading,) = Exporter(one.url, PATIENCE, CATALOGUE, {}).poll(NOW)
    assert not {"gpu_temperature", "memory_temperature"} & reading.metrics.keys()
    assert reading.flags == {"gpu_temperature": "implausible"}


def test_labels_are_those_of_the_rule_and_of_the_jobs_on_the_page() -> None:
    text = (
        'DCGM_FI_DEV_GPU_TEMP{gpu="0",Hostname="node-1",namespace="ml",pod="b-0",container="main",hpc_job="17"} 50\n'
        'DCGM_FI_DEV_GPU_TEMP{gpu="0",Hostname="node-1",namespace="ml",pod="a-0",container="main",hpc_job="17"} 50\n'
        'DCGM_FI_DEV_GPU_TEMP{gpu="1",Hostname="node-1",pod_name="c-0",pod_namespace="web",container_name="x"} 50\n'
        'DCGM_FI_DEV_GPU_TEMP{gpu="2",Hostname="node-1",pod="",namespace="",container=""} 50\n'
        f'DCGM_FI_DEV_GPU_TEMP{{gpu="3",Hostname="node-1",pod="{"x" * 300}"}} 50\n'
    )
    with served(text) as one:
        readings = Exporter(one.url, PATIENCE, CATALOGUE, {}, {"rack": "r12", "namespace": "rule"}).poll(NOW)
    assert [reading.labels for reading in readings] == [
        {"rack": "r12", "pod": "a-0,b-0", "namespace": "ml", "container": "main", "job": "17"},
        {"rack": "r12", "pod": "c-0", "namespace": "web", "container": "x"},
        {"rack": "r12", "namespace": "rule"},
        {"rack": "r12", "namespace": "rule"},
    ]
    assert all(decode(encode(reading), NOW) == reading for reading in readings)


def test_peers_16_page_with_more_labels_than_a_store_takes_is_read_and_few_of_them_are_kept() -> None:
    """Those of the pod that dcgm-exporter can be told to add; a store refuses a series of more than thirty."""
    pod = ",".join(f'pod_label_{number}="x{number}"' for number in range(40))
    rule = {f"label_{number}": "x" for number in range(12)}
    with served(page([Gpu(0)]).replace('pod=""', f'pod="a-0",{pod}')) as one:
        (reading,) = Exporter(one.url, PATIENCE, CATALOGUE, {}, rule).poll(NOW)
    assert reading.labels == {**rule, "pod": "a-0"}
    assert decode(encode(reading), NOW) == reading


@pytest.mark.parametrize(
    ("labels", "found"),
    [
        ({"Rack": "r12"}, "no name of a label"),
        ({"rack": ""}, "1 to 253 printable characters"),
        ({"rack": True}, "labels"),
        ({f"label_{number}": "x" for number in range(13)}, "at most 12"),
    ],
)
def test_labels_of_a_rule_that_cannot_be_are_said(labels: dict[str, object], found: str) -> None:
    with pytest.raises(ValueError, match=found):
        LiveRule.model_validate({"source": "nvml", "labels": labels})


def test_a_number_is_a_label_too() -> None:
    assert LiveRule.model_validate({"source": "nvml", "labels": {"rack": 12}}).labels == {"rack": "12"}


def test_a_gpu_in_parts_is_one_gpu_per_part() -> None:
    parts = [Gpu(0, instance="7", profile="1g.5gb"), Gpu(0, instance="8", profile="2g.10gb"), Gpu(1)]
    with served(page(parts)) as one:
        readings = Exporter(one.url, PATIENCE, CATALOGUE, {}).poll(NOW)
    assert [(reading.gpu, reading.model) for reading in readings] == [
        ("node-1:0.7", f"{MODEL} MIG 1g.5gb"),
        ("node-1:0.8", f"{MODEL} MIG 2g.10gb"),
        ("node-1:1", MODEL),
    ]


def test_peers_17_large_mig_node_is_read_whole_part_by_part() -> None:
    """Sixteen cards in seven parts each, with what only the whole card has on lines of its own."""
    parts = [Gpu(card, instance=str(part), profile="1g.10gb") for card in range(16) for part in range(7, 14)]
    with served(page(parts)) as one:
        target = Exporter(one.url, PATIENCE, CATALOGUE, {})
        first, second = target.poll(NOW), target.poll(NOW + SECOND)
    assert [reading.gpu for reading in first] == [
        f"node-1:{card}.{part}" for card in range(16) for part in range(7, 14)
    ]
    assert all(reading.model == f"{MODEL} MIG 1g.10gb" and reading.metrics == first[0].metrics for reading in first)
    # The second time its labels are known already.
    assert [reading._replace(row=0, time=0) for reading in second] == [each._replace(row=0, time=0) for each in first]


def test_peers_17_slow_target_has_the_timeout_of_its_rule_and_the_others_their_own() -> None:
    with served(page([Gpu(0, "slow")])) as slow, served(page([Gpu(0, "well")])) as well:
        rules = [
            LiveRule.model_validate({"source": "dcgm", "targets": [slow.url], "timeout": "300ms"}),
            LiveRule.model_validate({"source": "dcgm", "targets": [well.url]}),
        ]
        impatient, patient = (
            Dcgm(rule.targets, duration.parse(rule.timeout), CATALOGUE, {}).targets[0] for rule in rules
        )
        slow.open.clear()
        with pytest.raises(Unavailable, match=r"no answer in time"):
            impatient.poll(NOW)
        assert [reading.gpu for reading in patient.poll(NOW)] == ["well:0"]
        slow.open.set()
        assert [reading.gpu for reading in impatient.poll(NOW)] == ["slow:0"]


def test_readings_keep_the_contract() -> None:
    with served(page([Gpu(0), Gpu(1)])) as one:
        source: LiveSource = Dcgm([one.url], PATIENCE, CATALOGUE, {})
        target: LiveTarget = source.targets[0]
        first, again = target.poll(NOW), target.poll(NOW - SECOND)
        assert (target.name, str(target)) == (one.url, f"target={one.url}")
        about = list(source.about(one.url))
        source.close()
    assert {(each.origin, each.source, each.mode, each.host) for each in first} == {
        (f"dcgm:node-1:{number}", "dcgm", "live", "node-1") for number in (0, 1)
    }
    assert all(each.time == each.row * MILLISECOND == NOW // MILLISECOND * MILLISECOND for each in first)
    # A clock that was put back gives no time twice.
    assert all(after.row == before.row + 1 for before, after in zip(first, again, strict=True))
    assert f"gpus=2 models={MODEL}" in about[0]
    assert "fields that are not read: DCGM_FI_DEV_VGPU_LICENSE_STATUS" in about[-1]


def test_a_page_that_names_no_host_is_of_the_machine_it_comes_from() -> None:
    with served('DCGM_FI_DEV_GPU_TEMP{gpu="0"} 50\nDCGM_FI_DEV_GPU_TEMP{gpu="a b"} 50\ngo_threads 7\n') as one:
        source = Dcgm([one.url], PATIENCE, CATALOGUE, {})
        (reading,) = source.targets[0].poll(NOW)
        assert "gpu=127.0.0.1:a b is left out: no name of a GPU" in list(source.about(one.url))[-1]
    assert reading.gpu == "127.0.0.1:0"


@pytest.mark.parametrize(
    ("text", "status", "said"),
    [
        ("<html>nginx</html>", 200, "is no page of dcgm-exporter"),
        (page([Gpu(0)])[:-40], 200, "is no page of dcgm-exporter"),
        ("go_threads 7\n", 200, "no GPU is on its page"),
        ("", 200, "no GPU is on its page"),
        ("not here", 404, "HTTP status 404"),
        (page([Gpu(0)]), 500, "HTTP status 500"),
    ],
)
def test_what_is_no_page_is_said(text: str, status: int, said: str) -> None:
    with served(text) as one:
        one.status = status
        with pytest.raises(Unavailable, match=f"^target={re.escape(one.url)} does not answer: .*{said}"):
            Exporter(one.url, PATIENCE, CATALOGUE, {}).poll(NOW)


def test_peers_17_page_that_invents_gpus_does_not_push_those_of_others_out_of_the_buffer() -> None:
    text = "".join(f'DCGM_FI_DEV_GPU_TEMP{{gpu="{number}"}} 50\n' for number in range(MOST_PARTS + 1))
    assert len(parse(text.rpartition("DCGM")[0]).parts) == MOST_PARTS
    with pytest.raises(Unavailable, match=r"more than 1,024 GPUs"):
        parse(text)


def test_a_page_without_end_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporter, "LARGEST", 1024**2)
    with served("#" * 3 * 1024**2) as one, pytest.raises(Unavailable, match="more than 1 MiB"):
        Exporter(one.url, PATIENCE, CATALOGUE, {}).poll(NOW)


@pytest.mark.parametrize("how", ["hangs", "trickles"])
def test_a_page_that_does_not_come_is_given_up(how: str) -> None:
    with served(page([Gpu(0)])) as one:
        target = Exporter(one.url, SECOND // 5, CATALOGUE, {})
        one.trickles = how == "trickles"
        if how == "hangs":
            one.open.clear()
        with pytest.raises(Unavailable, match=r"no answer in time|not whole after"):
            target.poll(NOW)


def test_a_server_that_was_started_again_is_read_again() -> None:
    with served(page([Gpu(0)])) as one:
        target = Exporter(one.url, PATIENCE, CATALOGUE, {})
        target.poll(NOW)
        port = int(one.url.split(":")[2].split("/")[0])
    with pytest.raises(Unavailable, match=r"connection refused|no connection"):
        target.poll(NOW)
    with served(page([Gpu(0), Gpu(1)]), port):
        assert len(target.poll(NOW)) == 2


def test_peers_17_one_that_hangs_lies_or_is_down_costs_no_other_a_reading() -> None:
    """Four nodes, ten times a second; one of them is well."""
    found: list[Reading] = []
    over = threading.Event()
    with (
        served(page([Gpu(0, "well"), Gpu(1, "well")])) as well,
        served(page([Gpu(0, "hangs")])) as hangs,
        served("no page at all") as lies,
    ):
        source = Dcgm([hangs.url, lies.url, "http://127.0.0.1:9/metrics", well.url], PATIENCE, CATALOGUE, {})
        sampler = Sampler([(source, SECOND // 10)], SystemClock(), found.append, over)
        hangs.open.clear()
        thread = threading.Thread(target=sampler.run)
        thread.start()
        try:
            assert eventually(lambda: len(found), lambda count: count >= 60, 60) >= 60
        finally:
            over.set()
            thread.join()
    rows = Counter(reading.gpu for reading in found)
    assert set(rows) == {"well:0", "well:1"}
    assert rows["well:0"] == rows["well:1"] == len({reading.row for reading in found})


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("node-1", "http://node-1:9400/metrics"),
        ("node-1:9500", "http://node-1:9500/metrics"),
        ("10.0.0.7", "http://10.0.0.7:9400/metrics"),
        ("[fd00::1]", "http://[fd00::1]:9400/metrics"),
        ("https://gpu.example.org/dcgm", "https://gpu.example.org/dcgm"),
        ("http://node-1:9400", "http://node-1:9400/metrics"),
        ("http://node-1:9400/", "http://node-1:9400/metrics"),
        ("node-1/", "http://node-1:9400/metrics"),
        ("Node-1", "http://node-1:9400/metrics"),
        ("http://Me:Secret@Node-1:9400", "http://Me:Secret@node-1:9400/metrics"),
    ],
)
def test_a_machine_or_a_page(written: str, address: str) -> None:
    assert page_of(written) == address


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"source": "dcgm"}, "targets: "),
        ({"source": "dcgm", "targets": ["a b"]}, "not 'a b'"),
        ({"source": "dcgm", "targets": ["ftp://a"]}, "not 'ftp://a'"),
        ({"source": "dcgm", "targets": ["a:port"]}, "'a:port'"),
        ({"source": "dcgm", "targets": ["a:0"]}, "not 'a:0'"),
        ({"source": "dcgm", "targets": ["a:"]}, "not 'a:'"),
        ({"source": "dcgm", "targets": ["a#1"]}, "not 'a#1'"),
        ({"source": "dcgm", "targets": ["[::1"]}, "'[::1'"),
        ({"source": "dcgm", "targets": ["*.gpu.local"]}, "not '*.gpu.local'"),
        ({"source": "dcgm", "targets": [".gpu.local"]}, "not '.gpu.local'"),
        ({"source": "dcgm", "targets": ["http://me:secret@*.gpu.local/"]}, "a machine (node-1"),
        ({"source": "dcgm", "targets": ["a"], "gpus": [0]}, "no gpus with source dcgm"),
        ({"source": "dcgm", "targets": ["a"], "timeout": "soon"}, "such as 1s"),
        ({"source": "nvml", "targets": ["a"]}, "no targets with source nvml"),
    ],
)
def test_a_rule_that_cannot_be_is_refused(rule: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        LiveRule.model_validate(rule)


def test_a_machine_that_no_network_can_have_is_refused() -> None:
    with pytest.raises(
        Misconfigured, match=r"targets: found 'http://rack-ü-:9400/metrics'; expected the name of a machine"
    ):
        Dcgm([page_of("http://me:secret@rack-ü-:9400")], SECOND, CATALOGUE, {})


def test_a_page_that_stands_in_two_rules_is_refused() -> None:
    rules = [{"source": "dcgm", "targets": ["a"]}, {"source": "dcgm", "targets": ["http://A:9400/metrics"]}]
    with pytest.raises(ValueError, match="each page once"):
        Sources.model_validate({"collect": rules})


def test_a_source_without_a_rule_is_not_another_source() -> None:
    with pytest.raises(Misconfigured, match=r"docs/recipes/dcgm\.md"):
        Sources().live("dcgm")
    assert [rule.source for rule in Sources().live("nvml")] == ["nvml"]


def test_a_gpu_on_two_pages_is_read_from_the_first() -> None:
    with served(page([Gpu(0), Gpu(1)])) as one, served(page([Gpu(1), Gpu(2)])) as two, served(page([Gpu(2)])) as three:
        source = Dcgm([one.url, two.url, three.url], PATIENCE, CATALOGUE, {})
        first, second, third = source.targets
        assert [reading.gpu for reading in first.poll(NOW)] == ["node-1:0", "node-1:1"]
        assert [reading.gpu for reading in second.poll(NOW)] == ["node-1:2"]
        assert list(source.about(two.url))[-1].endswith(
            f"gpu=node-1:1 is left out: {one.url.split('/')[2]} shows it, too"
        )
        with pytest.raises(Unavailable, match=r"has no GPU that can be read: node-1:2: .* shows it, too"):
            third.poll(NOW)


def test_a_gpu_that_leaves_its_page_is_said(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    with served(page([Gpu(0), Gpu(1)])) as one:
        target = Exporter(one.url, PATIENCE, CATALOGUE, {})
        target.poll(NOW)
        one.text = page([Gpu(0)])
        for later in range(1, 4):
            target.poll(NOW + later * SECOND)
        one.text = page([Gpu(0), Gpu(1)])
        target.poll(NOW + 5 * SECOND)
    said = [record.getMessage() for record in caplog.records if record.name == exporter.__name__]
    assert [line.partition(" the page")[0] for line in said] == ["gpu=node-1:1 is no longer on", "gpu=node-1:1 is on"]


def test_a_connection_is_used_once() -> None:
    """dcgm-exporter hangs up after 10 s, which is when the next question may come."""
    with served(page([Gpu(0)])) as one:
        target = Exporter(one.url, PATIENCE, CATALOGUE, {})
        for beat in range(3):
            target.poll(NOW + beat * SECOND)
    assert one.connections == ["close"] * 3


def test_what_may_be_secret_is_not_said() -> None:
    target = Exporter("http://me:secret@127.0.0.1:9/metrics?token=secret", PATIENCE, CATALOGUE, {})
    with pytest.raises(Unavailable) as raised:
        target.poll(NOW)
    assert str(raised.value) == "target=http://127.0.0.1:9/metrics does not answer: connection refused"


def test_a_page_that_is_elsewhere_is_not_followed() -> None:
    with served("") as one:
        one.status = 302
        with pytest.raises(Unavailable, match="HTTP status 302"):
            Exporter(one.url, PATIENCE, CATALOGUE, {}).poll(NOW)


def test_one_look_at_a_fleet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CONFIG_DIR", str(REPOSITORY / "config"))
    with served(page([Gpu(0), Gpu(1)])) as one, served(page([Gpu(0, "node-2")], NEW)) as two:
        config = tmp_path / "sources.yaml"
        targets = f"['{one.url}', '{two.url}', 'http://127.0.0.1:9']"
        config.write_text(f"collect:\n  - {{source: dcgm, targets: {targets}}}\n")
        assert main(["collect", "--config", str(config), "--once", "--dry-run"]) == 0
        out, err = capsys.readouterr()
    readings = [decode(line.encode(), 2**62) for line in out.splitlines()]
    assert [reading.gpu for reading in readings] == ["node-1:0", "node-1:1", "node-2:0"]
    assert err.count("does not answer: connection refused") == 1
    assert err.count(f" models={MODEL}") == 2


def test_nodes_that_hang_are_waited_for_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each answers only when all have been asked."""
    monkeypatch.setenv("CONFIG_DIR", str(REPOSITORY / "config"))
    with ExitStack() as stack:
        nodes = [stack.enter_context(served(page([Gpu(0, f"node-{number}")]))) for number in range(8)]
        everybody = threading.Barrier(len(nodes))
        for node in nodes:
            monkeypatch.setattr(node.open, "wait", everybody.wait)
        config = tmp_path / "sources.yaml"
        targets = ", ".join(f"'{node.url}'" for node in nodes)
        config.write_text(f"collect:\n  - {{source: dcgm, timeout: 60s, targets: [{targets}]}}\n")
        assert main(["collect", "--config", str(config), "--once", "--dry-run"]) == 0
    readings = [decode(line.encode(), 2**62) for line in capsys.readouterr().out.splitlines()]
    assert [reading.gpu for reading in readings] == [f"node-{number}:0" for number in range(8)]
