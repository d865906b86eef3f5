"""Calibration: do texts with a score of 0.8 belong to the topic eight times in ten? Figures and a plot."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

BINS: Final = 10
_SIDE: Final = 300  # of a plot, in pixels
_MARGIN: Final = 46
_COLOURS: Final = ("#1b6ca8", "#b5403b", "#3f7d3a", "#8a5fb0", "#a67c00", "#4d4d4d")


@dataclass(frozen=True, slots=True)
class Bin:
    """Texts whose scores lie in one tenth of [0, 1]: how many, their mean score, the share that belongs."""

    texts: int
    score: float
    share: float


def bins(scores: Sequence[float], truth: Sequence[bool]) -> list[Bin]:
    """The tenths that hold any text, lowest first."""
    inside: list[list[int]] = [[] for _ in range(BINS)]
    for at, score in enumerate(scores):
        inside[min(int(score * BINS), BINS - 1)].append(at)
    return [
        Bin(len(found), sum(scores[at] for at in found) / len(found), sum(truth[at] for at in found) / len(found))
        for found in inside
        if found
    ]


def calibration_error(found: Sequence[Bin]) -> float:
    """Expected calibration error: the mean distance of score and share, weighted by texts; 0 where there are none."""
    texts = sum(each.texts for each in found)
    return sum(abs(each.score - each.share) * each.texts for each in found) / texts if texts else 0.0


def plot(curves: Mapping[str, Sequence[Bin]]) -> str:
    """An SVG image: score across, share upwards, one line a topic, a dot's area for how many texts it stands for."""
    width, height = _SIDE + 2 * _MARGIN + 130, _SIDE + 2 * _MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="sans-serif" '
        f'font-size="12"><rect width="100%" height="100%" fill="#fff"/>',
        f'<path d="M{_x(0)} {_y(1)}V{_y(0)}H{_x(1)}" fill="none" stroke="#444"/>',
        f'<path d="M{_x(0)} {_y(0)}L{_x(1)} {_y(1)}" stroke="#bbb" stroke-dasharray="4"/>',
        f'<text x="{_x(0.5)}" y="{height - 8}" text-anchor="middle">score</text>',
        f'<text x="12" y="{_y(0.5)}" text-anchor="middle" transform="rotate(-90 12 {_y(0.5)})">'
        "share that belongs</text>",
    ]
    for tick in (0, 0.5, 1):
        parts.append(f'<text x="{_x(tick)}" y="{_y(0) + 16}" text-anchor="middle">{tick:g}</text>')
        parts.append(f'<text x="{_x(0) - 6}" y="{_y(tick) + 4}" text-anchor="end">{tick:g}</text>')
    for at, (name, found) in enumerate(curves.items()):
        colour = _COLOURS[at % len(_COLOURS)]
        points = " ".join(f"{_x(each.score)},{_y(each.share)}" for each in found)
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
        for each in found:
            size = min(12.0, 2 + each.texts**0.5 / 2)
            parts.append(f'<circle cx="{_x(each.score)}" cy="{_y(each.share)}" r="{size:.1f}" fill="{colour}"/>')
        parts.append(f'<text x="{_x(1) + 14}" y="{_y(1) + 18 * at + 10}" fill="{colour}">{name}</text>')
    return "\n".join([*parts, "</svg>\n"])


def _x(value: float) -> float:
    return round(_MARGIN + value * _SIDE, 1)


def _y(value: float) -> float:
    return round(_MARGIN + (1 - value) * _SIDE, 1)
