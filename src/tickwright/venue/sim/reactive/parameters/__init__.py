"""The parameters of every model: frozen, checked, hashed, and to and from plain tables.

`flow` holds what all models share (sizes, the day, activity, pace; signs), `venues` where orders may rest, `queues` the
tables of the queue-reactive laws, `band` and `queue_rates` one record a model, `table` the models by name. What would
empty a side, overflow a book or spin a kernel is refused here, before the first event. Times of memories are in market
orders of the background, rates in units of model time: `rows.prepare` finds how many of these pass in a second.
"""

from tickwright.venue.sim.reactive.parameters.band import Epsilon, Hawkes, SantaFe
from tickwright.venue.sim.reactive.parameters.flow import Flow, Numbers, Signs
from tickwright.venue.sim.reactive.parameters.queue_rates import FP, QL, QueueReactive
from tickwright.venue.sim.reactive.parameters.queues import Queues
from tickwright.venue.sim.reactive.parameters.table import (
    MARKETS,
    MODELS,
    PARAMETERS_VERSION,
    Parameters,
    content_hash,
    default,
    from_dict,
    to_dict,
)
from tickwright.venue.sim.reactive.parameters.venues import Pool, Venue

__all__ = [
    "FP",
    "MARKETS",
    "MODELS",
    "PARAMETERS_VERSION",
    "QL",
    "Epsilon",
    "Flow",
    "Hawkes",
    "Numbers",
    "Parameters",
    "Pool",
    "QueueReactive",
    "Queues",
    "SantaFe",
    "Signs",
    "Venue",
    "content_hash",
    "default",
    "from_dict",
    "to_dict",
]
