"""Rows that a catalog stores beside market events: quotes, prints, bars and what venues announce. Declared here, once.

Prices are ticks, sizes lots, times nanoseconds UTC; `ts_recv` equals `ts_event` where a feed has no receive time.

What a venue announces (statistics, imbalances, definitions) may lie off the tick grid of the instrument, as a volume
weighted price does: there prices are billionths of the currency, whole numbers too. A field that the venue left
undefined is zero in the row, and bit k of `missing` says so of field k of the tuple `..._OPTIONAL`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntFlag

from tickwright.core.layout import I8, U1, U2, U4, U8, dtype_of


class Missing(IntFlag):
    """Which fields of a bar its source left empty; they are zero in the row."""

    OPEN = 1
    HIGH = 2
    LOW = 4
    CLOSE = 8
    VOLUME = 16


@dataclass(frozen=True, slots=True)
class TopOfBook:
    """The best bid and ask as a feed states them. A side that is empty has size 0, and price 0."""

    ts_event: I8
    ts_recv: I8
    bid: I8
    ask: I8
    bid_size: I8
    ask_size: I8
    sequence: U8
    flags: U1
    """Bits of `events.Flag`."""


@dataclass(frozen=True, slots=True)
class Print:
    """One trade: `size` lots at `price` ticks and `subtick` ten-thousandths; `side` is the aggressor's
    `events.Side`."""

    ts_event: I8
    ts_recv: I8
    price: I8
    size: I8
    trade_id: U8
    sequence: U8
    subtick: U2
    side: U1
    flags: U1
    """Bits of `events.Flag`."""


@dataclass(frozen=True, slots=True)
class Bar:
    """Open, high, low, close and volume of the interval that begins at `ts_event`."""

    ts_event: I8
    open: I8
    high: I8
    low: I8
    close: I8
    volume: I8
    missing: U1
    """Bits of `Missing`."""


@dataclass(frozen=True, slots=True)
class Statistic:
    """A statistic that a venue publishes, as a settlement price or open interest. Codes are Databento's."""

    ts_event: I8
    ts_recv: I8
    ts_ref: I8
    """What time the value is of; nanoseconds UTC."""
    price: I8
    """Billionths of the currency: it may lie off the tick grid."""
    quantity: I8
    sequence: U8
    stat_type: U2
    channel_id: U2
    missing: U2
    """Bits of STATISTIC_OPTIONAL."""
    update_action: U1
    """1 new, 2 deleted."""
    stat_flags: U1


STATISTIC_OPTIONAL = ("ts_ref", "price", "quantity")


@dataclass(frozen=True, slots=True)
class Imbalance:
    """The state of an auction as its venue announces it. Prices are billionths of the currency; codes Databento's."""

    ts_event: I8
    ts_recv: I8
    ref_price: I8
    auction_time: I8
    cont_book_clr_price: I8
    auct_interest_clr_price: I8
    ssr_filling_price: I8
    ind_match_price: I8
    upper_collar: I8
    lower_collar: I8
    paired_qty: I8
    total_imbalance_qty: I8
    market_imbalance_qty: I8
    unpaired_qty: I8
    missing: U2
    """Bits of IMBALANCE_OPTIONAL."""
    auction_type: U1
    """ASCII: O opening, C closing, ..."""
    side: U1
    """`events.Side` of the imbalance."""
    auction_status: U1
    freeze_status: U1
    num_extensions: U1
    unpaired_side: U1
    significant_imbalance: U1


IMBALANCE_OPTIONAL = (
    "ref_price", "auction_time", "cont_book_clr_price", "auct_interest_clr_price", "ssr_filling_price",
    "ind_match_price", "upper_collar", "lower_collar", "paired_qty", "total_imbalance_qty", "market_imbalance_qty",
    "unpaired_qty",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Status:
    """A change of the trading status of an instrument. Codes are Databento's; flags ASCII Y, N, ~ for unknown."""

    ts_event: I8
    ts_recv: I8
    action: U2
    reason: U2
    trading_event: U2
    is_trading: U1
    is_quoting: U1
    is_short_sell_restricted: U1


@dataclass(frozen=True, slots=True)
class InstrumentTerms:
    """What a venue says an instrument is, from `ts_event` on. Symbol, exchange and currency are the instrument's.

    Prices and quantities with a fraction are billionths; codes are Databento's, letters ASCII. An instrument of several
    legs has a row for each.
    """

    ts_event: I8
    ts_recv: I8
    min_price_increment: I8
    display_factor: I8
    high_limit_price: I8
    low_limit_price: I8
    max_price_variation: I8
    unit_of_measure_qty: I8
    min_price_increment_amount: I8
    price_ratio: I8
    strike_price: I8
    leg_price: I8
    expiration: I8
    activation: I8
    market_depth: I8
    market_depth_implied: I8
    max_trade_vol: I8
    min_trade_vol: I8
    min_lot_size: I8
    min_lot_size_block: I8
    min_lot_size_round_lot: I8
    contract_multiplier: I8
    original_contract_size: I8
    leg_ratio_price_numerator: I8
    leg_ratio_price_denominator: I8
    leg_ratio_qty_numerator: I8
    leg_ratio_qty_denominator: I8
    maturity_year: I8
    maturity_month: I8
    maturity_day: I8
    maturity_week: I8
    raw_instrument_id: U8
    underlying_id: U4
    leg_instrument_id: U4
    missing: U4
    """Bits of TERMS_OPTIONAL."""
    leg_count: U2
    leg_index: U2
    instrument_class: U1
    match_algorithm: U1
    security_update_action: U1
    """A added, M modified, D deleted."""
    user_defined_instrument: U1
    leg_side: U1


TERMS_OPTIONAL = (
    "min_price_increment", "display_factor", "high_limit_price", "low_limit_price", "max_price_variation",
    "unit_of_measure_qty", "min_price_increment_amount", "price_ratio", "strike_price", "leg_price", "expiration",
    "activation", "market_depth", "market_depth_implied", "max_trade_vol", "min_trade_vol", "min_lot_size",
    "min_lot_size_block", "min_lot_size_round_lot", "contract_multiplier", "original_contract_size",
    "leg_ratio_price_numerator", "leg_ratio_price_denominator", "leg_ratio_qty_numerator", "leg_ratio_qty_denominator",
    "maturity_year", "maturity_month", "maturity_day", "maturity_week",
)  # fmt: skip

TOP_OF_BOOK = dtype_of(TopOfBook)
PRINT = dtype_of(Print)
BAR = dtype_of(Bar)
STATISTIC = dtype_of(Statistic)
IMBALANCE = dtype_of(Imbalance)
STATUS = dtype_of(Status)
TERMS = dtype_of(InstrumentTerms)
