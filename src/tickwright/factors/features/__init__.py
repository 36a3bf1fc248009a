"""Features: of a book after every event, of bars, and of windows of bars, batch and stream with the same bits.

1. `book.BookFeatures` takes TAPE rows through a book and writes a row of numbers at the end of every event.
2. `bars.BarBuilder` cuts prints and those rows into bars: by time, events, prints, lots or money.
3. `nodes` joins columns of bars to kernels over windows of bars: nodes of the factor graph, as the betas are.
4. `feed.FeatureStream` is 1 to 3 in one; a batch is that stream given everything at once.
5. `events.EventFeatures` takes events of a venue, and makes the tape within.

`columns` says what features there are and how they are written, `formulas` holds what others compute too.
"""
