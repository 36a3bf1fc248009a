"""Commands and options, declared: `tickwright download | ingest | data | execute | ...`, one module a group.

Imports nothing heavy, so that `--help` answers at once: a command body imports from `app.commands` and hands over plain
values.
"""

from tickwright.app.interface import benchmark as benchmark  # its command stands at the root
from tickwright.app.interface import calibrate as calibrate
from tickwright.app.interface import data, download, factors, ingest, registry
from tickwright.app.interface import factor_values as factor_values  # its commands stand beside those of `factors`
from tickwright.app.interface import gate as gate
from tickwright.app.interface import plan as plan
from tickwright.app.interface import refine as refine
from tickwright.app.interface import simulate as simulate
from tickwright.app.interface import train as train
from tickwright.app.interface import work as work  # its commands stand at the root
from tickwright.app.interface.root import app

app.add_typer(download.app, name="download")
app.add_typer(ingest.app, name="ingest")
app.add_typer(data.app, name="data")
app.add_typer(factors.app, name="factors")
app.add_typer(registry.app, name="registry")

__all__ = ["app"]
