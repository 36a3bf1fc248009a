"""The reactive market a second time: lists and dicts, no kernel, nothing fast. Read beside docs and docstrings."""

import math
from collections import defaultdict

BID, ASK = 0, 1
SANTA_FE, EPSILON, HAWKES, QUEUE_REACTIVE, QL, FP = 1, 2, 3, 4, 5, 6
WAIT, KIND, SIZE, RANK, OWNER, SIDE, LENGTH, MOVE, REDRAW, INFORMED, NEWS, ACTIVITY, PRICE, GAP, THROUGH, BACK = range(
    16
)
TIDINGS, PART, COMPANY, FLURRY = 17, 18, 19, 20
VENUE, ROUTE, DARK, PATIENCE = 32, 33, 34, 35
WORD = 2**64 - 1
GOLDEN, STRIDE = 0x9E3779B97F4A7C15, 0xD1342543DE82EF95
OPENING_PLACES, A_QUEUE, A_SIDE = 1024, 256, 24


def mix(z):
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & WORD
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & WORD
    return z ^ (z >> 31)


TAIL, AREA = 7.697117470131487, 0.0039496598225815572
EDGES = [AREA * math.exp(TAIL), TAIL]
for _ in range(254):
    EDGES.append(-math.log(AREA / EDGES[-1] + math.exp(-EDGES[-1])))
EDGES.append(0.0)


def unit(z):
    return (z >> 11) * 2.0**-53


def exponential(z):
    layer = z & 255
    x, further = unit(z) * EDGES[layer], mix((z + GOLDEN) & WORD)
    if x < EDGES[layer + 1]:
        return x
    if layer == 0:
        return TAIL + exponential(further)
    low, high = math.exp(-EDGES[layer]), math.exp(-EDGES[layer + 1])
    if low + unit(further) * (high - low) < math.exp(-x):
        return x
    return exponential(mix((further + GOLDEN) & WORD))


class Order:
    made_so_far = 0

    def __init__(self, slot, owner, side, price, lots, venue):
        self.slot, self.owner, self.side, self.price, self.lots, self.venue = slot, owner, side, price, lots, venue
        Order.made_so_far += 1
        self.made = Order.made_so_far


def plain(value):
    return {n: plain(value[n]) for n in value.dtype.names} if value.dtype.names else value.tolist()


class Twin:
    def __init__(self, params, seed, mid):
        self.p = plain(params)
        self.seed, self.events, self.time, self.clock = int(seed), 0, 0.0, 0.0
        self.queues = {BID: defaultdict(list), ASK: defaultdict(list)}
        self.free, self.used = [], 0
        self.reference, self.twice_mid = mid, 2 * mid + 1
        self.up = self.down = self.up_cancel = self.down_cancel = self.gap = 1.0
        self.heat = self.rush = self.push = 0.0
        self.flurry = False
        self.posting = None
        self.company = None  # the side on which the next event is a cancel, at once
        self.emptied = None  # (side, price) of a best price that a cancel has just emptied
        self.walk = self.fair = self.twice_mid / 2
        self.activity = self.pressed = 0.0
        self.memory = [[0.0] * 4 for _ in range(11)]
        self.loud = [1.0] * 11
        self.residue, self.pressure = [0.0] * 4, [0.0] * 4
        self.excitation = [[0.0] * 3 for _ in range(4)]
        self.slot_side, self.slot_left, self.slot_last = [0] * 8, [0] * 8, 0
        self.limit, self.cancel = [[0.0] * 24 for _ in range(2)], [[0.0] * 24 for _ in range(2)]
        self.limit_sum, self.cancel_sum, self.market_rate = [0.0, 0.0], [0.0, 0.0], [0.0, 0.0]
        self.cash, self.shares = [0, 0, 0], [0, 0, 0]
        self.made = [0, 0, 0]
        self.made_at, self.taken_at = ([[0] * 4 for _ in range(3)] for _ in range(2))
        self.pool, self.beats = [], 0  # [owner, side, lots, until]
        self.dark_cash, self.dark_made, self.dark_taken = ([0, 0, 0] for _ in range(3))
        self.model, self.K = self.p["model"], self.p["levels"]
        self.set_pace()
        self.block = self.block_of(-1)
        if self.model >= QUEUE_REACTIVE:
            self.redraw()
            self.settle(0)
            if self.model == FP:
                self.walk = self.twice_mid / 2
                self.value()
                self.settle(0)
        else:
            for side in (BID, ASK):
                for i in range(self.p["band"]):
                    lots = self.size(self.u(OPENING_PLACES * (1 + side) + i))
                    venue = self.venue(OPENING_PLACES * (3 + side) + i)
                    self.rest(0, side, mid - i if side == BID else mid + 1 + i, lots, venue)
            self.settle(0)
        self.draw_wait()

    # chance
    def block_of(self, event):
        return mix((self.seed + event * GOLDEN) & WORD)

    def bits(self, place):
        return mix((self.block + place * STRIDE) & WORD)

    def u(self, place):
        return unit(self.bits(place))

    def xi(self, place):
        z = self.bits(place)
        return (float(sum((z >> s) & 0xFFFF for s in (0, 16, 32, 48))) - 2.0 * 65535.0) * (3.0**0.5 / 65536.0)

    def draw_wait(self):
        self.block = self.block_of(self.events)
        self.wait = exponential(self.bits(WAIT))

    def draw_gap(self, traded):
        drawn = self.u(FLURRY) if self.p["flurry_redraw"] > 0 else 1.0
        if drawn < self.p["flurry_redraw"]:
            self.flurry = drawn < self.p["flurry_redraw"] / 2
        u, after, stay = self.u(GAP), self.p["gap_after_market"], self.p["gap_stay"]
        if traded and u < after:
            self.gap = self.p["gaps"][sum(u / after >= edge for edge in self.p["gap_after_edges"])]
            return
        if traded:
            u = (u - after) / (1.0 - after)
        if u >= stay:
            u = (u - stay) / (1.0 - stay)
            self.gap = self.p["gaps"][sum(u >= edge for edge in self.p["gap_edges"][self.flurry])]

    def size(self, u, whose="sizes"):
        table = self.p[whose]
        for i in range(table["count"] - 1):
            if u < table["edges"][i]:
                return table["lots"][i]
        return table["lots"][table["count"] - 1]

    # the book
    def best(self, side):
        return (max if side == BID else min)(self.queues[side])

    def all_orders(self):
        return [o for side in (BID, ASK) for queue in self.queues[side].values() for o in queue]

    def background(self, side):
        return sum(o.owner == 0 for queue in self.queues[side].values() for o in queue)

    def rest(self, owner, side, price, lots, venue=0):
        if self.free:
            slot = self.free.pop()
        else:
            slot, self.used = self.used, self.used + 1
        self.queues[side][price].append(Order(slot, owner, side, price, lots, venue))
        return slot

    def remove(self, order):
        queue = self.queues[order.side][order.price]
        queue.remove(order)
        if not queue:
            del self.queues[order.side][order.price]
        self.free.append(order.slot)

    def venue(self, place):
        if self.p["venues"] == 1:
            return 0
        return sum(self.u(place) >= edge for edge in self.p["share"][: self.p["venues"] - 1])

    def trade_across(self, taker, side, lots, limit, venues, named):
        """`venues` in the order in which they are asked at each price."""
        sign, left = 1 if side == BID else -1, lots
        for price in sorted(self.queues[1 - side], reverse=side == ASK):
            if limit is not None and sign * (price - limit) > 0:
                break
            level = self.queues[1 - side][price]
            for maker in [o for v in venues for o in list(level) if o.venue == v]:
                part = min(left, maker.lots)
                if part:
                    self.made_at[maker.owner][maker.venue] += part
                    self.taken_at[taker][maker.venue] += part
                    self.fill(taker, sign, maker, part)
                left -= part
            if named and level:
                break
        return lots - left

    def cross_dark(self, taker, side, lots):
        sign, left = 1 if side == BID else -1, lots
        for order in [o for o in self.pool if o[1] != side]:
            part = min(left, order[2])
            if not part:
                continue
            for who, s in ((taker, sign), (order[0], -sign)):
                self.dark_cash[who] -= s * self.twice_mid * part
                self.shares[who] += s * part
            self.dark_taken[taker] += part
            self.dark_made[order[0]] += part
            if order[0] and self.model == FP:
                self.remember(order[0], -sign * part * self.p["passive"])
            if taker and self.model == FP:
                self.remember(taker, float(sign * part))
            order[2] -= part
            left -= part
        self.pool = [o for o in self.pool if o[2]]
        return lots - left

    def send(self, side, lots, limit):
        """A market order of the background where there are venues or a pool."""
        filled, p = 0, self.p
        if p["pool"]:
            self.beats += 1
            self.pool = [o for o in self.pool if o[3] > self.beats]
            u, sign = self.u(DARK), 1 if side == BID else -1
            full = len(self.pool) == 32 and self.pool[0][1] == side
            if u < p["ping"]:
                if limit is None or sign * (self.twice_mid - 2 * limit) <= 0:
                    filled = self.cross_dark(0, side, lots)
            elif u < p["ping"] + p["hide"] and not full:
                lots = self.size(self.u(SIZE), "market_sizes")
                filled = self.cross_dark(0, side, lots)
                waits = max(1, math.ceil(-p["patience"] * math.log(1.0 - self.u(PATIENCE))))
                if filled < lots:
                    self.pool.append([0, side, lots - filled, self.beats + waits])
                return filled
        if p["venues"] == 1:
            return filled + self.trade(0, side, lots - filled, limit)
        venues = p["cheapest"][: p["venues"]]
        if p["weighed"]:
            first = sum(self.u(ROUTE) >= edge for edge in p["first"][: p["venues"] - 1])
            venues = [first] + [v for v in venues if v != first]
        return filled + self.trade_across(0, side, lots - filled, limit, venues, named=False)

    def trade(self, taker, side, lots, limit):
        hit, sign, left = 1 - side, 1 if side == BID else -1, lots
        while left > 0 and self.queues[hit]:
            price = self.best(hit)
            if limit is not None and sign * (price - limit) > 0:
                break
            maker = self.queues[hit][price][0]
            part = min(left, maker.lots)
            self.fill(taker, sign, maker, part)
            left -= part
        return lots - left

    def fill(self, taker, sign, maker, part):
        for who, s in ((taker, sign), (maker.owner, -sign)):
            self.cash[who] -= s * maker.price * part
            self.shares[who] += s * part
        self.made[maker.owner] += part
        self.push = float(sign)
        if maker.owner and self.model == FP:
            self.remember(maker.owner, -sign * part * self.p["passive"])
        if taker and self.model == FP:
            self.remember(taker, float(sign * part))
        maker.lots -= part
        if maker.lots == 0:
            self.remove(maker)

    def remember(self, owner, lots):
        for r in range(4):
            self.memory[8 + owner][r] += lots * self.p["per_typical"]

    # queue-reactive
    def price_of(self, side, i):
        return self.reference - i if side == BID else self.reference + 1 + i

    def rung(self, lots):
        return min(math.ceil(lots * self.p["per_typical"]), 63)

    def look_at(self, side, i):
        if not 0 <= i < self.K:
            return
        queue = self.queues[side].get(self.price_of(side, i), [])
        ours = sum(o.lots for o in queue if o.owner)
        theirs = sum(o.lots for o in queue if not o.owner)
        limit = self.posting * self.p["limit"][i][self.rung(theirs + self.p["display"] * ours)]
        cancel = self.p["cancel"][i][self.rung(float(theirs))]
        self.limit_sum[side] += limit - self.limit[side][i]
        self.cancel_sum[side] += cancel - self.cancel[side][i]
        self.limit[side][i], self.cancel[side][i] = limit, cancel

    def look_at_price(self, side, price):
        self.look_at(side, self.reference - price if side == BID else price - self.reference - 1)

    def look_at_all(self):
        for side in (BID, ASK):
            self.limit_sum[side] = self.cancel_sum[side] = 0.0
            for i in range(self.K):
                self.limit[side][i] = self.cancel[side][i] = 0.0
                self.look_at(side, i)

    def clear_queue(self, side, price, spare):
        queue = [o for o in self.queues[side].get(price, []) if o.owner == 0]
        for order in reversed(queue[spare:]):
            self.remove(order)

    def redraw(self):
        for side in (BID, ASK):
            for i in range(self.K):
                self.restock(side, i, 1.0, OPENING_PLACES + (side * A_SIDE + i) * A_QUEUE)
        self.look_at_all()

    def restock(self, side, i, share, key):
        u, target = self.u(key), 0
        while target < 63 and u >= self.p["stationary"][i][target]:
            target += 1
        target = int(share * target + 0.5)
        price = self.price_of(side, i)
        self.clear_queue(side, price, target)
        count = sum(o.owner == 0 for o in self.queues[side].get(price, []))
        for k in range(count, target):
            self.rest(0, side, price, self.size(self.u(key + 1 + k)), self.venue(key + 65 + k))

    def quote_edges(self):
        for side in (BID, ASK):
            if self.background(side) == 0:
                self.rest(0, side, self.price_of(side, self.K - 1), self.p["unit"])
                self.look_at(side, self.K - 1)

    def settle(self, agent):
        if self.model < QUEUE_REACTIVE:
            for side in (BID, ASK):
                if self.background(side) == 0:
                    anchor = self.best(1 - side) if self.queues[1 - side] else (self.twice_mid + 1 - side) >> 1
                    band = self.p["band"]
                    self.rest(0, side, anchor - band if side == BID else anchor + band, self.p["unit"])
            self.twice_mid = self.best(BID) + self.best(ASK)
            return
        was = self.twice_mid
        self.quote_edges()
        now = self.best(BID) + self.best(ASK)
        if now != was:
            self.follow(was, now, agent)
            self.quote_edges()
        self.twice_mid = self.best(BID) + self.best(ASK)
        hour = self.posting ** self.p["impact_posting"] if self.model == FP else 1.0
        self.rush = min(self.p["rush"] * (self.beyond() * hour), 50.0) if self.model == FP else 0.0
        for side in (BID, ASK):
            lots = sum(o.lots for o in self.queues[side][self.best(side)])
            shy = self.p["by_spread"][min(self.best(ASK) - self.best(BID), 64) - 1]
            scale = (1.0 + self.rush) * ((1.0 + self.heat) * self.trading * shy)
            self.market_rate[side] = scale * self.p["market"][self.rung(float(lots))]
            if self.model == FP and self.p["selective"] > 0:
                self.market_rate[side] *= self.weights()[side]
        if self.model == FP:
            self.tilt()

    def follow(self, was, now, agent):
        centre, step = 2 * self.reference + 1, 0
        if now > was and now > centre:
            step = 1
        if now < was and now < centre:
            step = -1
        theta = self.p["theta"]
        if self.model == FP and self.p["heed"] > 0:  # odds θ/(1-θ), times e^(heed × what F lies further on)
            theta = theta / (theta + (1.0 - theta) * math.exp(-self.p["heed"] * step * (self.fair - 0.5 * now)))
        follows = step != 0 and self.u(MOVE + agent) < theta
        target = self.reference + (step if follows else 0)
        if self.best(BID) > target:
            target = self.best(BID)
        elif self.best(ASK) <= target:
            target = self.best(ASK) - 1
        moved = target - self.reference
        if moved:
            side = BID if moved > 0 else ASK
            leaving = [self.price_of(side, self.K - 1 - j) for j in range(min(abs(moved), self.K))]
            self.reference = target
            for j, price in enumerate(leaving):
                self.clear_queue(side, price, 0)
                if self.p["entering"] > 0:
                    far = self.price_of(1 - side, self.K - 1 - j)
                    key = 16_384 + ((1 - side) * A_SIDE + far % A_SIDE) * A_QUEUE
                    self.restock(1 - side, self.K - 1 - j, self.p["entering"], key)
            self.look_at_all()
        if follows and self.u(REDRAW + agent) < self.p["reinit"]:
            self.redraw()

    # tilts
    def set_pace(self):
        self.pace = self.p["tempo"] * self.curve("volume_curve") * math.exp(self.activity + self.p["activity_shift"])
        self.trading = self.curve("trading_curve")
        was, self.posting = self.posting, self.curve("posting_curve")
        if self.model >= QUEUE_REACTIVE and was not in (None, self.posting):
            self.look_at_all()

    def curve(self, name):
        cell = min(int(max(self.clock, 0.0) / self.p["day"] * self.p["cells"]), self.p["cells"] - 1)
        return self.p[name][self.p["part"][cell]]

    def asked(self):
        u = self.u(SIZE)
        if self.own_sizes():  # S to the power 1/c
            u = 1.0 - (1.0 - u) ** self.curve("size_curve")
        return self.sized(self.size(u, "market_sizes"))

    def own_sizes(self):
        return self.p["market_sizes"] != self.p["sizes"]

    def sized(self, lots):
        if self.own_sizes() or all(scale == 1.0 for scale in self.p["size_curve"][: self.p["bins"]]):
            return lots
        return max(1, int(lots * self.curve("size_curve") + self.u(PART)))

    def news_size(self):
        return self.curve("volatility_curve") * self.swing()

    def swing(self):
        return math.exp(self.p["activity_news"] * self.activity - self.p["news_shift"])

    def loudness(self):
        if self.p["impact_posting"]:
            return self.curve("posting_curve") ** -self.p["impact_posting"] * self.swing() ** self.p["impact_news"]
        return self.news_size() ** self.p["impact_news"]

    def h(self, n):
        return n / math.sqrt(abs(n) + self.p["n0"])

    def owners(self):
        return [*range(self.p["slots"]), 9, 10]

    def value(self):
        total = self.walk
        for r in range(4):
            total += self.residue[r]
        for k in self.owners():
            for r in range(4):
                total += self.p["weight"][r] * (self.loud[k] * self.h(self.memory[k][r]))
        self.fair = total

    def beyond(self):
        return max(0.0, self.fair - self.best(ASK), self.best(BID) - self.fair)

    def tilt(self):
        gap = 0.5 * self.twice_mid - self.fair
        x = self.p["kappa"] * gap
        if self.p["stale"] > 0:
            x += self.p["stale"] * math.copysign(self.beyond(), gap)
        x, push = min(max(x, -self.p["clip"]), self.p["clip"]), self.p["swift"] * self.push
        self.up, self.up_cancel = math.exp(self.p["join"] * x - push), math.exp(self.p["lean"] * x - push)
        self.down, self.down_cancel = 1.0 / self.up, 1.0 / self.up_cancel

    def lean(self, signed):
        passed, self.pressed, total = self.time - self.pressed, self.time, 0.0
        for r in range(4):
            fall = math.exp(-self.p["keep"][r] * passed)
            self.pressure[r] = self.pressure[r] * fall + signed * self.p["per_typical"]
            total += self.p["weight"][r] * self.pressure[r]
        self.up = self.up_cancel = math.exp(min(max(self.p["kappa"] * total, -self.p["clip"]), self.p["clip"]))
        self.down = self.down_cancel = 1.0 / self.up

    def informed_side(self):
        gap = 2.0 * self.fair - self.twice_mid
        if abs(gap) <= self.p["edge"] * (self.best(ASK) - self.best(BID)):
            return None
        return BID if gap > 0 else ASK

    def on_side(self, side):
        """The chances that each metaorder is next and on a side: one that is over is half on it."""
        found = []
        for k in range(self.p["slots"]):
            chance = (1.0 - self.p["again"]) / self.p["slots"] + (self.p["again"] if k == self.slot_last else 0.0)
            found.append(0.5 * chance if self.slot_left[k] <= 0 else chance * (self.slot_side[k] == side))
        return found

    def chance_on(self, side):
        turn = (self.p["informed"] + self.rush) / (1.0 + self.rush)
        others = sum(self.on_side(side))
        if self.informed_side() is None:
            return others
        return turn * (self.informed_side() == side) + (1.0 - turn) * others

    def weights(self):
        """Of the rates at bid and ask: `selective` of them is for whoever is on the other side."""
        z = self.p["selective"]
        return [1.0 - z + 2.0 * z * self.chance_on(1 - hit) for hit in (BID, ASK)]

    def metaorder(self, side=None):
        u, again = self.u(OWNER), self.p["again"]
        if u < again:
            slot = self.slot_last
        else:
            slot = min(int((u - again) / (1.0 - again) * self.p["slots"]), self.p["slots"] - 1)
        if side is not None:
            weights = self.on_side(side)
            left, slot = u * sum(weights), None
            for k, weight in enumerate(weights):
                if weight > 0 and (slot is None or left >= 0):
                    slot, left = k, left - weight
        if self.slot_left[slot] <= 0:
            if self.model == FP:
                for r in range(4):
                    self.residue[r] += self.p["weight"][r] * self.loud[slot] * self.h(self.memory[slot][r])
                    self.memory[slot][r] = 0.0
                self.loud[slot] = self.loudness()
            self.slot_side[slot] = side if side is not None else BID if self.u(SIDE) < 0.5 else ASK
            self.slot_left[slot] = int(min((1.0 - self.u(LENGTH)) ** self.p["tail"], self.p["cap"]))
        self.slot_left[slot] -= 1
        self.slot_last = slot
        return slot, self.slot_side[slot]

    # events
    def total_rate(self):
        live = self.background(BID) + self.background(ASK)
        if self.model >= QUEUE_REACTIVE:
            bid = self.down * self.limit_sum[BID] + self.up_cancel * self.cancel_sum[BID]
            ask = self.up * self.limit_sum[ASK] + self.down_cancel * self.cancel_sum[ASK]
            return bid + ask + (self.market_rate[BID] + self.market_rate[ASK])
        if self.model == HAWKES:
            total = self.p["cancel_rate"] * live
            for i in range(4):
                total += self.hawkes_rate(i)
            return total
        p = self.p
        return 2.0 * p["band"] * p["limit_rate"] + 2.0 * p["market_rate"] + p["cancel_rate"] * live

    def hawkes_rate(self, i):
        total = self.p["base"][i]
        for x in self.excitation[i]:
            total += x
        return total

    def choose(self, total, passed):
        v, live = self.u(KIND) * total, self.background(BID) + self.background(ASK)
        if self.model >= QUEUE_REACTIVE:
            for side in (BID, ASK):
                tilt, inverse = (self.down, self.up) if side == BID else (self.up, self.down)
                lean, upright = (
                    (self.down_cancel, self.up_cancel) if side == BID else (self.up_cancel, self.down_cancel)
                )
                limits, cancels = tilt * self.limit_sum[side], upright * self.cancel_sum[side]
                if v < limits:
                    return "limit", side, self.scan(self.limit[side], v * inverse)
                if v < limits + cancels:
                    return "cancel", side, self.scan(self.cancel[side], (v - limits) * lean)
                v -= limits + cancels
            return "market", BID if v < self.market_rate[BID] else ASK, 0
        if self.model == HAWKES:
            for r in range(3):
                for i in range(4):
                    self.excitation[i][r] *= math.exp(-self.p["speed"][r] * passed)
            if v < self.p["cancel_rate"] * live:
                return "cancel", BID, 0
            v -= self.p["cancel_rate"] * live
            for j in range(4):
                rate = self.hawkes_rate(j)
                if v < rate:
                    for i in range(4):
                        for r in range(3):
                            self.excitation[i][r] += self.p["jump"][i][j][r]
                    return ("market" if j < 2 else "limit"), j % 2, 0
                v -= rate
            return "nothing", BID, 0
        limits, markets = self.p["band"] * self.p["limit_rate"], self.p["market_rate"]
        if v < 2.0 * limits:
            return "limit", BID if v < limits else ASK, 0
        v -= 2.0 * limits
        if v < 2.0 * markets:
            return "market", BID if v < markets else ASK, 0
        return "cancel", BID, 0

    def scan(self, rates, v):
        for i in range(0, self.K, 4):  # by fours: else a quantile at an edge would be rounded to its other side
            one, two, three, four = (*rates[i : min(i + 4, self.K)], 0.0, 0.0, 0.0)[:4]
            edges = (one, one + two, one + two + three, one + two + (three + four))
            for k, edge in enumerate(edges):
                if v < edge:
                    return i + k
            v -= edges[-1]
        return max((i for i in range(self.K) if rates[i] > 0.0), default=0)

    def step(self):
        self.block = self.block_of(self.events)
        total = self.total_rate()
        passed = self.wait / total
        in_company, self.company = self.company, None
        if in_company is None:
            self.time += passed
            self.clock += passed * self.gap / self.pace
        else:
            self.clock += self.wait * self.p["company_gap"]
        self.heat *= self.p["echo_keep"]
        if self.p["swift"] > 0:
            self.push *= self.p["swift_keep"]
        kind, side, i = self.choose(total, passed)
        if in_company is not None:
            lean = self.up_cancel if in_company == BID else self.down_cancel
            there = lean * self.cancel_sum[in_company]
            if there > 0.0:
                back = self.down_cancel if in_company == BID else self.up_cancel
                kind, side, i = "cancel", in_company, self.scan(self.cancel[in_company], self.u(KIND) * there * back)
        emptied, self.emptied = self.emptied, None
        if emptied and self.u(BACK) < self.p["comeback"]:
            crosses = emptied[1] >= self.best(ASK) if emptied[0] == BID else emptied[1] <= self.best(BID)
            queue = self.reference - emptied[1] if emptied[0] == BID else emptied[1] - self.reference - 1
            if not crosses and 0 <= queue < self.K:
                kind, side, i = "limit", emptied[0], queue
        lots = self.size(self.u(SIZE), "market_sizes" if kind == "market" else "sizes")
        if kind == "limit":
            if self.model >= QUEUE_REACTIVE:
                self.rest(0, side, self.price_of(side, i), lots, self.venue(VENUE))
                self.look_at(side, i)
            else:
                away = 1 + min(int(self.u(PRICE) * self.p["band"]), self.p["band"] - 1)
                price = self.best(1 - side) - away if side == BID else self.best(1 - side) + away
                self.rest(0, side, price, lots, self.venue(VENUE))
        elif kind == "cancel":
            self.cancel_one(side, i)
        elif kind == "market":
            self.market_order(side, lots)
        if self.model == QL and self.events % 16 == 0:
            self.lean(0)
        self.settle(0)
        if self.p["gap_count"] > 1 and self.company is None:
            self.draw_gap(kind == "market")
        self.events += 1
        self.draw_wait()

    def rank_of(self, count, u):
        decay = float(self.p["cancel_decay"])
        if decay == 0.0:
            return min(int(u * count), count - 1)
        if decay == 1.0:
            place = (count + 1.0) ** u
        else:
            place = (1.0 + u * ((count + 1.0) ** (1.0 - decay) - 1.0)) ** (1.0 / (1.0 - decay))
        return count - min(max(int(place), 1), count)

    def cancel_one(self, side, i):
        if self.model >= QUEUE_REACTIVE:
            was = self.best(side)
            theirs = [o for o in self.queues[side].get(self.price_of(side, i), []) if o.owner == 0]
            if theirs:
                rank = self.rank_of(len(theirs), self.u(RANK))
                self.remove(theirs[(rank, 0, len(theirs) - 1)[self.p["cancel_rule"]]])
                if self.price_of(side, i) == was and self.queues[side] and self.best(side) != was:
                    self.emptied = side, was
            if self.u(COMPANY) < self.p["company"]:
                self.company = side
            self.look_at(side, i)
            return
        live = {o.slot: o for o in self.all_orders() if o.owner == 0}
        for j in range(4096):
            u = self.u(RANK if j == 0 else OPENING_PLACES + j)
            slot = min(int(u * self.used), self.used - 1)
            if slot in live:
                self.remove(live[slot])
                return

    def market_order(self, side, lots):
        limit, slot = None, -1
        if self.model in (QUEUE_REACTIVE, QL, FP):
            side = 1 - side
        if self.model == FP:
            lots = self.asked()
            sweep = lots if self.own_sizes() else self.sized(self.p["sweep"])
            stops = self.p["sweep_through"] < 1.0 and self.u(THROUGH) >= self.p["sweep_through"]
            u, known, turn = self.u(INFORMED), None, (self.p["informed"] + self.rush) / (1.0 + self.rush)
            if self.p["selective"] > 0:
                free = (1.0 - self.p["selective"]) / self.weights()[1 - side]
                known = None if u < free else side
                u = u / free if u < free else (u - free) / (1.0 - free)
            if known is not None:
                turn = turn / self.chance_on(side) if self.informed_side() == side else 0.0
            informed = u < turn
            if informed and self.fair > self.best(ASK):
                side, lots, limit = BID, sweep, self.best(ASK) if stops else math.ceil(self.fair) - 1
            elif informed and self.fair < self.best(BID):
                side, lots, limit = ASK, sweep, self.best(BID) if stops else math.floor(self.fair) + 1
            elif informed and abs(2.0 * self.fair - self.twice_mid) > self.p["edge"] * (
                self.best(ASK) - self.best(BID)
            ):
                side = BID if 2.0 * self.fair > self.twice_mid else ASK
            else:
                slot, side = self.metaorder(known)
        elif self.model == QL:
            side = self.metaorder()[1]
        elif self.model == EPSILON:
            side = self.metaorder()[1]
            offered = sum(o.lots for o in self.queues[1 - side][self.best(1 - side)])
            share = 1.0 - (1.0 - self.u(SIZE)) ** self.p["taking"]
            lots = max(1, math.floor(share * offered + 0.5))
        if self.model >= QUEUE_REACTIVE and limit is None:
            limit = self.price_of(1 - side, self.K - 1)
            if self.model == FP:
                near, reach = self.best(1 - side), self.p["reach"]
                limit = min(limit, near + reach) if side == BID else max(limit, near - reach)
                if self.u(THROUGH) >= self.p["through"]:
                    limit = near
        made = list(self.made)
        signed = self.take(0, side, lots, limit)
        self.heat = self.p["echo"]
        if self.model == FP and slot < 0 and self.p["picked"] < 1.0:
            for who in (1, 2):
                filled = self.made[who] - made[who]
                self.remember(who, (filled if signed > 0 else -filled) * self.p["passive"] * (1.0 - self.p["picked"]))
        self.activity = self.p["activity_keep"] * self.activity + self.p["activity_kick"] * self.xi(ACTIVITY)
        self.set_pace()
        if self.model == FP:
            loud = self.loudness()
            for k in self.owners():
                if k >= 8 and not any(self.memory[k]):
                    self.loud[k] = loud
                self.memory[k] = [n * keep for n, keep in zip(self.memory[k], self.p["keep"], strict=True)]
            for r in range(4):
                self.residue[r] *= self.p["keep"][r]
                if slot >= 0:
                    self.memory[slot][r] += signed * self.p["per_typical"]
            if self.p["news_rate"] >= 1.0 or self.u(TIDINGS) < self.p["news_rate"]:
                self.walk += self.p["news"] * self.news_size() * self.xi(NEWS)
            self.value()
        elif self.model == QL:
            self.lean(signed)

    def take(self, who, side, lots, limit, venue=0):
        before = list(self.queues[1 - side])
        if who == 0:
            filled = self.send(side, lots, limit)
        elif self.p["venues"] > 1:
            asked = [venue - 1] if venue else self.p["cheapest"][: self.p["venues"]]
            filled = self.trade_across(who, side, lots, limit, asked, named=venue > 0)
        else:
            filled = self.trade(who, side, lots, limit)
        if self.model >= QUEUE_REACTIVE:
            for price in sorted(before, reverse=side == ASK):
                self.look_at_price(1 - side, price)
        return filled if side == BID else -filled

    # agents
    def act(self, kind, account, side, price, lots, venue=0):
        self.block = self.block_of(self.events)
        mine = sorted((o for o in self.all_orders() if o.owner == account), key=lambda o: o.slot)
        if kind == "post":
            if (
                (side == BID and price >= self.best(ASK))
                or (side == ASK and price <= self.best(BID))
                or len(mine) >= 16
            ):
                return
            self.rest(account, side, price, lots, max(venue - 1, 0))
            self.look_at_price(side, price)
        elif kind == "cancel all":
            self.withdraw(mine)
            self.pool = [o for o in self.pool if o[0] != account]
        elif kind == "take":
            self.withdraw([o for o in mine if o.side == 1 - side and venue in (0, o.venue + 1)])
            self.hear(self.take(account, side, lots, None, venue))
        elif kind == "dark amend":
            for order in self.pool:
                if order[0] == account:
                    order[2] = min(order[2], lots)
            self.pool = [o for o in self.pool if o[2]]
        elif kind in ("dark take", "dark post"):
            self.pool = [o for o in self.pool if o[0] != account or o[1] == side]
            mine = [o for o in self.pool if o[0] == account]
            if kind == "dark post" and (mine or (len(self.pool) == 32 and self.pool[0][1] == side)):
                return
            filled = self.cross_dark(account, side, lots)
            if kind == "dark post" and filled < lots:
                self.pool.append([account, side, lots - filled, math.inf])
            self.hear(filled if side == BID else -filled)
        self.settle(16)

    def hear(self, signed):
        if self.model == FP:
            self.value()
        elif self.model == QL:
            self.lean(signed)

    def withdraw(self, orders):
        for order in sorted(orders, key=lambda o: o.made):
            self.remove(order)
            self.look_at_price(order.side, order.price)
