"""Every number that decides when there is a burst. Times are counted in buckets of a quarter of an hour."""

from dataclasses import dataclass
from typing import Final

BUCKET_MS: Final = 15 * 60 * 1000
PER_HOUR: Final = 4
PER_DAY: Final = 24 * PER_HOUR
HOURS_OF_WEEK: Final = 168
WIDTHS: Final = (1, 2, 4, 8, 16, 32)  # lengths of the windows that are tested, a quarter of an hour to eight hours
SPAN: Final = WIDTHS[-1]


@dataclass(frozen=True, slots=True)
class Rules:
    """When to speak. `false_per_day` bounds the false alarms of a day; it is shared out over all its tests.

    The bound is a loose one: `geonews evaluate alerts` measures less than half as many.
    """

    false_per_day: float = 2.0
    least_articles: int = 6  # fewer are never a burst
    least_families: int = 3  # one publisher's doing is none either
    least_ratio: float = 2.0  # times the expected number; less is significant, but nobody's news
    family_cap: int = 2  # a family counts at most so often in a bucket: backfills of one source stay small
    story_cap: int = 3  # a story counts at most so often in an hour of a topic or a country
    lateness: int = 3 * PER_HOUR  # an article that comes later after its publication is not counted
    warm_up: int = PER_DAY  # of baseline, before topics and countries are judged
    warm_stories: int = 200  # stories that ended, before stories are judged
    calm: int = 2 * PER_HOUR  # near the baseline for so long: the burst is over
    calm_probability: float = 0.01
    cooldown: int = 6 * PER_HOUR  # a burst that comes back this soon is the same burst
    longest: int = 3 * PER_DAY  # what lasts longer is the new normal
    update_ratio: float = 2.0  # a burst is published again when it has grown by this
    update_after: int = PER_HOUR  # or, while it grows at all, after so many buckets
    level_half_life: int = 7 * PER_DAY
    profile_half_life_weeks: float = 4.0
    story_span: int = 6 * PER_HOUR  # of a story's own past that its present is compared with
    story_age: int = PER_DAY  # when a story's peaks are taken as what stories usually reach
    most_topics: int = 200
    most_countries: int = 400
    most_stories: int = 5000

    @property
    def kept(self) -> int:
        """Buckets that are remembered of a subject: what windows and late articles reach back to."""
        return SPAN + self.lateness + self.story_span + PER_HOUR
