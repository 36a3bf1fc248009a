"""Datasets by publisher id, as Databento publishes them: a CSV file has the id and not the name.

Those of one venue whose ticks are known (`contracts`), and the larger others; `dataset` may always be given instead.
"""

from __future__ import annotations

_DATASETS = {
    1: "GLBX.MDP3", 2: "XNAS.ITCH", 3: "XBOS.ITCH", 4: "XPSX.ITCH", 5: "BATS.PITCH", 6: "BATY.PITCH",
    7: "EDGA.PITCH", 8: "EDGX.PITCH", 9: "XNYS.PILLAR", 10: "XCIS.PILLAR", 11: "XASE.PILLAR", 12: "XCHI.PILLAR",
    13: "XCIS.BBO", 14: "XCIS.TRADES", 15: "MEMX.MEMOIR", 16: "EPRL.DOM", 38: "IEXG.TOPS", 43: "ARCX.PILLAR",
    57: "IFEU.IMPACT", 58: "NDEX.IMPACT", 97: "IFUS.IMPACT", 99: "IFLL.IMPACT", 101: "XEUR.EOBI", 102: "XEEE.EOBI",
    105: "XCBF.PITCH",
}  # fmt: skip


def dataset_of(publisher: int) -> str:
    """The dataset of a publisher; empty where it is not listed."""
    return _DATASETS.get(publisher, "")
