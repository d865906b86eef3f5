"""Reads the ledger: where each input partition's chain begins, and then every link of it."""

from collections.abc import Callable, Mapping

from aiokafka import TopicPartition

from app.audit.chain import Chain, Entry, parse_entry
from app.audit.cut import SKEW_MS, Cut, committed_offsets
from app.audit.evidence import Evidence
from app.audit.report import AuditReport, Place
from app.kafka.reader import KafkaReader
from app.settings import Settings


class Ledger:
    """The ledger within a cut. First `find_starts`, then, with the evidence at hand, `judge`."""

    def __init__(self, settings: Settings, cut: Cut, report: AuditReport) -> None:
        self._settings = settings
        self._cut = cut
        self._report = report
        self.rekeys_since_ms = 0

    async def find_starts(self, reader: KafkaReader, since_ms: int | None) -> None:
        """Add the places to judge to the report, and let the cut read each input from there."""
        cut = self._cut
        ends = {place: cut.committed_at(place) for place in cut.inputs}
        for place in cut.topics[cut.channels.candidates]:
            cut.starts[place] = min(cut.starts[place], ends[place])
        ledger_expired = any(place in cut.truncated for place in cut.topics[cut.channels.ledger])
        cut_short = [p for p in cut.inputs if cut.horizon_ms or ledger_expired or p in cut.truncated]
        found = await self._first_entries(reader, set(cut_short))
        reason = "since" if since_ms and cut.horizon_ms == since_ms else "retention"
        for place in cut.inputs:
            start = cut.starts[place]
            if place in cut_short:
                start = found[place].record.first_offset if place in found else ends[place]
            self._report.places.append(
                Place(
                    place.topic,
                    place.partition,
                    start,
                    reason if place in cut_short else "log start",
                    max(start, ends[place]),
                )
            )
            if place.topic == cut.channels.raw:
                cut.starts[place] = start
        self.rekeys_since_ms = self._rekeys_since(found)

    async def _first_entries(self, reader: KafkaReader, wanted: set[TopicPartition]) -> dict[TopicPartition, Entry]:
        """The first entry of each wanted place all of whose input and output Kafka still holds."""
        cut, found = self._cut, dict[TopicPartition, Entry]()
        async for ledger, records in reader.records(cut.spans(cut.channels.ledger) if wanted else {}):
            for record in records:
                entry = self._parsed(ledger, record)
                if entry is None or entry.place not in wanted or entry.record.first_offset < cut.starts[entry.place]:
                    continue
                if entry.place.topic == cut.channels.raw and entry.at_ms < cut.horizon_ms:
                    continue
                wanted.discard(entry.place)
                found[entry.place] = entry
            if not wanted:
                break
        return found

    def _rekeys_since(self, found: Mapping[TopicPartition, Entry]) -> int:
        # What was re-keyed before the first record that its own partition still holds may be gone from there.
        cut = self._cut
        expired = [place for place in cut.topics[cut.channels.raw] if place in cut.truncated]
        since = [found[place].at_ms for place in expired if place in found]
        return max([*since, cut.horizon_ms + SKEW_MS if cut.horizon_ms else 0])

    async def judge(self, reader: KafkaReader, evidence: Evidence, advance: Callable[[int], object]) -> None:
        """Judge every entry, in the order of the ledger."""
        cut, report = self._cut, self._report
        chains = {
            TopicPartition(place.topic, place.partition): Chain(place, evidence, report, self.rekeys_since_ms)
            for place in report.places
        }
        async for ledger, records in reader.records(cut.spans(cut.channels.ledger), advance):
            for record in records:
                entry = self._parsed(ledger, record, report)
                if entry is None:
                    continue
                if chain := chains.get(entry.place):
                    chain.add(entry)
                else:
                    report.add_at("foreign", ledger, record.offset, f"accounts for {entry.place}, no input of ours")
        for chain in chains.values():
            chain.finish()
        # Asked anew: a lane may have committed for the first time since the cut.
        committed = await committed_offsets(reader, cut, self._settings) if None in cut.committed.values() else {}
        for place, offset in committed.items():
            if offset is None:
                chains[place].uncommitted()

    @staticmethod
    def _parsed(ledger: TopicPartition, record: object, report: AuditReport | None = None) -> Entry | None:
        try:
            return parse_entry(record)
        except ValueError as error:
            if report:
                report.add_at("foreign", ledger, getattr(record, "offset", 0), f"no ledger record: {error}")
            return None
