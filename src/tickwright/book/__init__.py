"""Order books: the L3 and L2 kernels, the tape they replay, and the views that a strategy or a report sees."""
