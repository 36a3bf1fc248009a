"""The page: parses, loads nothing, says every number of its rows, and is the same bytes for the same data."""

import base64
import json
import re
import shutil
import subprocess
from decimal import Decimal
from html.parser import HTMLParser

import numpy as np
import pytest
import report_sample

from tickwright.app.report.arrays import packed
from tickwright.app.report.downsample import for_display
from tickwright.app.report.figures import comparison, waterfall
from tickwright.app.report.figures.components import parts
from tickwright.app.report.numbers import MINUS, exact, fixed, leaves
from tickwright.app.report.page import render

VOID = {"meta", "br", "link", "img", "input", "hr"}


class Checker(HTMLParser):
    """Keeps open elements, what an element would load, and the text outside scripts."""

    def __init__(self):
        super().__init__()
        self.stack, self.loads, self.text, self.ids = [], [], [], []

    def handle_starttag(self, tag, attrs):
        if tag not in VOID:
            self.stack.append(tag)
        for name, value in attrs:
            if name in ("src", "href", "srcset", "data", "action", "poster", "background"):
                self.loads.append((tag, name, value))
            if name == "id":
                self.ids.append(value)

    def handle_endtag(self, tag):
        assert self.stack.pop() == tag

    def handle_data(self, data):
        if not self.stack or self.stack[-1] not in ("script", "style"):
            self.text.append(data)


@pytest.fixture(scope="module")
def page():
    return render(report_sample.report())


@pytest.fixture(scope="module")
def read(page):
    checker = Checker()
    checker.feed(page)
    checker.close()
    assert checker.stack == []
    return checker


def island(page, name):
    return json.loads(re.search(rf'<script type="application/json" id="{name}">(.*?)</script>', page, re.S)[1])


def test_loads_nothing(page, read):
    assert read.loads == []
    style = page[page.index("<style>") : page.index("</style>")]
    assert "url(" not in style
    assert "@import" not in style
    figures = json.dumps([island(page, "figures"), island(page, "shared-arrays")])
    assert "http" not in figures


def test_every_number_of_every_row_is_on_the_page(read):
    text = "\n".join(read.text)
    for parent in report_sample.report().parents:
        for view in parent.policies:
            for path, value in leaves(view.row).items():
                shown = str(value) if path[0] == "missing" else exact(value)
                assert shown in text, (path, value)


def test_headline_numbers_are_those_of_the_row(read):
    # The first parent's cheapest policy, worked out here from its row.
    parent = report_sample.report().parents[0]
    best = min(parent.policies, key=lambda view: float(view.row["shortfall"]["total"]))
    text = "\n".join(read.text)
    assert fixed(best.row["shortfall_bps"], 2) in text
    assert fixed(1e4 * float(best.row["shortfall"]["delay"]) / parent.notional, 2) in text


def test_each_chart_has_its_figure_and_its_section(page, read):
    charts = re.findall(r'class="chart" id="([^"]+)"', page)
    assert sorted(charts) == sorted(island(page, "figures"))
    assert len(charts) == 1 + 5 * 2
    assert len(set(read.ids)) == len(read.ids)


def test_references_resolve(page):
    names = set(re.findall(r'"\$ref":"([^"]+)"', page))
    assert names
    assert names <= set(island(page, "shared-arrays"))


def test_same_data_same_bytes(page):
    assert render(report_sample.report()) == page


def test_text_is_escaped():
    data = report_sample.report(1)
    row = data.parents[0].policies[0].row
    row["notes"] = ["<script>alert(1)</script> & more"]
    page = render(data)
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; more" in page


def test_size_stays_below_eight_megabytes(page):
    assert len(page.encode()) < 8e6


def test_parts_sum_to_the_total_of_the_row():
    for parent in report_sample.report().parents:
        for view in parent.policies:
            assert sum(parts(view.row).values()) == Decimal(view.row["shortfall"]["total"])


def test_waterfall_ends_at_paper_less_shortfall():
    parent = report_sample.report().parents[1]
    for trace in waterfall.figure(parent)["data"]:
        row = next(view.row for view in parent.policies if view.policy == trace["name"])
        paper = parent.side * float(row["ordered"]) * (float(row["end_price"]) - float(row["decision_price"]))
        actual = paper - float(row["shortfall"]["total"])
        assert trace["y"][0] == pytest.approx(1e4 * paper / parent.notional, abs=1e-9)
        assert trace["y"][-1] == pytest.approx(1e4 * actual / parent.notional, abs=1e-9)
        assert sum(trace["y"][:-1]) == pytest.approx(trace["y"][-1], abs=1e-9)


def test_bars_have_one_scale_that_holds_them_all():
    parents = report_sample.report(4).parents
    low, high = comparison.extent(parents)
    for parent in parents:
        bars = [trace for trace in comparison.figure(parent, [low, high])["data"] if trace["type"] == "bar"]
        for k in range(len(parent.policies)):
            values = [bar["x"][k] for bar in bars]
            assert low <= sum(v for v in values if v < 0)
            assert sum(v for v in values if v > 0) <= high


def test_fewer_quotes_draw_the_same_picture():
    # Invariant: in every bucket the extremes, the first and the last value survive, and each kept row is there.
    rng = np.random.default_rng(3)
    times = np.sort(rng.integers(0, 10**9, 20_000))
    bid = rng.integers(0, 1000, 20_000)
    ask = bid + rng.integers(1, 50, 20_000)
    keep = np.array([5, 777, 19_999])
    rows = for_display(times, bid, ask, 100, keep)
    assert len(rows) <= 6 * 100 + 6
    assert set(keep) | set(keep - 1) <= set(rows.tolist())
    assert (np.diff(rows) > 0).all()
    edges = np.linspace(times[0], times[-1], 101)
    bucket = np.searchsorted(edges[1:-1], times, side="right")
    for b in range(100):
        mine, drawn = np.flatnonzero(bucket == b), rows[bucket[rows] == b]
        for values in (bid, ask):
            assert values[mine].min() == values[drawn].min()
            assert values[mine].max() == values[drawn].max()
        assert {mine[0], mine[-1]} <= set(drawn.tolist())


def test_few_quotes_are_all_drawn():
    times = np.arange(50)
    assert for_display(times, times, times, 100, np.zeros(0, int)).tolist() == list(range(50))


def test_packed_arrays_read_back():
    matrix = np.array([[1.5, 2.0], [3.0, -4.0], [0.0, 9.0]])
    field = packed(matrix, "f4")
    assert field["shape"] == "3, 2"
    assert (np.frombuffer(base64.b64decode(field["bdata"]), "<f4").reshape(3, 2) == matrix).all()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (-1.234, MINUS + "1.23"),
        (-0.001, "0.00"),
        (12345.678, "12,345.68"),
        (None, "n/a"),
        ("-0.004", "0.00"),
        ("2.5", "2.50"),
    ],
)
def test_numbers_as_written(value, text):
    assert fixed(value, 2) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.123456789, "0.123457"), (-8.4123456, MINUS + "8.41235"), (147915, "147915"), ("-968.15", MINUS + "968.15"),
        ("2012-06-21", "2012-06-21"), (None, "n/a"), (True, "yes"), ([], "none"), (["a", "b"], "a; b"),
    ],
)  # fmt: skip
def test_leaves_as_written(value, text):
    assert exact(value) == text


def test_a_browser_draws_every_chart(page, tmp_path):
    browser = shutil.which("chromium")
    if browser is None:
        pytest.skip("no chromium on this machine: the drawing of the charts was not checked")
    file = tmp_path / "report.html"
    file.write_text(page)
    done = subprocess.run(
        [
            browser, "--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=30000",
            f"--user-data-dir={tmp_path / 'profile'}", "--host-resolver-rules=MAP * 0.0.0.0", "--dump-dom",
            file.as_uri(),
        ],
        capture_output=True, text=True, timeout=180,
    )  # fmt: skip
    assert 'data-drawn="all"' in done.stdout, done.stderr[-2000:]
    drawn = re.findall(r'class="chart js-plotly-plot" id="([^"]+)"', done.stdout)
    assert sorted(drawn) == sorted(island(page, "figures"))
    # Bars, waterfalls and markers became shapes, not only axes.
    assert done.stdout.count('class="point"') > 100
