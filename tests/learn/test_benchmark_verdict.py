"""Targets and words from documents made by hand: what is worse is printed as worse, what is too little is no claim."""

import copy

import pytest

from tickwright.learn.benchmark.reading import notes
from tickwright.learn.benchmark.targets import MET, NOT_MEASURED, NOT_MET, targets
from tickwright.learn.benchmark.verdict import BAD, GOOD, PLAIN, claims, not_shown

RIVALS = ("twap/take", "twap/post-then-cross", "heuristic", "best simple")


def row(policy, kind, mean, ratio=0.9, cvar=0.8, **more):
    apart = {"bps": mean - 2.0, "ci95": [mean - 2.05, mean - 1.95], "ticks": mean - 2.0, "ticks_ci95": [0.0, 0.0]}
    tails = {"ratio": cvar, "ci95": [cvar - 0.05, cvar + 0.05]}
    return {
        "policy": policy, "kind": kind, "seeds": 5, "episodes": 50_000, "stopped": 0, "mean_bps": mean,
        "forced_share": 0.001, "difference_to": dict.fromkeys(RIVALS, apart), "ratio_to": dict.fromkeys(RIVALS, ratio),
        "ratio_ci95": {rival: [ratio - 0.02, ratio + 0.02] for rival in RIVALS},
        "cvar_ratio_to": dict.fromkeys(RIVALS, tails),
    } | more  # fmt: skip


SEEDS = {"set": 1, "trained_with": False, "hash": "a1", "committed": "a1"}


def policy(recipe="r", known=1_000, least=1_000):
    return {"recipe": recipe, "training_episodes": known, "training_episodes_at_least": least}


def matched(status="matched", ratio=0.7, apart=(-0.6, -0.65, -0.55), **more):
    return {
        "status": status, "rival": "tuned for the mean", "policy_cvar95_bps": 9.0, "rival_cvar95_bps": 9.0,
        "difference": {"bps": apart[0], "ci95": list(apart[1:]), "ticks": apart[0]}, "ratio": ratio,
        "ratio_ci95": [ratio - 0.02, ratio + 0.02], "episodes": 20_000, "played": 20_000,
    } | more  # fmt: skip


def document(own, shells=10, at_risk=None, **more):
    def scenario(name, kind):
        rows = [row("heuristic", "baseline", 2.0), own]
        return {"name": name, "kind": kind, "base": "tight", "rows": copy.deepcopy(rows), "trained_here": None,
                "episode": {"mid_price": 10_000}, "matched_risk": at_risk or matched()}  # fmt: skip

    return {
        "scenarios": [scenario("tight", "headline"), *(scenario(f"tight: {n}", "shell") for n in range(shells))],
        "gates": {"tight": {"passed": True, "quick": False, "market": {"checks": []}, "policies": {}}},
        "policies": [policy()] * 5,
        "tuning": {"tight": {"budget": 1_000}},
        "quick": False, "complete": True, "replay": [],
        "parts": ["headline", "baselines", "frontier", "shell", "gate"],
        "episodes": {"headline": 50_000, "cell": 20_000}, "test_seeds": SEEDS,
    } | more  # fmt: skip


def verdicts(given):
    return {target.quantity: target for target in targets(given)}


HEURISTIC = "policy / tuned heuristic, tight"


def test_a_good_policy_meets_the_targets():
    found = verdicts(document(row("policy, mean of seeds", "several", 1.4, ratio=0.65)))
    assert found[HEURISTIC].verdict == MET
    assert found[HEURISTIC].stretch_verdict == MET
    assert found["policy / tuned heuristic, wide"].verdict == NOT_MEASURED
    assert found["shifted regimes: not dearer than the heuristic"].verdict == MET
    assert [c["tone"] for c in claims(document(row("policy, mean of seeds", "several", 1.4)))][1] == GOOD


def test_a_policy_that_is_worse_is_printed_as_worse():
    given = document(row("policy, mean of seeds", "several", 2.6, ratio=1.3, cvar=1.2))
    found = verdicts(given)
    assert found[HEURISTIC].verdict == NOT_MET
    assert "1.300" in found[HEURISTIC].value
    assert found["shifted regimes: not dearer than the heuristic"].verdict == NOT_MET
    told = [c for c in claims(given) if c["tone"] == BAD]
    assert any("DEARER than the heuristic: +0.600 bps" in c["text"] for c in told)
    assert any("1 baselines cost less than the policy: heuristic" in c["text"] for c in told)


def test_where_a_plain_baseline_is_surely_cheaper_is_said_with_its_number():
    """Twice the volatility: cheaper than the heuristic, and dearer than taking. The words name it, and what is not sure
    is not named."""
    given = document(row("policy, mean of seeds", "several", 1.4))
    assert not any("plain" in c["text"] and c["tone"] == BAD for c in claims(given))
    apart = given["scenarios"][3]["rows"][1]["difference_to"]
    apart["twap/take"] = {"bps": 1.331, "ci95": [1.11, 1.53], "ticks": 1.3, "ticks_ci95": [1.1, 1.5]}
    apart["ac/post-then-cross"] = {"bps": 0.2, "ci95": [-0.1, 0.5], "ticks": 0.2, "ticks_ci95": [-0.1, 0.5]}
    (said,) = [c for c in claims(given) if "plain baseline" in c["text"]]
    assert said["tone"] == BAD
    named = "tight: 2, than twap/take by +1.331 bps (+1.110 to +1.530)"
    assert said["text"] == f"The policy is surely DEARER than a plain baseline in {named}."


def test_an_interval_that_reaches_one_is_not_sure():
    own = row("policy, mean of seeds", "several", 1.9, ratio=0.94, ratio_ci95={r: [0.8, 1.01] for r in RIVALS})
    assert verdicts(document(own))[HEURISTIC].verdict == NOT_MET


@pytest.mark.parametrize(
    ("own", "more"),
    [
        ({"seeds": 4}, {}),
        ({"episodes": 4_096}, {}),
        ({}, {"quick": True}),
        ({}, {"test_seeds": SEEDS | {"trained_with": True}}),
        ({}, {"test_seeds": SEEDS | {"set": 2}}),
        ({}, {"test_seeds": SEEDS | {"committed": None}}),
        ({}, {"gates": {}}),
        ({}, {"gates": {"tight": {"passed": False, "quick": False, "market": {"checks": []}, "policies": {}}}}),
        ({}, {"tuning": {"tight": None}}),
        ({}, {"tuning": {"tight": {"budget": 999}}}),
        ({}, {"policies": [policy(str(n), 1, 1) for n in range(5)]}),
        ({}, {"policies": [policy(known=1_001, least=1_001)] * 5}),
        ({}, {"policies": [policy()] * 4 + [policy(known=None)]}),
    ],
)
def test_too_little_is_no_claim_however_good(own, more):
    """Fewer seeds or episodes, several recipes, a look, a heuristic of less budget: not met, and never green."""
    given = document(row("policy, mean of seeds", "several", 1.2, ratio=0.6) | own, **more)
    assert verdicts(given)[HEURISTIC].verdict == NOT_MEASURED
    assert all(c["tone"] != GOOD for c in claims(given))


@pytest.mark.parametrize(("known", "said"), [(6_000, "the policy 6,000."), (None, "it saw more")])
def test_no_sentence_says_that_the_heuristic_had_as_much_where_it_had_less(known, said):
    """50 176 episodes that steps make of longest ones, 300 000 by the log: nothing calls that its own budget."""
    given = document(
        row("policy, mean of seeds", "several", 1.2, ratio=0.6),
        policies=[policy(known=known, least=known or 1_000)] * 5,
    )
    assert any(said in text for text in not_shown(given) if "a heuristic of its own budget" in text)
    (told,) = [text for text in notes(given) if text.startswith("The heuristic is tuned")]
    assert "1,000 episodes" in told
    assert ("6,000" if known else "it saw more") in told
    assert not any("at least that of the policy" in text for text in notes(given))


RISK = "policy / heuristic at the policy's CVaR 95 %, tight"


@pytest.mark.parametrize(
    ("at_risk", "verdict", "words"),
    [
        (matched(), MET, "risk matched at a CVaR 95 % of 9.00 bps, the rival's 9.00: the policy is cheaper"),
        (matched("less"), MET, "risk is less than matched"),
        (matched("more"), NOT_MET, "risk is NOT matched"),
        (matched(ratio=0.99, apart=(-0.01, -0.1, 0.1)), NOT_MET, "not shown to differ"),
        (matched(ratio=1.2, apart=(0.3, 0.2, 0.4)), NOT_MET, "the policy is DEARER"),
        (matched(played=512), NOT_MEASURED, "risk matched"),
    ],
)
def test_a_claim_against_the_heuristic_needs_matched_risk(at_risk, verdict, words):
    """However good the mean: only where it is surely cheaper at its own tail is it green, and the words say which."""
    given = document(row("policy, mean of seeds", "several", 1.4), at_risk=at_risk)
    assert verdicts(given)[RISK].verdict == verdict
    said = [c for c in claims(given) if "the heuristic" in c["text"]]
    assert any(words in c["text"] for c in said)
    sure = at_risk["status"] != "more" and at_risk["difference"]["ci95"][1] < 0
    assert any(c["tone"] == GOOD for c in said) == sure
    assert any("It is no claim" in c["text"] for c in said) != sure


def test_without_a_frontier_risk_is_not_matched():
    given = document(row("policy, mean of seeds", "several", 1.4), parts=["headline", "baselines", "shell", "gate"])
    assert "the heuristic's frontier" in verdicts(given)[RISK].why
    given["scenarios"][0]["matched_risk"] = None
    assert verdicts(given)[RISK].verdict == NOT_MEASURED
    assert all(c["tone"] != GOOD for c in claims(given) if "the heuristic" in c["text"])


def test_without_a_frontier_less_tail_than_one_heuristic_is_no_claim():
    """One heuristic is no frontier: another one, tuned for less tail, might be as cheap there."""
    own, parts = row("policy, mean of seeds", "several", 1.4), ["headline", "baselines", "shell", "gate"]
    said = claims(document(own, at_risk=matched("less"), parts=parts))
    assert any("risk is less than matched" in c["text"] and "No claim" in c["text"] for c in said)
    assert all(c["tone"] != GOOD for c in said if "the heuristic" in c["text"])


@pytest.mark.parametrize(
    "broken",
    [
        {"gates": {"passed": False, "market": {"checks": [{"name": "round trip", "passed": False}]}}},
        {"tuning": None},
        {"tuning": {"budget": 999}},
    ],
)
def test_a_claim_needs_what_its_own_market_has_passed(broken):
    """Two headlines: what one of them lacks takes its own claims back, and not those of the other."""
    both = document(row("policy, mean of seeds", "several", 1.4, ratio=0.65))
    other = copy.deepcopy(both["scenarios"][0]) | {"name": "wide", "base": "wide"}
    both["scenarios"].append(other)
    both["gates"]["wide"], both["tuning"]["wide"] = copy.deepcopy(both["gates"]["tight"]), {"budget": 1_000}
    assert {c["text"].split(":")[0] for c in claims(both) if c["tone"] == GOOD} == {"tight", "wide"}
    for lacking, fine in (("wide", "tight"), ("tight", "wide")):
        given = copy.deepcopy(both)
        for key, value in broken.items():
            given[key][lacking] = given[key][lacking] | value if key == "gates" else value
        assert {c["text"].split(":")[0] for c in claims(given) if c["tone"] == GOOD} == {fine}
        found = verdicts(given)
        assert found[f"policy / tuned heuristic, {lacking}"].verdict == NOT_MEASURED
        assert found[f"policy / tuned heuristic, {fine}"].verdict == MET


def test_a_mean_bought_with_risk_is_no_claim():
    given = document(row("policy, mean of seeds", "several", 1.5, cvar=1.2))
    said = next(c for c in claims(given) if "than the heuristic" in c["text"])
    assert said["tone"] == PLAIN
    assert "more tail" in said["text"]


def test_a_tail_that_is_not_known_is_neither_better_nor_worse():
    """A CVaR near zero has no ratio: a lower mean beside it is said as such, and claimed by nobody."""
    own = row("policy, mean of seeds", "several", 1.5) | {"cvar_ratio_to": dict.fromkeys(RIVALS)}
    said = next(c for c in claims(document(own)) if "the heuristic" in c["text"])
    assert said["tone"] == PLAIN
    assert "not known" in said["text"]
    assert "more tail" not in said["text"]


def test_a_ratio_that_is_not_there_is_not_a_target_met():
    own = row("policy, mean of seeds", "several", 0.01) | {
        "ratio_to": dict.fromkeys(RIVALS), "ratio_ci95": dict.fromkeys(RIVALS),
    }  # fmt: skip
    found = verdicts(document(own))[HEURISTIC]
    assert found.verdict == NOT_MEASURED
    assert "bps" in found.value


def test_a_failed_gate_is_said_first():
    given = document(row("policy, mean of seeds", "several", 1.2))
    given["gates"]["tight"] |= {"passed": False, "market": {"checks": [{"name": "no drift", "passed": False}]}}
    first = claims(given)[0]
    assert first["tone"] == BAD
    assert "no drift" in first["text"]


def test_used_seeds_are_said():
    given = document(
        row("policy, mean of seeds", "several", 1.2),
        test_seeds=SEEDS | {"set": 3, "trained_with": True},
    )
    text = " ".join(not_shown(given))
    assert "set 3 of policies" in text
    assert "trained or validated with one of the test seeds" in text


def cheapest(ratio, cvar=8.0, rival="tuned for λ = 0.3"):
    apart = {"bps": ratio - 1.0, "ci95": [ratio - 1.02, ratio - 0.98], "ticks": ratio - 1.0}
    return {"cheapest": {
        "rival": rival, "rival_cvar95_bps": cvar, "policy_mean_bps": 1.4, "rival_mean_bps": 2.0, "difference": apart,
        "ratio": ratio, "ratio_ci95": [ratio - 0.02, ratio + 0.02],
    }}  # fmt: skip


def test_a_cheaper_heuristic_of_the_frontier_is_the_measure():
    """A target is met against the heuristic tuned for the mean and against the cheapest that any search found."""
    own = row("policy, mean of seeds", "several", 1.4, ratio=0.65)
    tails = "CVaR 95 % of the policy / of the heuristic, tight"
    for ratio, verdict, stretch in ((0.80, MET, MET), (0.90, MET, NOT_MET), (0.97, NOT_MET, NOT_MET)):
        given = document(own, at_risk=matched(**cheapest(ratio)))
        target = verdicts(given)[HEURISTIC]
        assert (target.verdict, target.stretch_verdict) == (verdict, stretch)
        assert f"tuned for λ = 0.3, {ratio:.3f}" in target.value
        assert any("did not find the cheapest heuristic" in c["text"] for c in claims(given))
        assert verdicts(given)[tails].verdict == NOT_MET  # 9 bps of tail against 8
        assert any("that the policy is cheaper at the tail of that heuristic, 8.00 bps" in s for s in not_shown(given))
    same = document(own, at_risk=matched(**cheapest(0.97, rival="tuned for the mean")))
    assert not any("at the tail of that heuristic" in s for s in not_shown(same))
    assert verdicts(same)[HEURISTIC].verdict == MET
    assert not any("did not find" in c["text"] for c in claims(same))


def test_a_replay_is_held_against_the_tuned_heuristic_by_its_whole_name():
    days = [{"rows": [
        {"policy": name, "kind": kind, "mean_bps": cost}
        for name, kind, cost in (
            ("policy", "policy", 1.0), ("twap/take", "baseline", 2.0), ("heuristic, untuned", "baseline", 0.5),
            ("heuristic", "baseline", 0.8),
        )
    ]}]  # fmt: skip
    found = verdicts(document(row("policy, mean of seeds", "several", 1.4), replay=days))
    assert (found["recorded days / heuristic"].verdict, found["recorded days / heuristic"].why) == (
        NOT_MET, "it costs more",
    )  # fmt: skip
    assert found["recorded days / TWAP-market"].verdict == NOT_MEASURED
    days[0]["rows"].pop()
    lacking = verdicts(document(row("policy, mean of seeds", "several", 1.4), replay=days))
    assert lacking["recorded days / heuristic"].why == "heuristic was not replayed"


def test_where_much_is_left_to_the_deadline_it_is_said():
    """A market in which the policy hardly trades stands in the verdict by name."""
    given = document(row("policy, mean of seeds", "several", 1.4))
    assert not any("left to the deadline" in c["text"] or "to the deadline in" in c["text"] for c in claims(given))
    given["scenarios"][2]["rows"][1]["forced_share"] = 0.861
    (said,) = [c for c in claims(given) if "to the deadline in" in c["text"]]
    assert (said["tone"], "tight: 1, 86.1%" in said["text"]) == (BAD, True)
