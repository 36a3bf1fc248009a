"""The benchmark of execution policies: everything that a claim needs, and what it has not shown.

| module | what |
|---|---|
| `config`, `contenders` | what is asked, and the trained policies |
| `scenarios`, `seeds` | what is played, and the test seeds known by their hash beforehand |
| `kernel`, `play` | an episode with its costs taken apart, exactly |
| `cells`, `measure` | what one policy made of one scenario, kept on disk; whoever plays |
| `statistics`, `rows` | figures of paired costs, and the rows of a table |
| `gates`, `replay` | the gate with the policies in it; recorded days |
| `targets`, `verdict` | what it is held to, and what it shows, in words |
| `manifest`, `flow` | what it was made from; all of it in order |
"""

from tickwright.learn.benchmark.config import BenchmarkConfig, ReplayConfig, ReplayDay
from tickwright.learn.benchmark.flow import benchmark

__all__ = ["BenchmarkConfig", "ReplayConfig", "ReplayDay", "benchmark"]
