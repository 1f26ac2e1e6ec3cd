package headrace.kafka;

import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer;
import org.apache.flink.connector.kafka.source.split.KafkaPartitionSplit;
import org.apache.flink.kafka.shaded.org.apache.kafka.clients.consumer.OffsetResetStrategy;
import org.apache.flink.kafka.shaded.org.apache.kafka.common.TopicPartition;

/**
 * Looks up the consumer group's offset of each partition that is to start there, when the job starts.
 *
 * <p>Flink's readers look it up instead, so that a checkpoint has no offset of a partition from which no record has
 * come. A job that continues from it would look again, and fail if the broker has deleted the group's offset, as it
 * does after a week.
 */
public final class KnownOffsets implements OffsetsInitializer {

    private static final long serialVersionUID = 1;

    private final OffsetsInitializer starts;

    public KnownOffsets(OffsetsInitializer starts) {
        this.starts = starts;
    }

    @Override
    public Map<TopicPartition, Long> getPartitionOffsets(
            Collection<TopicPartition> partitions, PartitionOffsetsRetriever broker) {
        Map<TopicPartition, Long> offsets = new HashMap<>(starts.getPartitionOffsets(partitions, broker));
        Set<TopicPartition> ofGroup = offsets.keySet().stream()
                .filter(each -> offsets.get(each) == KafkaPartitionSplit.COMMITTED_OFFSET)
                .collect(Collectors.toSet());
        if (!ofGroup.isEmpty()) {
            // Of a partition that the group has no offset of, the reader says so.
            offsets.putAll(broker.committedOffsets(ofGroup));
        }
        return offsets;
    }

    @Override
    public OffsetResetStrategy getAutoOffsetResetStrategy() {
        return starts.getAutoOffsetResetStrategy();
    }
}
