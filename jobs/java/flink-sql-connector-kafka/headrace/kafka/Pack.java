package headrace.kafka;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import org.apache.flink.kafka.shaded.org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.flink.kafka.shaded.org.apache.kafka.common.header.Header;
import org.apache.flink.kafka.shaded.org.apache.kafka.common.record.TimestampType;

/**
 * Messages of one partition as the value of one record, whose offset is that of the last message: where a reader has
 * come to stays what it was.
 *
 * <p>All numbers are little endian, lengths are int32, and -1 stands for null:
 *
 * <pre>
 * int32   the mark "hrp1", the number n of messages, the partition, the length of the topic's name, the parts: 1 has
 *         keys, 2 has headers, 4 has lines; and the length of the whole pack
 * int64   n offsets, n timestamps
 * int32   n lengths of values; with keys, n lengths of keys; with headers, n lengths of all headers of a message
 * bytes   the topic's name, the values, the keys, the headers: of each, a length and a name, a length and a value
 * </pre>
 *
 * <p>In lines, a newline follows each value, also one that is null. Jobs of earlier releases ask for none.
 *
 * {@code headrace_udfs/packs.py} reads it.
 */
public final class Pack {

    private static final int MARK = 'h' | 'r' << 8 | 'p' << 16 | '1' << 24;
    private static final int FRONT = 6 * Integer.BYTES;
    private static final byte[] NOTHING = {};

    private Pack() {}

    /** The parts of a message that are packed next to its value. */
    public record Parts(boolean lines, boolean keys, boolean headers) {

        /** Returns the parts that {@code setting} lists, as in {@code lines,key,headers}; null if it is null. */
        public static Parts of(String setting) {
            if (setting == null) {
                return null;
            }
            List<String> listed = Arrays.asList(setting.split(","));
            return new Parts(listed.contains("lines"), listed.contains("key"), listed.contains("headers"));
        }

        private int bits() {
            return (keys ? 1 : 0) | (headers ? 2 : 0) | (lines ? 4 : 0);
        }
    }

    /** Returns one record with {@code records}, which are of one partition and not none. */
    static ConsumerRecord<byte[], byte[]> of(List<ConsumerRecord<byte[], byte[]>> records, Parts parts) {
        ConsumerRecord<byte[], byte[]> last = records.get(records.size() - 1);
        byte[] packed = packed(records, parts);
        return new ConsumerRecord<>(
                last.topic(),
                last.partition(),
                last.offset(),
                last.timestamp(),
                TimestampType.CREATE_TIME,
                0,
                packed.length,
                null,
                packed,
                last.headers(),
                last.leaderEpoch());
    }

    private static byte[] packed(List<ConsumerRecord<byte[], byte[]>> records, Parts parts) {
        int n = records.size();
        byte[] topic = records.get(0).topic().getBytes(UTF_8);
        byte[][] values = new byte[n][];
        byte[][] keys = new byte[parts.keys() ? n : 0][];
        byte[][] headers = new byte[parts.headers() ? n : 0][];
        long length = FRONT + 2L * n * Long.BYTES + topic.length;
        for (int at = 0; at < n; at++) {
            ConsumerRecord<byte[], byte[]> record = records.get(at);
            values[at] = record.value();
            if (parts.keys()) {
                keys[at] = record.key();
            }
            if (parts.headers()) {
                headers[at] = packed(record.headers().toArray());
            }
        }
        length += space(values) + (parts.lines() ? n : 0) + space(keys) + space(headers);
        ByteBuffer pack = ByteBuffer.allocate(Math.toIntExact(length)).order(ByteOrder.LITTLE_ENDIAN);
        pack.putInt(MARK).putInt(n).putInt(records.get(0).partition()).putInt(topic.length);
        pack.putInt(parts.bits()).putInt(pack.capacity());
        records.forEach(record -> pack.putLong(record.offset()));
        records.forEach(record -> pack.putLong(record.timestamp()));
        putLengths(pack, values);
        putLengths(pack, keys);
        putLengths(pack, headers);
        pack.put(topic);
        putBytes(pack, values, parts.lines());
        putBytes(pack, keys, false);
        putBytes(pack, headers, false);
        return pack.array();
    }

    private static byte[] packed(Header[] headers) {
        if (headers.length == 0) {
            return NOTHING;
        }
        byte[][] texts = new byte[2 * headers.length][];
        for (int at = 0; at < headers.length; at++) {
            texts[2 * at] = headers[at].key().getBytes(UTF_8);
            texts[2 * at + 1] = headers[at].value();
        }
        ByteBuffer packed = ByteBuffer.allocate(Math.toIntExact(space(texts))).order(ByteOrder.LITTLE_ENDIAN);
        for (byte[] text : texts) {
            packed.putInt(text == null ? -1 : text.length).put(text == null ? NOTHING : text);
        }
        return packed.array();
    }

    /** Returns the bytes that {@code texts} take with their lengths. */
    private static long space(byte[][] texts) {
        long space = (long) texts.length * Integer.BYTES;
        for (byte[] text : texts) {
            space += text == null ? 0 : text.length;
        }
        return space;
    }

    private static void putLengths(ByteBuffer pack, byte[][] texts) {
        for (byte[] text : texts) {
            pack.putInt(text == null ? -1 : text.length);
        }
    }

    private static void putBytes(ByteBuffer pack, byte[][] texts, boolean lines) {
        for (byte[] text : texts) {
            if (text != null) {
                pack.put(text);
            }
            if (lines) {
                pack.put((byte) '\n');
            }
        }
    }
}
