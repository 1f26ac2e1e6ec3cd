import java.nio.ByteBuffer;
import java.util.Arrays;
import org.apache.flink.kafka.shaded.org.apache.kafka.common.compress.Compression;
import org.apache.flink.kafka.shaded.org.apache.kafka.common.header.Header;
import org.apache.flink.kafka.shaded.org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.flink.kafka.shaded.org.apache.kafka.common.record.CompressionType;
import org.apache.flink.kafka.shaded.org.apache.kafka.common.record.MemoryRecords;
import org.apache.flink.kafka.shaded.org.apache.kafka.common.record.MemoryRecordsBuilder;
import org.apache.flink.kafka.shaded.org.apache.kafka.common.record.Record;
import org.apache.flink.kafka.shaded.org.apache.kafka.common.record.RecordBatch;
import org.apache.flink.kafka.shaded.org.apache.kafka.common.record.TimestampType;
import org.apache.flink.kafka.shaded.org.apache.kafka.common.utils.BufferSupplier;
import org.apache.flink.kafka.shaded.org.apache.kafka.common.utils.CloseableIterator;

/**
 * Writes batches of records with Kafka's own code, and reads them as a consumer does. For each batch, it prints its
 * compression and message format, and a line for each record: its offset and time, the lengths of its key and value, -1
 * for none, and the number of its headers; the name of the first header if it is not the one that was written; `same` if
 * all bytes are unchanged.
 *
 * <p>Each argument is a record, written as key:value:header in bytes, with - for none.
 */
final class ReadBatches {

    private static final int OFFSET = 7;

    public static void main(String[] records) {
        for (String compression : new String[] {"gzip", "snappy", "lz4", "zstd"}) {
            copy(CompressionType.forName(compression), RecordBatch.MAGIC_VALUE_V2, records);
        }
        copy(CompressionType.GZIP, RecordBatch.MAGIC_VALUE_V1, new String[] {"3:10:-", "-:100000:-"});
    }

    private static void copy(CompressionType compression, byte format, String[] records) {
        System.out.println(compression.name + " " + format);
        MemoryRecordsBuilder builder = MemoryRecords.builder(
                ByteBuffer.allocate(1 << 16),
                format,
                Compression.of(compression).build(),
                TimestampType.CREATE_TIME,
                OFFSET);
        for (int n = 0; n < records.length; n++) {
            byte[][] record = record(records[n]);
            Header[] headers = record[2] == null ? new Header[0] : new Header[] {new RecordHeader("name", record[2])};
            builder.append(1_000L + n, record[0], record[1], headers);
        }
        for (RecordBatch batch : builder.build().batches()) {
            try (CloseableIterator<Record> read = batch.streamingIterator(BufferSupplier.create())) {
                read.forEachRemaining(record -> print(record, record(records[(int) record.offset() - OFFSET])));
            }
        }
    }

    private static byte[][] record(String lengths) {
        String[] each = lengths.split(":");
        return new byte[][] {bytes(each[0], 'k'), bytes(each[1], 'v'), bytes(each[2], 'h')};
    }

    private static byte[] bytes(String length, char with) {
        if (length.equals("-")) {
            return null;
        }
        byte[] bytes = new byte[Integer.parseInt(length)];
        Arrays.fill(bytes, (byte) with);
        return bytes;
    }

    private static void print(Record record, byte[][] written) {
        Header[] headers = record.headers();
        boolean same = same(record.key(), written[0]) && same(record.value(), written[1])
                && (headers.length == 0 ? written[2] == null : Arrays.equals(headers[0].value(), written[2]));
        System.out.println(record.offset() + " " + record.timestamp() + " " + record.keySize() + " "
                + record.valueSize() + " " + headers.length + other(headers) + (same ? " same" : ""));
    }

    private static String other(Header[] headers) {
        return headers.length == 0 || headers[0].key().equals("name") ? "" : " " + headers[0].key();
    }

    private static boolean same(ByteBuffer read, byte[] written) {
        return read == null ? written == null : read.equals(ByteBuffer.wrap(written));
    }
}
