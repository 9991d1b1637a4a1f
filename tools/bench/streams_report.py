"""What was measured of Faust, as JSON for programs and as Markdown for people."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tools.bench.report import condition_lines, disturbance, machine, pinned
from tools.bench.streams_stage import Run

ON_THE_WAY = ("faust-streaming", "mode-streaming", "aiokafka", "rocksdict")
# each of Faust's against the bare reader that does as much
AGAINST = {"stateless": "stateless", "memory": "table", "rocksdb": "table"}
WORDS = {
    "stateless": "decoded and counted in passing",
    "table": "a count for each key, each change sent to a changelog",
    "memory": "a table in memory with its changelog",
    "rocksdb": "a table in RocksDB with its changelog",
}


@dataclass
class StreamsReport:
    records: int
    faust_records: int
    kafka: str
    raw: dict[str, list[Run]] = field(default_factory=dict)
    faust: dict[str, Run] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {
            "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "conditions": {
                **machine(),
                "kafka": self.kafka,
                "records": f"{self.records:,} for the bare readers, {self.faust_records:,} for Faust",
                "readers": "one process each, from the topic's beginning on, last commit included",
                "commits": "each second, after what came of the records is acknowledged",
                "versions": dict(pinned("insights", ON_THE_WAY)),
            },
            "raw": {variant: self._raw(runs) for variant, runs in self.raw.items()},
            "faust": {variant: self._faust(variant, run) for variant, run in self.faust.items()},
        }

    def _raw(self, runs: list[Run]) -> dict[str, Any]:
        return {
            "records_per_second": round(_mean([run.per_second for run in runs])),
            "runs": [round(run.per_second) for run in runs],
            "cpu_micros_a_record": round(_mean([run.cpu_micros for run in runs]), 1),
        }

    def _faust(self, variant: str, run: Run) -> dict[str, Any]:
        bare = self.raw[AGAINST[variant]]
        return {
            "records_per_second": round(run.per_second),
            "cpu_micros_a_record": round(run.cpu_micros, 1),
            "against": AGAINST[variant],
            "ratio_of_records": round(run.per_second / _mean([each.per_second for each in bare]), 3),
            "ratio_of_cpu": round(run.cpu_micros / _mean([each.cpu_micros for each in bare]), 1),
        }


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


def as_markdown(report: dict[str, Any]) -> str:
    lines = [
        "# Faust, measured",
        "",
        "Made by `make bench-streams`; the same figures for programs are in [streams.json](streams.json).",
        f"Measured at {report['measured_at']}. Read the ratios: another machine has other figures.",
        "",
        "Records a second of one process that reads a topic of orders from its beginning. Each of Faust's",
        "is compared with the bare aiokafka reader that does as much: the same decoding, the same",
        "changelog, the same commits. All counted every record.",
        "",
        "| | records/s | of the bare reader | CPU-µs a record | times the bare reader's |",
        "|---|---:|---:|---:|---:|",
    ]
    for variant, raw in report["raw"].items():
        lines.append(
            f"| bare reader: {WORDS[variant]} | {raw['records_per_second']:,} | 1 "
            f"| {raw['cpu_micros_a_record']:,.1f} | 1 |"
        )
    for variant, run in report["faust"].items():
        lines.append(
            f"| Faust: {WORDS[variant]} | {run['records_per_second']:,} | **{run['ratio_of_records']:.2f}** "
            f"| {run['cpu_micros_a_record']:,.1f} | {run['ratio_of_cpu']:.1f} |"
        )
    lines.append("")
    for variant, raw in report["raw"].items():
        lines += disturbance(raw["runs"], f"the bare reader ({WORDS[variant]})")
    return "\n".join([*lines, *condition_lines(report["conditions"])])
