"""A straight line through measured points, with its uncertainty by the GUM.

The terms are those of JCGM 100:2008 (GUM): a standard uncertainty u is one standard deviation;
type A is what scatter shows, type B what is known otherwise (a weight's tolerance, a tape's). An
expanded uncertainty U = k u covers 95.45 % of what may be; k follows from the degrees of freedom.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

# GUM, table G.2: Student's t for 95.45 %, by degrees of freedom.
_COVERAGE = (
    *((1, 13.97), (2, 4.53), (3, 3.31), (4, 2.87), (5, 2.65), (6, 2.52), (7, 2.43), (8, 2.37)),
    *((9, 2.32), (10, 2.28), (15, 2.18), (20, 2.13), (30, 2.09), (50, 2.05), (100, 2.025)),
)
_HALVINGS = 60


@dataclass(frozen=True, slots=True)
class Part:
    """One cause of uncertainty: its standard uncertainty, and how well that itself is known."""

    name: str
    u: float
    freedom: float = math.inf
    """Degrees of freedom; infinite for type B, which is taken as known."""


@dataclass(frozen=True, slots=True)
class Line:
    """y = start + slope x."""

    slope: float
    start: float
    u_known: float
    """The slope's standard uncertainty by what the points' own uncertainties allow."""
    u_excess: float
    """… by what the points scatter beyond that."""
    freedom: int
    """Degrees of freedom of `u_excess`, >= 1: points less two, and one more.

    One more, because the points' own uncertainties tell something of the scatter too: with three
    points Student's t would make a chance excess fourteen times as large, one time in three.
    """
    excess: float
    """The scatter beyond the points' own uncertainties, a standard deviation of y."""
    residuals: tuple[float, ...]
    """y less the line, in the order of the points."""

    @property
    def u_slope(self) -> float:
        """The slope's combined standard uncertainty."""
        return math.hypot(self.u_known, self.u_excess)


@dataclass(frozen=True, slots=True)
class Mean:
    """Of values that are known differently well."""

    value: float
    u_known: float
    """Its standard uncertainty by what the values' own allow."""
    u_excess: float
    """… by what they scatter beyond that."""
    freedom: int
    """Degrees of freedom of `u_excess`, >= 1: as many as values, as with a `Line`."""


def rectangular(half_width: float) -> float:
    """The standard uncertainty of what lies anywhere within ± half_width (GUM 4.3.7)."""
    return half_width / math.sqrt(3)


def coverage(freedom: float) -> float:
    """k for 95.45 % by degrees of freedom >= 1: 13.97 .. 2. Between entries the larger one."""
    factor = 13.97
    for entry, k in _COVERAGE:
        if entry > freedom:
            return factor
        factor = k
    return factor if freedom < 1000 else 2.0


def expanded(parts: Sequence[Part]) -> tuple[float, float]:
    """(U, k) of independent parts: root of the sum of squares, times k.

    k by the effective degrees of freedom of Welch and Satterthwaite (GUM G.4).
    """
    u = math.sqrt(sum(part.u * part.u for part in parts))
    if u == 0:
        return 0.0, 2.0
    # As shares of the whole: fourth powers of small numbers would vanish.
    weight = sum((part.u / u) ** 4 / part.freedom for part in parts)
    k = coverage(max(1.0, 1 / weight)) if weight else 2.0
    return k * u, k


def standard_ppm(parts: Sequence[Part]) -> int:
    """Relative parts as settings keep them: half of what covers 95 %, in 1 .. 1 000 000 millionths.

    With few readings that is more than their quadrature, as it should be.
    """
    return min(1_000_000, max(1, round(expanded(parts)[0] / 2 * 1e6)))


def fit_line(x: Sequence[float], y: Sequence[float], u_y: Sequence[float]) -> Line:
    """The line by weighted least squares through two or more points, at two x at least.

    u_y: the points' standard uncertainties, > 0. Where they scatter by more than these allow, one
    and the same excess is added to all, so large that they just do (Paule and Mandel, J. Res. NBS
    87 (1982) 377). Raises ValueError for too few points.
    """
    spare = len(x) - 2
    if spare < 0 or len(set(x)) < 2:
        raise ValueError("a line takes points at two places")
    known = _weighted(x, y, u_y, 0.0)
    most = max(abs(residual) for residual in known.residuals) * math.sqrt(len(x))
    excess = _excess(lambda tried: _weighted(x, y, u_y, tried).chi_square, spare, most)
    line = _weighted(x, y, u_y, excess)
    return Line(
        slope=line.slope,
        start=line.start,
        u_known=known.u_slope,
        u_excess=math.sqrt(max(0.0, line.u_slope**2 - known.u_slope**2)),
        freedom=spare + 1,
        excess=excess,
        residuals=line.residuals,
    )


def weighted_mean(y: Sequence[float], u_y: Sequence[float]) -> Mean:
    """The weighted mean of one or more values, as `fit_line` has its line."""

    def mean(excess: float) -> tuple[float, float, float]:
        """(value, u, chi square)"""
        weights = [1 / (u * u + excess * excess) for u in u_y]
        whole = math.fsum(weights)
        value = math.fsum(w * b for w, b in zip(weights, y, strict=True)) / whole
        chi_square = math.fsum(w * (b - value) ** 2 for w, b in zip(weights, y, strict=True))
        return value, math.sqrt(1 / whole), chi_square

    _, u_known, _ = mean(0.0)
    most = (max(y) - min(y)) * math.sqrt(len(y))
    value, u, _ = mean(_excess(lambda tried: mean(tried)[2], len(y) - 1, most))
    return Mean(value, u_known, math.sqrt(max(0.0, u * u - u_known * u_known)), len(y))


def _excess(chi_square: Callable[[float], float], spare: int, most: float) -> float:
    """What must be added to all uncertainties for chi square to be `spare`; 0 if it is no more."""
    if not spare or chi_square(0.0) <= spare:
        return 0.0
    low, high = 0.0, most
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if chi_square(middle) > spare:
            low = middle
        else:
            high = middle
    return high


@dataclass(frozen=True, slots=True)
class _Weighted:
    slope: float
    start: float
    u_slope: float
    residuals: tuple[float, ...]
    chi_square: float


def _weighted(
    x: Sequence[float], y: Sequence[float], u_y: Sequence[float], excess: float
) -> _Weighted:
    """The line with weights 1 / (u_y² + excess²)."""
    weights = [1 / (u * u + excess * excess) for u in u_y]
    whole = math.fsum(weights)
    middle_x = math.fsum(w * a for w, a in zip(weights, x, strict=True)) / whole
    middle_y = math.fsum(w * b for w, b in zip(weights, y, strict=True)) / whole
    spread = math.fsum(w * (a - middle_x) ** 2 for w, a in zip(weights, x, strict=True))
    slope = (
        math.fsum(
            w * (a - middle_x) * (b - middle_y) for w, a, b in zip(weights, x, y, strict=True)
        )
        / spread
    )
    residuals = tuple(b - middle_y - slope * (a - middle_x) for a, b in zip(x, y, strict=True))
    return _Weighted(
        slope=slope,
        start=middle_y - slope * middle_x,
        u_slope=math.sqrt(1 / spread),
        residuals=residuals,
        chi_square=math.fsum(w * r * r for w, r in zip(weights, residuals, strict=True)),
    )
