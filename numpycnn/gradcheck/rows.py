"""One row of the report, which summarizes outcomes."""

from collections.abc import Iterator, Sequence

from numpycnn.common.typing import Shape
from numpycnn.gradcheck.decision import BOUNDS, FAILED, INCONCLUSIVE, PASSED, Outcome
from numpycnn.gradcheck.report import Row


def row(name: str, shape: Shape, outcomes: Sequence[Outcome]) -> Row:
    """The row of the worst outcome."""
    whys = [one.measured.why for one in outcomes if one.measured.why]
    central = bool(whys) or all(one.measured.method == "central" for one in outcomes)
    method = "central" if central and outcomes else "complex"
    if not outcomes:
        return Row(name, shape, 0, method, 0.0, BOUNDS[method], (), 0.0, 0.0)
    largest = max(one.scale for one in outcomes)
    one = max(outcomes, key=lambda one: one.badness)
    return Row(
        name,
        shape,
        checked=len(outcomes),
        method=method,
        error=one.relative if one.verdict == FAILED else max(o.miss for o in outcomes) / (largest or 1.0),
        bound=BOUNDS[method],
        where=one.direction.where,
        claimed=one.claimed,
        numeric=one.measured.middle,
        kinks=sum(one.measured.is_kink or one.meeting for one in outcomes),
        notes=tuple(notes(outcomes, whys)),
        verdict=one.verdict,
    )


def notes(outcomes: Sequence[Outcome], whys: Sequence[str]) -> Iterator[str]:
    """The notes of a row."""
    if whys:
        yield f"central differences, because {whys[0]}"
    undecided = [one for one in outcomes if one.verdict == INCONCLUSIVE]
    if undecided:
        yield f"{len(undecided)} of {len(outcomes)} inconclusive, such as {undecided[0].direction.where}: " + (
            "several kinks meet, and no point close by explains the claim"
            if undecided[0].meeting
            else f"it is known to {undecided[0].measured.noise:.1g} only, which would hide a wrong claim"
        )
    if isinstance(outcomes[0].direction.where, str):
        return
    kinks = [one for one in outcomes if one.measured.is_kink]
    if kinks:
        left, right = kinks[0].measured.left.sum(), kinks[0].measured.right.sum()
        sides = f"{left:.6g} from the left, {right:.6g} from the right, claimed {kinks[0].claimed:.6g}"
        yield f"{len(kinks)} of {len(outcomes)} entries are at kinks, such as {kinks[0].direction.where}: {sides}"
    meeting = sum(one.meeting for one in outcomes if one.verdict == PASSED)
    if meeting:
        yield f"{meeting} entries are where several kinks meet, and were compared with points close by"
    if all(one.is_zero for one in outcomes):
        yield "nothing is larger than rounding, which proves little"
