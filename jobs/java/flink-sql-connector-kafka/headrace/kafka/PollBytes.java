package headrace.kafka;

import org.apache.flink.kafka.shaded.org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.flink.kafka.shaded.org.apache.kafka.common.header.Header;

/** The bytes of the records that one poll of a consumer returns. A consumer polls in one thread, which has one count. */
public final class PollBytes {

    /** A poll ends with the record that reaches this many bytes. Flink holds up to four polls of each reader. */
    public static final long ENOUGH = 4 << 20;

    /** What an object for a record or a header costs in addition to its bytes, at least. */
    private static final long OBJECT = 64;

    private static final ThreadLocal<PollBytes> OF_THREAD = ThreadLocal.withInitial(PollBytes::new);

    private long bytes;

    private PollBytes() {}

    /** Returns the count of the thread that calls. */
    public static PollBytes ofThread() {
        return OF_THREAD.get();
    }

    /** Begins a poll. */
    public void reset() {
        bytes = 0;
    }

    /** Returns whether the poll has to end. */
    public boolean areEnough() {
        return bytes >= ENOUGH;
    }

    /** Counts a record. */
    public void add(ConsumerRecord<?, ?> record) {
        bytes += of(record);
    }

    /** Returns the bytes of a record, at least. */
    static long of(ConsumerRecord<?, ?> record) {
        long of = OBJECT + Math.max(record.serializedKeySize(), 0) + Math.max(record.serializedValueSize(), 0);
        for (Header header : record.headers()) {
            of += OBJECT + header.key().length() + (header.value() == null ? 0 : header.value().length);
        }
        return of;
    }
}
