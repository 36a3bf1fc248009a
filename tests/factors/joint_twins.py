"""Slow, obvious twins of what the regressors of joint betas are made of; NaN is missing."""

import numpy as np
import statsmodels.api as sm


def others(values, weights, same=None):
    """(instruments, slots) → the weighted mean of all others at each slot, of those in the `same` group where given."""
    out = np.full(values.shape, np.nan)
    for i in range(len(values)):
        for t in range(values.shape[1]):
            js = [j for j in range(len(values)) if j != i and np.isfinite(values[j, t]) and weights[j] > 0
                  and (same is None or same[j][t] == same[i][t] is not None)]  # fmt: skip
            if js:
                out[i, t] = np.average(values[js, t], weights=[weights[j] for j in js])
    return out


def without_season(values, bars, sessions, least):
    """(instruments, slots) from the first slot of a session on, less the mean of the same place in earlier sessions."""
    out = np.full(values.shape, np.nan)
    for t in range(values.shape[1]):
        before = [t - k * bars for k in range(1, sessions + 1) if t - k * bars >= 0]
        for i in range(len(values)):
            told = [values[i, s] for s in before if np.isfinite(values[i, s])]
            if len(told) >= least:
                out[i, t] = values[i, t] - sum(told) / len(told)
    return out


def changes(values, bars=None):
    """The value less that of the slot before; none at the first slot of a session of `bars`."""
    out = np.full(values.shape, np.nan)
    out[:, 1:] = values[:, 1:] - values[:, :-1]
    if bars:
        out[:, ::bars] = np.nan
    return out


def lags(values, bars=None):
    """The value of the slot before, where there is one now."""
    out = np.full(values.shape, np.nan)
    out[:, 1:] = np.where(np.isfinite(values[:, 1:]), values[:, :-1], np.nan)
    if bars:
        out[:, ::bars] = np.nan
    return out


def forecast_errors(values, window, least, bars=None):
    """The value less its AR(2) forecast, with coefficients of the rows of the `window` slots before it."""
    one = lags(values, bars)
    two = lags(one, bars)
    out = np.full(values.shape, np.nan)
    for y, a, b, error in zip(values, one, two, out, strict=True):
        whole = np.isfinite(y) & np.isfinite(a) & np.isfinite(b)
        for t in np.flatnonzero(whole):
            use = np.flatnonzero(whole[:t])
            use = use[use >= t - window]
            if len(use) >= least:
                c = np.linalg.lstsq(np.column_stack([np.ones(len(use)), a[use], b[use]]), y[use], rcond=None)[0]
                error[t] = y[t] - c @ [1.0, a[t], b[t]]
    return out


def blocks(returns, bars, length, every, least):
    """(sums, ln of mean squares) of the blocks of each session, at their last slots."""
    total, variance = np.full(len(returns), np.nan), np.full(len(returns), np.nan)
    for open_ in range(0, len(returns), bars):
        for k in range(open_, min(open_ + bars, len(returns)) - length + 1, every):
            own = returns[k : k + length]
            there = np.isfinite(own)
            if there[-1] and there.sum() >= least:
                total[k + length - 1] = own[there].sum()
                variance[k + length - 1] = np.log((own[there] ** 2).mean())
    return total, variance


def from_block_to_block(values, farthest):
    """The value less the last one, if that is near enough."""
    out, last = np.full(len(values), np.nan), None
    for t in np.flatnonzero(np.isfinite(values)):
        if last is not None and t - last <= farthest:
            out[t] = values[t] - values[last]
        last = t
    return out


def regression(y, x, t, window, intercept=True):
    """(statsmodels OLS over the rows of the window that ends at t, number of them)."""
    use = np.arange(max(t - window + 1, 0), t + 1)
    use = use[np.isfinite(y[use]) & np.isfinite(np.array([c[use] for c in x])).all(axis=0)]
    columns = np.column_stack([c[use] for c in x])
    return sm.OLS(y[use], sm.add_constant(columns, has_constant="add") if intercept else columns).fit(), use
