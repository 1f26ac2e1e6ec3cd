package org.apache.flink.kafka.shaded.org.apache.kafka.common.utils;

import headrace.kafka.BoundedRecords;
import java.io.IOException;
import java.io.InputStream;

/** The decompressed bytes of a batch, whatever its compression, with records of a bounded length. */
public class ChunkedBytesStream extends OriginalChunkedBytesStream {

    private final BoundedRecords records;

    public ChunkedBytesStream(InputStream source, BufferSupplier buffers, int bufferSize, boolean skipInSource) {
        super(source, buffers, bufferSize, skipInSource);
        records = new BoundedRecords(new Decompressed());
    }

    @Override
    public int read() throws IOException {
        return records.read();
    }

    @Override
    public int read(byte[] to, int offset, int length) throws IOException {
        return records.read(to, offset, length);
    }

    @Override
    public long skip(long count) throws IOException {
        return records.skip(count);
    }

    /** What Kafka's own class returns. */
    private final class Decompressed extends InputStream {

        @Override
        public int read() throws IOException {
            return ChunkedBytesStream.super.read();
        }

        @Override
        public int read(byte[] to, int offset, int length) throws IOException {
            return ChunkedBytesStream.super.read(to, offset, length);
        }
    }
}
