"""Shares an input topic's partitions among the workers, or says that it cannot: never assigns nothing by mistake."""

from collections.abc import Mapping

from aiokafka.cluster import ClusterMetadata
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment, ConsumerProtocolMemberMetadata
from aiokafka.errors import UnknownTopicOrPartitionError


class EveryPartitionAssignor(RoundRobinPartitionAssignor):  # type: ignore[misc]
    """Round robin; the group's leader refuses to share out a topic that its client knows no partitions of.

    Right after a broker's restart it may not know any. aiokafka's own assignor then gives every worker nothing, and
    nobody asks again until the metadata expires, minutes later.
    """

    @classmethod
    def assign(
        cls, cluster: ClusterMetadata, members: Mapping[str, ConsumerProtocolMemberMetadata]
    ) -> dict[str, ConsumerProtocolMemberAssignment]:
        """Partitions for each member id. Raises UnknownTopicOrPartitionError; the worker then joins the group anew."""
        topics = {topic for member in members.values() for topic in member.subscription}
        if unknown := sorted(topic for topic in topics if not cluster.partitions_for_topic(topic)):
            raise UnknownTopicOrPartitionError(f"no partitions known of {', '.join(unknown)}: do the topics exist?")
        assignment: dict[str, ConsumerProtocolMemberAssignment] = super().assign(cluster, members)
        return assignment
