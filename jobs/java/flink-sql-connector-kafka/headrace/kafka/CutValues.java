package headrace.kafka;

import java.nio.ByteBuffer;
import org.apache.flink.kafka.shaded.org.apache.kafka.common.header.Headers;
import org.apache.flink.kafka.shaded.org.apache.kafka.common.serialization.Deserializer;

/**
 * Hands values on to another deserializer, those that are too long cut to one byte more than the longest valid value.
 *
 * <p>The job still sees that such a value is too long, and makes a dead letter of it; the rest takes no memory.
 */
public final class CutValues<V> implements Deserializer<V> {

    private final Deserializer<V> cut;
    private final int longest;

    /** Cuts values that are longer than {@code longestValid} bytes. */
    public CutValues(Deserializer<V> cut, int longestValid) {
        this.cut = cut;
        longest = longestValid + 1;
    }

    @Override
    public V deserialize(String topic, byte[] value) {
        return deserialize(topic, null, value == null ? null : ByteBuffer.wrap(value));
    }

    @Override
    public V deserialize(String topic, Headers headers, ByteBuffer value) {
        if (value == null || value.remaining() <= longest) {
            return cut.deserialize(topic, headers, value);
        }
        return cut.deserialize(topic, headers, value.slice(value.position(), longest));
    }
}
