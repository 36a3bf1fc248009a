"""What a graph is fed with: returns, benchmarks, membership."""
