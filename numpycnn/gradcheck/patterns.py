"""The patterns by which usual mistakes are recognised: in an array that is claimed, beside the right one.

Each takes the evidence, and returns a sentence, or None where it does not explain every entry. The first that does is
told, so the plainer ones stand first.
"""

from collections.abc import Callable, Iterator, Mapping
from itertools import combinations, permutations, product
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from numpycnn.common.typing import Array

NEAR = 1e-6
"""The difference, relative to the largest entry, up to which two arrays are taken as equal."""

DIGITS = 1e-4
"""The difference, relative to the largest entry, up to which two arrays differ in their digits alone."""

MOST = 0.8
"""Of so many entries at least, all are said to be left out."""

ROUNDING = 1e-13
"""The size, relative to the largest right entry, up to which a claim is zero but for rounding."""

TINY = 1e-300
"""In the place of 0, where it would be divided by."""

CHANCE = 0.01
"""The probability up to which it is no accident that entries are right."""


class Evidence(NamedTuple):
    """One array that is claimed, and what is known of it."""

    name: str
    claimed: Array
    numeric: Array
    """What would be right; at a kink the mean of both sides."""
    low: Array
    """The smallest right claim, which differs from the largest at kinks."""
    high: Array
    kinks: Array
    """Where these differ."""
    x: Array
    """The input that it is the gradient of, in the same shape; or the array itself, where it is an output."""
    dy: Array | None = None
    shares: Array | None = None
    """The derivative of each of the output's terms: (*x.shape, *terms.shape)."""
    numbers: Mapping[str, float] = MappingProxyType({})
    """The numbers among the inputs by name."""
    sizes: Mapping[str, float] = MappingProxyType({})
    """Sizes of the inputs by name."""
    behaviour: Mapping[str, bool] = MappingProxyType({})
    """See `diagnosis.behaviour`."""

    @property
    def scale(self) -> float:
        """The largest entry."""
        return float(abs(self.numeric).max(initial=0.0)) or 1.0

    @property
    def wrong(self) -> Array:
        """Which entries are not right."""
        slack = NEAR * self.scale
        low, high = np.where(self.kinks, self.low, self.numeric), np.where(self.kinks, self.high, self.numeric)
        return ~((self.claimed >= low - slack) & (self.claimed <= high + slack))

    @property
    def counts(self) -> Array:
        """How many of the output's terms each entry has a share in."""
        shares = np.zeros(self.x.shape) if self.shares is None else self.shares
        return (shares.reshape(*self.x.shape, -1) != 0).sum(axis=-1)  # x's shape

    @property
    def far(self) -> bool:
        """Whether more than digits are wrong, so that a fit to something else is no accident."""
        return bool(abs(self.claimed - self.numeric).max(initial=0.0) > DIGITS * self.scale)

    def near(self, a: Array, b: Array) -> bool:
        """Whether two arrays are equal, kinks left aside."""
        return a.shape == b.shape and bool((abs(a - b)[~self.kinks] <= NEAR * self.scale).all())


def by_chance(right: int, elsewhere: Array) -> bool:
    """Whether so many entries may be right by accident, if they are wrong as often as those `elsewhere`."""
    return bool((1 - elsewhere.mean()) ** right > CHANCE)


MEAN, SUM = "a mean where a sum belongs, or divided twice", "a sum where a mean belongs, or not divided"
OVER, TIMES = "divided by it once too often, or not multiplied", "multiplied by it once too often, or not divided"

Patterns = tuple[Callable[[Evidence], str | None], ...]


def zero(one: Evidence) -> str | None:
    """All zeros, where the right ones are not."""
    is_zero = bool((abs(one.claimed) <= ROUNDING * one.scale).all())
    return "zero everywhere: forgotten" if is_zero and one.numeric.any() else None


def unused(one: Evidence) -> str | None:
    """Not zero, where the forward does not depend on the input."""
    return "0 is right: the forward does not use it" if not one.numeric.any() and one.wrong.all() else None


def not_finite(one: Evidence) -> str | None:
    """NaN or infinity somewhere."""
    bad = ~np.isfinite(one.claimed)
    return f"not finite at {place(bad)}: a division by zero, or an overflow" if bad.any() else None


def sign(one: Evidence) -> str | None:
    """The right numbers with the other sign."""
    found = one.numeric.any() and one.near(one.claimed, -one.numeric)
    return "claimed = -numeric: the sign" if found else None


def factor(one: Evidence) -> str | None:
    """The same factor everywhere."""
    right, claimed = one.numeric[~one.kinks], one.claimed[~one.kinks]
    square = float((right * right).sum())
    k = float((right * claimed).sum()) / square if square else 0.0
    if right.size < 2 or k == 0.0 or not (abs(claimed - k * right) <= NEAR * abs(k) * one.scale).all():
        return None
    if abs(abs(k) - 1) <= NEAR:
        return None
    return known_factor(one, k) or f"claimed = numeric * {k:.9g} everywhere: a constant factor"


def known_factor(one: Evidence, k: float) -> str | None:
    """The sentence about a factor that is one of the known numbers; two of them, where several are equal."""
    minus = "-" if k < 0 else ""
    for (over, times), known in (((MEAN, SUM), known_sizes(one)), ((OVER, TIMES), known_numbers(one))):
        sizes = [(what, size) for what, size in known if abs(size - 1) > NEAR]
        for sign_of, text, factor in (("/", over, 1 / abs(k)), ("*", times, abs(k))):
            names = dict.fromkeys(what for what, size in sizes if abs(factor - size) <= NEAR * abs(size))
            if names:
                return f"claimed = {minus}numeric {sign_of} {factor:.6g}, {' or '.join([*names][:2])}: {text}"
    return None


def known_sizes(one: Evidence) -> Iterator[tuple[str, float]]:
    """The sizes that a gradient may be divided by, by mistake or not, with what they are."""
    yield from one.sizes.items()
    shape = one.x.shape if one.dy is None else one.dy.shape
    if shape:
        yield "the batch size", shape[0]
    if len(shape) == 4:
        for axes in ((2, 3), (1, 2)):
            positions = shape[axes[0]] * shape[axes[1]]
            yield "the positions of an image", positions
            yield "the positions of all images", positions * shape[0]
    yield from ((f"the length of axis {axis}", size) for axis, size in enumerate(shape[1:], 1))
    yield "the number of entries", one.x.size


def known_numbers(one: Evidence) -> Iterator[tuple[str, float]]:
    """The other numbers that a factor may be: settings, and what small slips give."""
    yield from one.numbers.items()
    yield from ((f"1 - {name}", 1 - value) for name, value in one.numbers.items() if 0 < value < 1)
    shape = one.x.shape if one.dy is None else one.dy.shape
    if shape and shape[0] > 1:
        yield "n/(n - 1): n - 1 in the place of n", shape[0] / (shape[0] - 1)
    yield "a factor 2", 2


def order(one: Evidence) -> str | None:
    """The right numbers in another order: transposed, or reversed."""
    axes = range(one.numeric.ndim)
    for other in permutations(axes):
        if other != tuple(axes) and same_as(one, one.numeric.transpose(other)):
            return transposed_text(other)
    for count in range(1, one.numeric.ndim + 1):
        for chosen in combinations(axes, count):
            if same_as(one, np.flip(one.numeric, chosen)):
                return f"reversed along axis {' and '.join(map(str, chosen))}: flipped"
    return None


def same_as(one: Evidence, other: Array) -> bool:
    """Whether the claim is this rearrangement of the right one."""
    return not one.kinks.any() and one.near(one.claimed, other)


def transposed_text(axes: tuple[int, ...]) -> str:
    """The sentence about axes that are exchanged."""
    exchanged = [axis for axis, other in enumerate(axes) if axis != other]
    return "the transpose" if len(axes) == 2 else f"the transpose: axes {exchanged} are exchanged"


def of_shape(one: Evidence) -> str | None:
    """Arrays of another shape: the transpose, not yet summed, or with the padding still around it."""
    a, b = one.claimed, one.numeric
    if a.T.shape == b.shape and (abs(a.T - b) <= NEAR * one.scale).all():
        return "the transpose"
    if a.size == b.size and (abs(a.reshape(b.shape) - b) <= NEAR * one.scale).all():
        return f"the right numbers in the shape {a.shape}: they must be reshaped to {b.shape}"
    grown = [axis for axis in range(b.ndim) if a.ndim == b.ndim and a.shape[axis] > b.shape[axis]]
    if a.ndim == b.ndim and len(grown) == 2 and all((a.shape[axis] - b.shape[axis]) % 2 == 0 for axis in grown):
        return "the padding is still around it: its border must be cut off"
    if not a.size and b.size:
        return f"the shape {a.shape} has no entries: [pad:-pad] is empty where pad is 0"
    if any(is_sum(a, b, one, axes) for count in range(1, a.ndim + 1) for axes in combinations(range(a.ndim), count)):
        return f"not summed: {a.shape} in the place of {b.shape}, which was repeated in the forward"
    return None


def is_sum(a: Array, b: Array, one: Evidence, axes: tuple[int, ...]) -> bool:
    """Whether b is the sum of a along axes, which b has not or of which it has one entry."""
    summed = a.sum(axis=axes)
    return summed.size == b.size and bool((abs(summed.reshape(b.shape) - b) <= NEAR * one.scale).all())


def answers(one: Evidence) -> str | None:
    """How the claim answers to another dy."""
    if one.behaviour.get("without dy"):
        return "the same for any dy: dy is not used"
    if one.behaviour.get("dy squared"):
        return "four times as large for twice dy: dy is multiplied in twice"
    if one.dy is not None and one.claimed.shape == one.dy.shape and np.array_equal(one.claimed, one.dy):
        return "dy itself: the forward's derivative is not multiplied in"
    return None


def single(one: Evidence) -> str | None:
    """Right but for rounding to float32."""
    close = bool((abs(one.claimed - one.numeric)[~one.kinks] <= DIGITS * one.scale).all())
    if close and (one.behaviour.get("float32") or one.claimed.dtype == np.float32):
        return "float32 inside of the backward: right to some seven digits"
    return (
        "float32 inside of the forward: differences of it say nothing" if one.behaviour.get("float32 forward") else None
    )


def share(one: Evidence) -> str | None:
    """What the first or the last of several parts contributes, in the place of their sum."""
    if one.shares is None or not (one.counts[~one.kinks] > 1).any():
        return None
    terms = range(one.x.ndim, one.shares.ndim)
    for count in range(1, len(terms) + 1):
        for axes in combinations(terms, count):
            for index, which in ((-1, "last"), (0, "first")):
                part = one.shares
                for axis in axes:
                    part = part.take([index], axis=axis)
                if part.shape != one.shares.shape and one.near(one.claimed, part.sum(axis=tuple(terms))):
                    where = " and ".join(str(axis - one.x.ndim) for axis in axes)
                    why = "written over instead of added" if index else "the others are left out"
                    return f"the {which} one's share along the output's axis {where}: {why}"
    return None


def ties(one: Evidence) -> str | None:
    """Wrong at kinks alone."""
    if one.kinks.any() and not (one.wrong & ~one.kinks).any():
        return (
            "right except where values are equal: at a tie the gradient goes to one of them, or is shared, "
            "not to each; where the forward has a kink, it lies between both sides'"
        )
    return None


def overlap(one: Evidence) -> str | None:
    """Wrong where an entry has a part in several outputs, right where in one."""
    if one.shares is None:
        return None
    counts, wrong, smooth = one.counts, one.wrong, ~one.kinks
    for most in np.unique(counts[smooth & (counts > 0)])[:-1]:
        few, many = smooth & (counts > 0) & (counts <= most), smooth & (counts > most)
        told = few.any() and not wrong[few].any() and wrong[many].mean() > 0.5
        if told and not by_chance(few.sum(), wrong[many]):
            return "only where windows overlap, or several outputs need it: written over instead of added"
    return None


def border(one: Evidence) -> str | None:
    """Right in the interior of images, wrong at their border."""
    ndim = one.x.ndim
    for rows, columns in {2: [(0, 1)], 3: [(1, 2), (0, 1)], 4: [(2, 3), (1, 2)]}.get(ndim, []):
        planes = np.moveaxis(one.wrong, (rows, columns), (-2, -1))  # (..., rows, columns)
        for width in range(1, (min(planes.shape[-2:]) - 1) // 2 + 1):
            inner = np.zeros(planes.shape, bool)
            inner[..., width:-width, width:-width] = True
            told = not planes[inner].any() and planes[~inner].mean() > 0.2
            if told and not by_chance(inner.sum(), planes[~inner]):
                return "right in the interior, wrong at the border: padding"
    return None


def one_side(one: Evidence) -> str | None:
    """Wrong for one sign of the input, or of dy, alone."""
    wrong = one.wrong
    dy = one.dy if one.dy is not None and one.dy.shape == one.x.shape else None
    for what, a in (("the input", one.x), ("dy", dy)):
        for sign, side in () if a is None else (("negative", a < 0), ("positive", a > 0)):
            told = side.any() and not side.all() and not wrong[~side].any() and wrong[side].mean() > 0.5
            if told and not by_chance((~side).sum(), wrong[side]):
                return f"wrong only where {what} is {sign}: the mask, or the branch for these"
    return None


def along_axis(one: Evidence) -> str | None:
    """Right at one end of an axis alone."""
    for axis, size in enumerate(one.x.shape):
        wrong = np.moveaxis(one.wrong, axis, 0).reshape(size, -1)
        for index, which in ((0, "first"), (-1, "last")):
            others = np.delete(wrong, index % size, axis=0)
            told = size > 1 and not wrong[index].any() and (others.mean(axis=1) > MOST).all()
            if told and not by_chance(wrong.shape[1], others):
                left_out = not np.delete(one.claimed, index % size, axis=axis).any()
                return f"right only at the {which} index of axis {axis}{': the others are left out' * left_out}"
    return None


def own_output(one: Evidence) -> str | None:
    """Where each output depends on all inputs: the part by way of the output at the same place alone."""
    if one.shares is None or one.shares.shape != 2 * one.x.shape or not (one.counts > 1).any():
        return None
    diagonal = one.shares.reshape(one.x.size, one.x.size).diagonal().reshape(one.x.shape)  # x's shape
    if not one.near(one.claimed, diagonal):
        return None
    return "only by way of the output at its own place: the other outputs depend on it too"


def statistics(one: Evidence) -> str | None:
    """What is missing is linear in the input along some axes, as the parts by way of a mean and a variance are."""
    missing, ndim = one.claimed - one.numeric, one.x.ndim
    for axes in [(0,), (ndim - 1,), (0, 2, 3), (0, 1, 2), (1, 2, 3)]:
        if max(axes) >= ndim or len(axes) >= ndim + (ndim == 1) or np.prod([one.x.shape[a] for a in axes]) < 4:
            continue
        groups, xs = (np.moveaxis(a, axes, range(len(axes))).reshape(-1, *rest(a, axes)) for a in (missing, one.x))
        found = linear_part(
            groups.reshape(len(groups), -1), xs.reshape(len(xs), -1), NEAR * one.scale
        )  # (values, groups)
        if found and is_centred(one, axes):
            return f"what is wrong goes through the {found} over axes {axes}, which depends on the input too"
    return None


def is_centred(one: Evidence, axes: tuple[int, ...]) -> bool:
    """Whether the right gradients add up to 0 along axes: so they do where the forward subtracts the mean."""
    return bool((abs(one.numeric.sum(axis=axes)) <= NEAR * one.scale * one.x.size).all())


def rest(a: Array, axes: tuple[int, ...]) -> tuple[int, ...]:
    """The lengths of the other axes."""
    return tuple(size for axis, size in enumerate(a.shape) if axis not in axes)


def linear_part(missing: Array, x: Array, slack: float) -> str | None:
    """Whether what is missing is constant in every column, proportional to x - mean, or both together."""
    centered = x - x.mean(axis=0)
    slope = (missing * centered).sum(axis=0) / np.maximum((centered * centered).sum(axis=0), TINY)
    constant = missing.mean(axis=0)
    if not (abs(missing - constant - slope * centered) <= slack).all():
        return None
    by_mean, by_variance = abs(constant).max() > slack, abs(slope * centered).max() > slack
    return {(1, 0): "mean", (0, 1): "variance", (1, 1): "mean and the variance"}.get((by_mean, by_variance))


def shifted(one: Evidence) -> str | None:
    """The same number too much or too little everywhere."""
    missing = one.claimed - one.numeric
    first = missing.flat[0]
    if one.x.size > 2 and abs(first) > NEAR * one.scale and one.near(missing, np.full(missing.shape, first)):
        return f"{first:.6g} too much everywhere: a term that is added or left out"
    return None


def moved(one: Evidence) -> str | None:
    """The right numbers some places further along two axes, as where padding is cut off on the wrong side."""
    ndim = one.x.ndim
    for axes in combinations(range(ndim), 2):
        for by in product(range(-2, 3), repeat=2):
            here, there = (overlapping(axes, by, sign, ndim) for sign in (1, -1))
            a, b = one.claimed[here], one.numeric[there]
            if any(by) and 2 * a.size > one.x.size / 2 and a.any() and (abs(a - b) <= NEAR * one.scale).all():
                return f"the right numbers, moved by {by[0]} and {by[1]} along axes {axes[0]} and {axes[1]}: padding"
    return None


def overlapping(axes: tuple[int, ...], by: tuple[int, ...], sign: int, ndim: int) -> tuple[slice, ...]:
    """What of an array is left where it is moved: one of the two parts that must be equal."""
    cut = [slice(None)] * ndim
    for axis, steps in zip(axes, by, strict=True):
        steps *= sign
        cut[axis] = slice(steps, None) if steps > 0 else slice(None, steps or None)
    return tuple(cut)


def one_share(one: Evidence) -> str | None:
    """One of each entry's shares in the place of their sum; where that share is 0, as with a kernel's 0, 0."""
    if one.shares is None or not one.wrong.any():
        return None
    shares, wrong = one.shares.reshape(*one.x.shape, -1), one.wrong  # (*x.shape, terms)
    taken = ((abs(one.claimed[..., None] - shares) <= NEAR * one.scale) & (shares != 0)).any(axis=-1)  # x's shape
    explained = (taken | ~wrong | (one.claimed == 0)).all() and taken[wrong].mean() > 0.5
    several = explained and (one.counts[wrong] > 1).mean() > 0.5
    return "one of its shares alone: written over instead of added" if several else None


def offset(one: Evidence) -> str | None:
    """Off by a number that depends on one axis alone, as by a bias."""
    missing = one.claimed - one.numeric
    for axis in range(one.x.ndim if one.x.ndim > 1 else 0):
        others = tuple(k for k in range(one.x.ndim) if k != axis)
        if missing.any() and one.x.size > one.x.shape[axis] and np.ptp(missing, axis=others).max() <= NEAR * one.scale:
            return f"off by the same number at each index of axis {axis}: a bias"
    return None


def scaled(one: Evidence) -> str | None:
    """Off by a factor that depends on one axis alone, as by a scale or a deviation."""
    for axis in range(one.x.ndim if one.x.ndim > 1 and one.far and not one.kinks.any() else 0):
        right, claimed = (np.moveaxis(a, axis, 0).reshape(a.shape[axis], -1) for a in (one.numeric, one.claimed))
        squares = (right * right).sum(axis=1, keepdims=True)
        k = (right * claimed).sum(axis=1, keepdims=True) / np.maximum(squares, TINY)
        if right.shape[1] > 1 and k.all() and (abs(claimed - k * right) <= NEAR * abs(k) * one.scale).all():
            return (
                f"off by one factor at each index of axis {axis}, the first {k.item(0):.6g}: "
                "a scale or a deviation that is left out, or another one"
            )
    return None


def digits(one: Evidence) -> str | None:
    """Right but for the last digits."""
    close = bool((abs(one.claimed - one.numeric) <= DIGITS * one.scale).all())
    return "right to some digits only: float32 inside, or a small number such as eps" if close else None


UNKNOWN = "no usual pattern"
"""What is said where none explains what is wrong."""


def part(one: Evidence) -> str | None:
    """How many entries are right, where no other pattern is known."""
    wrong = one.wrong
    if not wrong.any():
        return None
    numbers = f"{one.claimed[wrong][0]:.6g} in the place of {one.numeric[wrong][0]:.6g}"
    return f"wrong at {wrong.sum()} of {one.x.size} entries, first at {place(wrong)}: {numbers}; {UNKNOWN}"


def place(where: Array) -> str:
    """The first index at which an array is True."""
    return str(tuple(int(i) for i in np.argwhere(where)[0]))


PATTERNS = (not_finite, zero, unused, single, answers, sign, factor, order, share, ties, overlap, own_output, one_share,
            border, one_side, along_axis, statistics, shifted, moved)  # fmt: skip
"""Those of gradients."""

EXACT = (zero, sign)
"""Those of what a forward gives that need no other explanation."""

OUTPUTS = (not_finite, digits, factor, order, border, one_side, along_axis, shifted, offset, moved)
"""The others."""

REST = (scaled, part)
"""Those that say least, for what nothing else explains."""


def explanation(one: Evidence, patterns: Patterns) -> str | None:
    """The first pattern that explains an array."""
    return next((text for pattern in patterns if (text := pattern(one))), None)
