"""What each fact is, in words, with its unit and its source: one table, which the report prints and the tests walk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

EBK = "Eisler, Bouchaud, Kockelkoren, Quantitative Finance 12 (2012)"
CONT = "Cont, Quantitative Finance 1 (2001)"
BMP = "Bouchaud, Mézard, Potters, Quantitative Finance 2 (2002)"
LMF = "Lillo, Farmer, Studies in Nonlinear Dynamics & Econometrics 8 (2004)"


@dataclass(frozen=True, slots=True)
class Definition:
    """Words of a fact: `what` defines it, `x` and `y` name its axes; `log` says whether x is drawn logarithmic.

    `decades` marks an x that is itself a decimal logarithm of seconds.
    """

    title: str
    what: str
    x: str
    y: str
    source: str
    axis: Literal["linear", "log", "decades", "doublings"] = "linear"


def _response(event: str, what: str, sign: str) -> Definition:
    return Definition(
        f"Response to {event}",
        f"Mean of ε (mid before the l-th later event at the best - mid before the event), over events of type {event}: "
        f"{what}; ε = +1 for {sign}, -1 for its mirror, less its mean: the drift of the day is no "
        "response. Only events at the best count as events.",
        "events at the best", "ticks", EBK, "log",
    )  # fmt: skip


DEFINITIONS: dict[str, Definition] = {
    "spread-events": Definition(
        "Spread, by event", "Best ask - best bid just before each event.", "ticks", "share of events", BMP
    ),
    "spread-time": Definition(
        "Spread, by time", "Best ask - best bid, weighted by the time it stood.", "ticks", "share of time", BMP
    ),
    "gaps-limit": Definition(
        "Time between limit orders", "Time since the limit order before.", "s", "share", CONT, "decades"
    ),
    "gaps-cancel": Definition("Time between cancels", "Time since the cancel before.", "s", "share", CONT, "decades"),
    "gaps-market": Definition(
        "Time between market orders",
        "Time since the market order before; executions of one time stamp and side are one market order.",
        "s", "share", CONT, "decades",
    ),
    "bursts": Definition(
        "Bursts",
        "Correlation of the logarithms of two times between events, so many events apart. Left out: times after a "
        "market order, times below 160 ns, and cancels at once after one of their side.",
        "events", "correlation", "Engle, Russell, Econometrica 66 (1998)", "log",
    ),
    "volumes": Definition(
        "Volume at the levels", "Mean lots on the k-th best level, both sides, over time; an empty level counts 0.",
        "level", "lots", BMP,
    ),
    "imbalance-1": Definition(
        "Imbalance at the best",
        "(own lots - other lots) / (own lots + other lots), weighted by time, seen from bid and ask alike: to "
        "which side a day leans is its own.",
        "imbalance",
        "share of time", "Cartea, Donnelly, Jaimungal, Applied Mathematical Finance 25 (2018)",
    ),
    "imbalance-5": Definition(
        "Imbalance over five levels", "The same over the five best levels.", "imbalance", "share of time",
        "Cartea, Donnelly, Jaimungal, Applied Mathematical Finance 25 (2018)",
    ),
    "lifetime": Definition(
        "Order lifetime",
        "Share of orders that live longer than the age: Kaplan-Meier, ended by cancel or full execution; orders that "
        "outlive the stretch or leave the levels a windowed feed shows are censored there.",
        "s", "share alive", "Kaplan, Meier, JASA 53 (1958); Hasbrouck, Saar, J. Financial Markets 12 (2009)", "decades",
    ),
    "signature-trades": Definition(
        "Signature plot, trade time", "D(l)/D(100), D(l) = Var(mid before trade k+l - mid before trade k) / l. "
        "Flat for a diffusive mid, falling where it reverts.", "trades", "D(l)/D(100)",
        "Bouchaud, Gefen, Potters, Wyart, Quantitative Finance 4 (2004)", "log",
    ),
    "sign-memory": Definition(
        "Memory of order signs", "Autocorrelation of the signs of market orders (+1 bought, -1 sold).", "trades",
        "correlation", LMF, "log",
    ),
    "kurtosis-trades": Definition(
        "Kurtosis of returns, trade time", "Of moves of the mid over l trades, overlapping; 3 for a normal law.",
        "trades", "kurtosis", CONT, "log",
    ),
    "signature-clock": Definition(
        "Signature plot, clock time", "D(l)/D(100) of the mid sampled each second, D(l) = Var(move) / l.", "seconds",
        "D(l)/D(100)",
        "Bouchaud, Gefen, Potters, Wyart, Quantitative Finance 4 (2004)", "log",
    ),
    "kurtosis-clock": Definition(
        "Kurtosis of returns, clock time", "Of moves of the mid over l seconds, not overlapping; 3 for a normal law.",
        "seconds", "kurtosis", CONT, "log",
    ),
    **{
        f"tail-{share}": Definition(
            f"Tail exponent, largest {percent} %",
            f"Hill's estimator over the largest {percent} % of the 10-second moves that are not zero, both signs.",
            "share", "exponent", "Hill, Annals of Statistics 3 (1975); Cont, Quantitative Finance 1 (2001)",
        )
        for share, percent in (("0.02", 2), ("0.05", 5), ("0.1", 10))
    },
    "clustering": Definition(
        "Volatility clustering", "Autocorrelation of the size of 10-second moves; the pattern over the day is in it.",
        "lags of 10 s", "correlation", CONT, "log",
    ),
    "volatility-curve": Definition(
        "Volatility over the day", "Sum of squared 10-second moves in each block of time, in units of its mean.",
        "share of the day", "of the mean", "Andersen, Bollerslev, J. Empirical Finance 4 (1997)",
    ),
    "volume-curve": Definition(
        "Volume over the day", "Lots traded in each block of time, hidden ones too, in units of its mean.",
        "share of the day", "of the mean", "Jain, Joh, J. Financial and Quantitative Analysis 23 (1988)",
    ),
    "response-MO0": _response("MO0", "a market order that leaves lots at the best", "a market buy order"),
    "response-MO'": _response("MO'", "a market order that empties the best", "a market buy order"),
    "response-LO0": _response("LO0", "a limit order that joins the best", "a limit buy order"),
    "response-LO'": _response("LO'", "a limit order inside the spread", "a limit buy order"),
    "response-CA0": _response("CA0", "a cancel at the best that leaves lots there", "the cancel of a sell order"),
    "response-CA'": _response("CA'", "a cancel that empties the best", "the cancel of a sell order"),
    "sweep-spread": Definition(
        "Spread after a sweep",
        "Spread before the l-th event at the best after a market order that empties the best, in units of the spread "
        "before it; ratio of sums. Far out it tends to the mean spread over the spread before sweeps, which is above 1 "
        "where a best is swept while the spread is narrow.",
        "events at the best", "of the spread before", "Large, J. Financial Markets 10 (2007)", "log",
    ),
    "sweep-depth": Definition(
        "Depth after a sweep",
        "Lots on the five best levels of the side that was hit, in units of those before it; ratio of sums. The five "
        "levels are those of the moment.",
        "events at the best", "of the depth before", "Degryse, de Jong, van Ravenswaaij, Wuyts, Rev. Finance 9 (2005)",
        "log",
    ),
    "mid-response": Definition(
        "Response of the mid to a market order",
        "Mean of the sign, less its mean, times (mid before the l-th later trade - mid before the trade), over the "
        "mean half-spread before it: 1 where the market order's gain from the move equals what it paid.",
        "trades", "half-spreads", "Bouchaud, Gefen, Potters, Wyart, Quantitative Finance 4 (2004)", "log",
    ),
    "markouts": Definition(
        "Markout of passive fills",
        "Profit of the resting side, mid after the time - price, by lots, in half-spreads before the trade. At 0 the "
        "mid is that just before the trade.",
        "s after the fill", "half-spreads", "Huang, Stoll, J. Financial Economics 41 (1996)",
    ),
    "fill-share": Definition(
        "Fill probability by queue position",
        "Of the lots of orders placed at the best or inside the spread: the share executed before the rest is "
        "cancelled, by lots ahead at placement. Left out: orders whose end was not seen, places of fewer than 30.",
        "lots ahead", "share executed",
        "Lo, MacKinlay, Zhang, J. Financial Economics 65 (2002); Moallemi, Yuan (2016)", "doublings",
    ),
    "fill-time": Definition(
        "Time to the first fill by queue position",
        "Mean time from placement to the first execution, of those orders that had one: short by selection, since the "
        "patient ones are cancelled first. Places of fewer than 30 are left out.",
        "lots ahead", "s", "Lo, MacKinlay, Zhang, J. Financial Economics 65 (2002)", "doublings",
    ),
}  # fmt: skip
