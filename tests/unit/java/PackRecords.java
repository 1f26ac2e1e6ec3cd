import headrace.kafka.Pack;
import headrace.kafka.Packs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import org.apache.flink.connector.base.source.reader.RecordsWithSplitIds;
import org.apache.flink.kafka.shaded.org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.flink.kafka.shaded.org.apache.kafka.common.header.Headers;
import org.apache.flink.kafka.shaded.org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.flink.kafka.shaded.org.apache.kafka.common.record.TimestampType;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.SimpleCounter;
import org.apache.flink.metrics.groups.OperatorIOMetricGroup;
import org.apache.flink.metrics.groups.UnregisteredMetricsGroup;

/**
 * Packs polls as Kafka's reader does. Arguments: the parts of a message, and a file with a line for each record: topic,
 * partition, offset, time, key, value, and names and values of headers, bytes in hexadecimal and - for none. An empty
 * line ends a split. For each pack, it prints the offset of its record and its bytes in base 64; at last, the counter.
 */
final class PackRecords {

    public static void main(String[] arguments) throws IOException {
        SimpleCounter counter = new SimpleCounter();
        OperatorIOMetricGroup metrics = new Counting(counter);
        Packs packs = new Packs(new Polled(Files.readAllLines(Path.of(arguments[1]))), Pack.Parts.of(arguments[0]), metrics);
        while (packs.nextSplit() != null) {
            ConsumerRecord<byte[], byte[]> pack = packs.nextRecordFromSplit();
            while (pack != null) {
                counter.inc(); // as Flink does for each record
                System.out.println(pack.offset() + " " + Base64.getEncoder().encodeToString(pack.value()));
                pack = packs.nextRecordFromSplit();
            }
        }
        System.out.println(counter.getCount());
    }

    private static final class Counting extends UnregisteredMetricsGroup implements OperatorIOMetricGroup {

        private final Counter read;

        Counting(Counter read) {
            this.read = read;
        }

        @Override
        public Counter getNumRecordsInCounter() {
            return read;
        }

        @Override
        public Counter getNumRecordsOutCounter() {
            return new SimpleCounter();
        }

        @Override
        public Counter getNumBytesInCounter() {
            return new SimpleCounter();
        }

        @Override
        public Counter getNumBytesOutCounter() {
            return new SimpleCounter();
        }
    }

    /** What one poll returned: the records of one split after another. */
    private static final class Polled implements RecordsWithSplitIds<ConsumerRecord<byte[], byte[]>> {

        private final Queue<String> lines;
        private boolean within;

        Polled(java.util.List<String> lines) {
            this.lines = new ArrayDeque<>(lines);
        }

        @Override
        public String nextSplit() {
            within = true;
            return lines.isEmpty() ? null : "split";
        }

        @Override
        public ConsumerRecord<byte[], byte[]> nextRecordFromSplit() {
            if (!within) {
                throw new IllegalStateException("the split has ended");
            }
            String line = lines.poll();
            if (line == null || line.isEmpty()) {
                within = false;
                return null;
            }
            return record(line.split(",", -1));
        }

        @Override
        public Set<String> finishedSplits() {
            return Set.of();
        }

        private static ConsumerRecord<byte[], byte[]> record(String[] fields) {
            Headers headers = new RecordHeaders();
            for (int at = 6; at < fields.length; at += 2) {
                headers.add(new String(bytes(fields[at]), java.nio.charset.StandardCharsets.UTF_8), bytes(fields[at + 1]));
            }
            byte[] key = bytes(fields[4]);
            byte[] value = bytes(fields[5]);
            return new ConsumerRecord<>(fields[0], Integer.parseInt(fields[1]), Long.parseLong(fields[2]),
                    Long.parseLong(fields[3]), TimestampType.CREATE_TIME, length(key), length(value), key, value,
                    headers, Optional.empty());
        }

        private static int length(byte[] bytes) {
            return bytes == null ? ConsumerRecord.NULL_SIZE : bytes.length;
        }

        private static byte[] bytes(String field) {
            return field.equals("-") ? null : HexFormat.of().parseHex(field);
        }
    }
}
