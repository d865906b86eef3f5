"""The dashboards as code: writes dashboards/*.json, which Grafana is provisioned with.

Run `python docker/grafana/build.py` after a change; a test fails while the files are stale, and another asks every
query of a Prometheus that scrapes running workers.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from boards import BOARDS
from grafana_foundation_sdk.builders import common, dashboard, prometheus, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.common import (
    GraphDrawStyle,
    LegendDisplayMode,
    LegendPlacement,
    StackingMode,
    TooltipDisplayMode,
    VisibilityMode,
)
from grafana_foundation_sdk.models.dashboard import DataSourceRef
from panels import Board, Panel

HERE: Final = Path(__file__).parent
SOURCE: Final = DataSourceRef(type_val="prometheus", uid="prometheus")
REMEDY: Final = "python docker/grafana/build.py"


def documents() -> dict[str, str]:
    """Every dashboard by file name."""
    return {f"{board.uid}.json": JSONEncoder(sort_keys=True, indent=2).encode(_built(board)) + "\n" for board in BOARDS}


def _built(board: Board) -> object:
    made = (
        dashboard.Dashboard(board.title)
        .uid(board.uid)
        .tags(["geonews"])
        .editable()
        .refresh("10s")
        .time("now-30m", "now")
        .timezone("utc")
    )
    for title, panels in board.rows:
        made = made.with_row(dashboard.Row(title))
        for panel in panels:
            made = made.with_panel(_graph(panel))
    return made.build()


def _graph(panel: Panel) -> timeseries.Panel:
    graph = (
        timeseries.Panel()
        .title(panel.title)
        .description(panel.about)
        .unit(panel.unit)
        .datasource(SOURCE)
        .min(0)
        .span(8)
        .height(8)
        .draw_style(GraphDrawStyle.LINE)
        .show_points(VisibilityMode.NEVER)
        .fill_opacity(15 if panel.stacked else 0)
        .legend(
            common.VizLegendOptions()
            .display_mode(LegendDisplayMode.LIST)
            .placement(LegendPlacement.BOTTOM)
            .show_legend(True)
        )
        .tooltip(common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI))
    )
    if panel.stacked:
        graph = graph.stacking(common.StackingConfig().mode(StackingMode.NORMAL))
    for query in _queries(panel):
        graph = graph.with_target(query)
    return graph


def _queries(panel: Panel) -> Iterator[prometheus.Dataquery]:
    for number, (expression, legend) in enumerate(panel.queries):
        query = prometheus.Dataquery().expr(expression).legend_format(legend).ref_id(chr(ord("A") + number)).range()
        # Where a bucket has an exemplar, Grafana shows the trace that it belongs to.
        yield query.exemplar(True) if "_bucket" in expression else query


if __name__ == "__main__":
    if "--check" in sys.argv:
        stale = [name for name, content in documents().items() if (HERE / "dashboards" / name).read_text() != content]
        sys.exit(f"stale: {', '.join(stale)}; renew with: {REMEDY}" if stale else 0)
    for name, content in documents().items():
        (HERE / "dashboards" / name).write_text(content, "utf-8")
