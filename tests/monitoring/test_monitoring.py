"""What ships for Prometheus and Grafana: it asks for what there is, and the alerts say what they should."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
RULES = ROOT / "configs" / "monitoring" / "sip_guard.rules.yaml"
DASHBOARD = ROOT / "configs" / "monitoring" / "dashboard.json"
ALERTS = Path(__file__).parent / "alerts.yaml"

needs_promtool = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="promtool is not there: apt-get install prometheus"
)


def rules() -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(RULES.read_text("utf-8"))["groups"] for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    found = json.loads(DASHBOARD.read_text("utf-8"))["panels"]
    assert isinstance(found, list)
    return found


def expressions() -> Iterator[str]:
    for rule in rules():
        yield rule["expr"]
    for panel in panels():
        for target in panel.get("targets", ()):
            yield target["expr"]
    for variable in json.loads(DASHBOARD.read_text("utf-8"))["templating"]["list"]:
        if variable["type"] == "query":
            yield variable["definition"]


def documented() -> dict[str, set[str]]:
    """Give the labels of each metric, by the table that is compared with what is exported."""
    text = (ROOT / "docs" / "operating.md").read_text("utf-8")
    rows = re.findall(r"(?m)^\| `(sip_guard_\w+)` \|([^|]*)\|", text)
    found: dict[str, set[str]] = {}
    for name, labels in rows:
        if labels.strip() == "histogram":
            found |= {f"{name}_bucket": {"le"}, f"{name}_sum": set(), f"{name}_count": set()}
        else:
            found[name] = set(re.findall(r"`(\w+)`", labels))
    return found


RECORDED = {rule["record"]: rule for rule in rules() if "record" in rule}


@pytest.mark.parametrize("expression", [*expressions()])
def test_every_expression_asks_for_what_is_exported(expression: str) -> None:
    known = documented()
    for name, matchers in re.findall(r"\b(sip_guard[\w:]+)(?:\{([^}]*)\})?", expression):
        if ":" in name:
            assert name in RECORDED
            labels = set(re.findall(r"\w+", re.findall(r"by \(([^)]*)\)", RECORDED[name]["expr"])[-1]))
        elif name in known:
            labels = known[name] | {"instance", "job"}
        else:
            # A job, and no metric.
            assert f'job="{name}"' in expression
            continue
        assert set(re.findall(r"(\w+)[=!]", matchers)) <= labels, expression


def test_labels_of_recorded_rules_are_those_of_what_they_are_made_of() -> None:
    known = documented()
    for rule in RECORDED.values():
        names = [name for name in re.findall(r"sip_guard_\w+", rule["expr"]) if name in known]
        for labels in re.findall(r"by \(([^)]*)\)", rule["expr"]):
            assert set(re.findall(r"\w+", labels)) <= known[names[0]] | {"instance"}


def test_every_metric_is_drawn_or_alerted() -> None:
    used = " ".join(expressions())
    plain = {re.sub(r"_(bucket|sum|count)$", "", name) for name in documented() if "decision_seconds_count" not in name}
    left_to_the_operator = {"sip_guard_config_last_reload_success_timestamp_seconds"}
    assert {name for name in plain if name not in used} <= left_to_the_operator


def test_an_alert_says_how_bad_it_is_and_what_to_do() -> None:
    for rule in rules():
        if "alert" in rule:
            assert rule["alert"].startswith("SipGuard")
            assert rule["labels"]["severity"] in ("critical", "warning")
            assert "{{ $labels.instance }}" in rule["annotations"]["summary"]
            assert rule["annotations"]["description"].endswith(".")


def test_panels_have_titles_and_stand_beside_each_other() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in panels():
        place = panel["gridPos"]
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert panel["title"]
        assert place["x"] + place["w"] <= 24
        assert not cells & taken, panel["title"]
        taken |= cells
    ids = [panel["id"] for panel in panels()]
    assert len(set(ids)) == len(ids)


def promtool(*arguments: str | Path) -> None:
    found = subprocess.run(["promtool", *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False)
    assert found.returncode == 0, found.stdout + found.stderr


@needs_promtool
def test_prometheus_understands_the_rules() -> None:
    promtool("check", "rules", RULES)


@needs_promtool
def test_alerts_fire_when_they_should_and_only_then() -> None:
    promtool("test", "rules", ALERTS)


@needs_promtool
def test_prometheus_understands_the_dashboard(tmp_path: Path) -> None:
    grafana = {"$__rate_interval": "5m", "$__range": "6h", "$instance": ".*", "$trunk": ".*"}
    recorded = []
    for panel in panels():
        for target in panel.get("targets", ()):
            expression = target["expr"]
            for variable, value in grafana.items():
                expression = expression.replace(variable, value)
            recorded.append({"record": f"panel:{panel['id']}:{target['refId']}", "expr": expression})
    path = tmp_path / "dashboard.yaml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": recorded}]}))
    promtool("check", "rules", path)
