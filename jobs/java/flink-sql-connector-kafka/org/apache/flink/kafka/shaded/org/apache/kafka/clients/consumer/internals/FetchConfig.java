package org.apache.flink.kafka.shaded.org.apache.kafka.clients.consumer.internals;

import headrace.kafka.BoundedRecords;
import org.apache.flink.kafka.shaded.org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.flink.kafka.shaded.org.apache.kafka.common.IsolationLevel;

/** A consumer's settings, with the length of the longest valid value: {@code headrace.max.bytes}, of its contract. */
public class FetchConfig extends OriginalFetchConfig {

    private static final String SETTING = "headrace.max.bytes";

    private final int longestValue;

    public FetchConfig(
            int minBytes,
            int maxBytes,
            int maxWaitMs,
            int fetchSize,
            int maxPollRecords,
            boolean checkCrcs,
            String clientRackId,
            IsolationLevel isolationLevel) {
        super(minBytes, maxBytes, maxWaitMs, fetchSize, maxPollRecords, checkCrcs, clientRackId, isolationLevel);
        longestValue = BoundedRecords.LONGEST - 1;
    }

    public FetchConfig(ConsumerConfig settings) {
        super(settings);
        Object set = settings.originals().get(SETTING);
        longestValue = set == null ? BoundedRecords.LONGEST - 1 : Integer.parseInt(set.toString());
    }

    /** Returns the length of the longest valid value, in bytes. */
    int longestValue() {
        return longestValue;
    }
}
