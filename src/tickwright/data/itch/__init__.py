"""NASDAQ TotalView-ITCH 5.0: daily files of every message of the exchange, plain or gzip.

1. `files` opens a file, unpacks gzip as it streams, and finds the day in the file's name.
2. `messages` is the table of the specification: every message type, its length and its fields.
3. `kernel` cuts a block of bytes into messages and writes market events; `orders` remembers what each reference stands
   for, since only the message that adds an order says its side, price and stock.
4. `reader` runs the kernel over the file, splits its events by stock, makes prices ticks, and keeps what is not an
   event: the stock directory, halt reasons, system events, broken trades, references that nothing explains.
5. `ingest` puts them into a catalog.

| message | events |
|---|---|
| A, F add | ADD |
| E executed | EXECUTE at the order's price |
| C executed with price | at the order's price: EXECUTE; at another: TRADE there, then FILL and CANCEL of the order |
| C, not printable | FILL and CANCEL: the cross or trade that prints the same shares is their only volume |
| X cancel, D delete | CANCEL of the shares stated, of all that is left |
| U replace | CANCEL of all that is left of the old order, ADD under the new reference on the same side |
| P trade with a hidden order | HIDDEN. Since 14 July 2014 the venue no longer says which side rested: side NONE |
| Q cross | CROSS |
| H trading action, h operational halt of this market | HALT |

The last event of a message has Flag.LAST, `sequence` is the number of the message in the file (from 1), `ts_recv`
equals `ts_event`. A tick is 0.0001 dollars unless said otherwise: the unit of ITCH prices, in which a stock below a
dollar is quoted, so that one tick size is exact for every stock. Source: "NASDAQ TotalView-ITCH 5.0", Nasdaq.
"""
