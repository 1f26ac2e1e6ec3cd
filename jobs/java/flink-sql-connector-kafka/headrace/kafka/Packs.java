package headrace.kafka;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.apache.flink.connector.base.source.reader.RecordsWithSplitIds;
import org.apache.flink.kafka.shaded.org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.flink.metrics.groups.OperatorIOMetricGroup;

/** The records of one poll, packed: one record per partition, or several if they have many bytes. */
public final class Packs implements RecordsWithSplitIds<ConsumerRecord<byte[], byte[]>> {

    private final RecordsWithSplitIds<ConsumerRecord<byte[], byte[]>> polled;
    private final Pack.Parts parts;
    private final OperatorIOMetricGroup metrics;
    private boolean splitHasEnded;

    /** Packs what was {@code polled}. The metrics count records as if they were not packed. */
    public Packs(
            RecordsWithSplitIds<ConsumerRecord<byte[], byte[]>> polled,
            Pack.Parts parts,
            OperatorIOMetricGroup metrics) {
        this.polled = polled;
        this.parts = parts;
        this.metrics = metrics;
    }

    @Override
    public String nextSplit() {
        splitHasEnded = false;
        return polled.nextSplit();
    }

    @Override
    public ConsumerRecord<byte[], byte[]> nextRecordFromSplit() {
        List<ConsumerRecord<byte[], byte[]>> records = new ArrayList<>();
        long bytes = 0;
        while (bytes < PollBytes.ENOUGH && !splitHasEnded) {
            ConsumerRecord<byte[], byte[]> record = polled.nextRecordFromSplit();
            if (record == null) {
                splitHasEnded = true;
            } else {
                records.add(record);
                bytes += PollBytes.of(record);
            }
        }
        if (records.isEmpty()) {
            return null;
        }
        metrics.getNumRecordsInCounter().inc(records.size() - 1);
        return Pack.of(records, parts);
    }

    @Override
    public Set<String> finishedSplits() {
        return polled.finishedSplits();
    }

    @Override
    public void recycle() {
        polled.recycle();
    }
}
