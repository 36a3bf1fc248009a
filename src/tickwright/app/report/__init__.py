"""The report: one self-contained HTML file that tells what an execution cost, and why.

1. `build` turns a finished run into `ReportData`, plain values ready for display.
2. `figures/` turns those into Plotly figures, one module a chart, as dictionaries: no plotting library is imported.
3. `tables` and `glossary` write the words and numbers around them.
4. `page` puts all of it, Plotly's script and the style into one file that loads nothing from a network.

The same data give the same bytes.
"""
