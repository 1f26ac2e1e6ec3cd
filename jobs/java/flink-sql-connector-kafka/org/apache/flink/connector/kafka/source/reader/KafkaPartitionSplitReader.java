package org.apache.flink.connector.kafka.source.reader;

import headrace.kafka.Pack;
import headrace.kafka.Packs;
import java.io.IOException;
import java.util.Properties;
import org.apache.flink.api.connector.source.SourceReaderContext;
import org.apache.flink.connector.base.source.reader.RecordsWithSplitIds;
import org.apache.flink.connector.kafka.source.metrics.KafkaSourceReaderMetrics;
import org.apache.flink.kafka.shaded.org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * Hands on what one poll returns of a partition as one record, if the source's table asks for it: {@code headrace.pack}
 * lists the parts of a message that a {@link Pack} has.
 *
 * <p>Flink's own reader decides where a partition ends. What is packed is what it would have handed on.
 */
@SuppressWarnings("try") // close() throws any Exception, as that of the original does
public class KafkaPartitionSplitReader extends OriginalKafkaPartitionSplitReader {

    private static final String SETTING = "headrace.pack";

    private final Pack.Parts parts;
    private final SourceReaderContext context;

    public KafkaPartitionSplitReader(
            Properties settings, SourceReaderContext context, KafkaSourceReaderMetrics metrics) {
        super(settings, context, metrics);
        this.context = context;
        parts = Pack.Parts.of(settings.getProperty(SETTING));
    }

    public KafkaPartitionSplitReader(
            Properties settings, SourceReaderContext context, KafkaSourceReaderMetrics metrics, String rack) {
        super(settings, context, metrics, rack);
        this.context = context;
        parts = Pack.Parts.of(settings.getProperty(SETTING));
    }

    @Override
    public RecordsWithSplitIds<ConsumerRecord<byte[], byte[]>> fetch() throws IOException {
        RecordsWithSplitIds<ConsumerRecord<byte[], byte[]>> fetched = super.fetch();
        return parts == null ? fetched : new Packs(fetched, parts, context.metricGroup().getIOMetricGroup());
    }
}
