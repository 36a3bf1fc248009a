"""The words and signs of the report. Definitions follow Perold (1988), Wagner and Edwards (1993), Kissell (2013)."""

SIGN = (
    "One sign everywhere: a cost above zero is bad for the order, whether it buys or sells. Markout and spread capture "
    "are stated as our profit, so there above zero is good. 1 bp is one ten-thousandth. Basis points of a shortfall "
    "are of the ordered quantity at the decision price, of a slippage of its benchmark, of a markout of the fill price."
)

TERMS: tuple[tuple[str, str], ...] = (
    (
        "Implementation shortfall",
        "Profit of the order done whole at the mid price of the decision, without cost, less the profit actually made; "
        "what was not filled is marked at the mid price of the end. It equals delay + trading + opportunity + fees, "
        "and the account's profit, to the last unit.",
    ),
    ("Delay", "What the mid price moved against the order between the decision and the arrival at the desk."),
    ("Trading", "Average fill price against the mid price at arrival, over what was filled: spread + impact + timing."),
    ("Spread", "Half the quoted spread at each fill: paid when taking, earned (below zero) when making."),
    (
        "Impact",
        "What fills cost against the recorded mid price just before them, beyond the half spread: takes that reach "
        "deeper levels, resting orders that the market trades through, and the impact that the profile assumes. "
        "The recorded market does not react, so the impact on other people's behaviour is not in it.",
    ),
    ("Timing", "The rest of trading: the market's own move between arrival and the fills."),
    ("Opportunity", "What the mid price moved against the quantity left unfilled, from arrival to the end."),
    ("Fees", "Maker and taker fees of the profile; below zero is a rebate."),
    (
        "Slippage",
        "Average fill price against a benchmark, signed by side. A benchmark at a moment is the last quote strictly "
        "before it. Interval VWAP runs from arrival to the last fill, without our own fills unless it says otherwise.",
    ),
    ("Markout", "What a fill was worth a while later: mid price then, against the price paid or got."),
    ("Maker share", "Share of the filled quantity that was resting in the book when it traded."),
    ("Participation", "Our share of all that traded from arrival to the last fill, our own fills included."),
    ("Policy", "schedule/placement: when how much should be done, and how each piece is worked."),
)
