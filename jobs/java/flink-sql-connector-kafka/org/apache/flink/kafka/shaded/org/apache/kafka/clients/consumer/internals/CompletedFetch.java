package org.apache.flink.kafka.shaded.org.apache.kafka.clients.consumer.internals;

import headrace.kafka.CutValues;
import headrace.kafka.PollBytes;
import java.util.ArrayList;
import java.util.List;
import org.apache.flink.kafka.shaded.org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.flink.kafka.shaded.org.apache.kafka.common.KafkaException;
import org.apache.flink.kafka.shaded.org.apache.kafka.common.TopicPartition;
import org.apache.flink.kafka.shaded.org.apache.kafka.common.message.FetchResponseData;
import org.apache.flink.kafka.shaded.org.apache.kafka.common.utils.BufferSupplier;
import org.slf4j.Logger;

/**
 * What a broker returned for one partition, out of which a poll takes records until it has enough bytes. Values that are
 * too long to be valid are cut.
 *
 * <p>Kafka's own counts records: 500 of them, each of which may be megabytes once it is decompressed.
 */
public class CompletedFetch extends OriginalCompletedFetch {

    CompletedFetch(
            Logger log,
            SubscriptionState subscriptions,
            BufferSupplier buffers,
            TopicPartition partition,
            FetchResponseData.PartitionData data,
            FetchMetricsAggregator metrics,
            Long offset,
            short version) {
        super(log, subscriptions, buffers, partition, data, metrics, offset, version);
    }

    @Override
    <K, V> List<ConsumerRecord<K, V>> fetchRecords(FetchConfig settings, Deserializers<K, V> types, int most) {
        PollBytes bytes = PollBytes.ofThread();
        if (bytes.areEnough()) {
            throw new PollHasEnough();
        }
        Deserializers<K, V> cutting = new Deserializers<>(
                types.keyDeserializer, new CutValues<>(types.valueDeserializer, settings.longestValue()));
        List<ConsumerRecord<K, V>> taken = new ArrayList<>();
        try {
            while (taken.size() < most && !bytes.areEnough()) {
                List<ConsumerRecord<K, V>> next = super.fetchRecords(settings, cutting, 1);
                if (next.isEmpty()) {
                    break;
                }
                bytes.add(next.get(0));
                taken.addAll(next);
            }
        } catch (KafkaException error) {
            if (taken.isEmpty()) {
                throw error;
            }
            // What was taken is returned first; the next call meets the error again.
        }
        return taken;
    }

    /** Ends the poll: at an error, Kafka's client returns the records that the poll has, and the next poll goes on. */
    private static final class PollHasEnough extends KafkaException {

        private static final long serialVersionUID = 1L;

        @Override
        public Throwable fillInStackTrace() {
            return this;
        }
    }
}
