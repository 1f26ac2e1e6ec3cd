package org.apache.flink.kafka.shaded.org.apache.kafka.clients.consumer.internals;

import headrace.kafka.PollBytes;
import org.apache.flink.kafka.shaded.org.apache.kafka.common.utils.LogContext;
import org.apache.flink.kafka.shaded.org.apache.kafka.common.utils.Time;

/** Collects the records of a poll, and counts their bytes from zero. {@link CompletedFetch} ends the poll. */
public class FetchCollector<K, V> extends OriginalFetchCollector<K, V> {

    public FetchCollector(
            LogContext logs,
            ConsumerMetadata metadata,
            SubscriptionState subscriptions,
            FetchConfig settings,
            Deserializers<K, V> types,
            FetchMetricsManager metrics,
            Time time) {
        super(logs, metadata, subscriptions, settings, types, metrics, time);
    }

    @Override
    public Fetch<K, V> collectFetch(FetchBuffer buffer) {
        PollBytes.ofThread().reset();
        return super.collectFetch(buffer);
    }
}
