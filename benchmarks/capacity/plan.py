"""What a number of articles a day needs: workers by the simulation, brokers and disks by arithmetic."""

from dataclasses import dataclass
from math import ceil

from benchmarks.capacity.figures import Figures
from benchmarks.capacity.simulate import BURST_FACTOR, DAILY_SWING, Lateness, simulate

LATE_SECONDS = 15.0  # 99.9% of all seconds must be better than this, failures and burst included
REPLICAS = 3
GATEWAYS = 3
RAW_DAYS, EVENT_DAYS = 7, 30
BROKER_MB_S = 60.0  # what one broker takes from producers and other brokers, at ease, with a disk of its own
BROKER_TB = 12.0  # what a broker that is lost must be able to read again within hours
BROKER_PARTITIONS = 2000  # replicas on one broker


@dataclass(frozen=True, slots=True)
class Prices:
    """Of a month, in any currency."""

    core: float = 25.0
    tb: float = 80.0
    cross_zone_gb: float = 0.01


@dataclass(frozen=True, slots=True)
class Plan:
    """A deployment. Rates are of the busiest ordinary second, without the burst."""

    per_day: float
    peak: float
    workers: int
    late: Lateness
    partitions: int
    mb_in: float
    mb_out: float
    brokers: int
    disk_tb: float
    cross_zone_tb: float
    cost: float


def plan(per_day: float, figures: Figures, relevant: float, prices: Prices, use: float = 0.7) -> Plan:
    """For `per_day` articles of which the share `relevant` becomes events; a core is used to `use` at most."""
    per_second = use / figures.worker
    peak = per_day / 86_400 * (1 + DAILY_SWING)
    workers = max(2, ceil(per_day / 86_400 / per_second))
    while (late := simulate(per_day, workers, per_second)).p999 > LATE_SECONDS:
        workers = ceil(workers * 1.1) if workers > 10 else workers + 1
    partitions = _partitions(workers)
    event = figures.bytes_event * (1 + figures.event_topics)  # the channel of all, and each topic's own
    state = 100 + figures.bytes_candidate * relevant  # fingerprints, ledger, what travels between the lanes
    article = figures.bytes_raw + state + event * relevant
    mb_in = peak * article / 1e6
    mb_out = peak * (figures.bytes_raw + state + figures.bytes_event * relevant * GATEWAYS) / 1e6
    replicas = partitions * 8 * REPLICAS  # raw, candidates, seen, claims, events and what else there is
    kept = figures.bytes_raw * RAW_DAYS + state * RAW_DAYS + event * relevant * EVENT_DAYS
    disk_tb = per_day * kept * REPLICAS * 1.3 / 1e12  # a third of room
    brokers = max(
        3, ceil(mb_in * REPLICAS / BROKER_MB_S), ceil(replicas / BROKER_PARTITIONS), ceil(disk_tb / BROKER_TB)
    )
    # Two of three replicas, and two thirds of what is produced, cross zones; readers read in their own (KIP-392).
    cross_zone_tb = per_day * 30 * article * (REPLICAS - 1 + 2 / 3) / 1e12
    cost = (workers + GATEWAYS + 4 * brokers) * prices.core + disk_tb * prices.tb
    cost += cross_zone_tb * 1000 * prices.cross_zone_gb
    return Plan(per_day, peak, workers, late, partitions, mb_in, mb_out, brokers, disk_tb, cross_zone_tb, cost)


def _partitions(workers: int) -> int:
    """Half as many again as workers, so that one which dies is shared out; a number that divides well."""
    wanted = max(8, ceil(workers * 1.5))
    step = 8 if wanted <= 64 else 24
    return ceil(wanted / step) * step


def burst_per_second(per_day: float) -> float:
    """Articles a second in the burst, at its hour of the day."""
    return per_day / 86_400 * BURST_FACTOR
