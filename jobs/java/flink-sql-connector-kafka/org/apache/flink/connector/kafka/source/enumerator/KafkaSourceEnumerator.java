package org.apache.flink.connector.kafka.source.enumerator;

import headrace.kafka.KnownOffsets;
import java.util.Properties;
import org.apache.flink.api.connector.source.Boundedness;
import org.apache.flink.api.connector.source.SplitEnumeratorContext;
import org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer;
import org.apache.flink.connector.kafka.source.enumerator.subscriber.KafkaSubscriber;
import org.apache.flink.connector.kafka.source.split.KafkaPartitionSplit;

/**
 * Assigns partitions to readers. It differs from Flink's own enumerator in two points.
 *
 * <p>A partition that starts at the offset of the consumer group gets this offset as a number: see {@link KnownOffsets}.
 *
 * <p>A bounded source also ends after it was restored, from a savepoint or by another JobManager. Flink's own then finds
 * no new partition, and never tells the readers that there are no more: they wait at their ends (FLINK-31006).
 */
public class KafkaSourceEnumerator extends OriginalKafkaSourceEnumerator {

    private final SplitEnumeratorContext<KafkaPartitionSplit> context;

    /** Whether a bounded source has assigned all of its partitions. Those that the topic has got since are not read. */
    private final boolean allAreAssigned;

    public KafkaSourceEnumerator(
            KafkaSubscriber subscriber,
            OffsetsInitializer starts,
            OffsetsInitializer stops,
            Properties settings,
            SplitEnumeratorContext<KafkaPartitionSplit> context,
            Boundedness boundedness) {
        super(subscriber, new KnownOffsets(starts), stops, settings, context, boundedness);
        this.context = context;
        allAreAssigned = false;
    }

    public KafkaSourceEnumerator(
            KafkaSubscriber subscriber,
            OffsetsInitializer starts,
            OffsetsInitializer stops,
            Properties settings,
            SplitEnumeratorContext<KafkaPartitionSplit> context,
            Boundedness boundedness,
            KafkaSourceEnumState state) {
        super(subscriber, new KnownOffsets(starts), stops, settings, context, boundedness, state);
        this.context = context;
        allAreAssigned = boundedness == Boundedness.BOUNDED
                && state.initialDiscoveryFinished()
                && state.unassignedInitialPartitions().isEmpty();
    }

    @Override
    public void start() {
        if (!allAreAssigned) {
            super.start();
        }
    }

    @Override
    public void addReader(int reader) {
        super.addReader(reader);
        if (allAreAssigned) {
            context.signalNoMoreSplits(reader);
        }
    }
}
