package headrace.kafka;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;

/**
 * The records of one decompressed batch, each with a bounded length.
 *
 * <p>A broker checks the compressed length of a batch alone, and Kafka's client allocates whatever length a record claims
 * to have: a few kilobytes can become a record of two gigabytes. This stream reads the framing of each record (message
 * format 2 of Kafka's protocol). Records of up to {@link #UNCHANGED} bytes pass as they are. In a longer one, the value is
 * cut to {@link #LONGEST} bytes and the key to {@link #LONGEST_KEY}, each one byte more than the longest valid one, so
 * that a reader sees that it is too long. More than {@link #UNCHANGED} bytes of headers become one header, {@link #CUT}.
 * What is cut is decompressed piece by piece and dropped.
 */
public final class BoundedRecords extends InputStream {

    /** Length of the longest value that passes, in bytes: one more than the largest {@code max_bytes} of a contract. */
    public static final int LONGEST = (1 << 24) + 1;

    /** Length of the longest record that is passed on without a look into it, in bytes. */
    public static final int UNCHANGED = 1 << 16;

    /** Length of the longest key that passes, in bytes: one more than the longest that a contract reads. */
    public static final int LONGEST_KEY = UNCHANGED + 1;

    /** Name of the header, without a value, that stands for headers that are too long. */
    public static final String CUT = "headrace.headers.cut";

    private static final byte[] ONE_HEADER = oneHeader();

    private final InputStream records;
    private final ByteArrayOutputStream head = new ByteArrayOutputStream();
    private byte[] written = new byte[0];
    private int at;
    private long passed;
    private boolean shortened;
    private long dropped;
    private long headers;
    private boolean first = true;

    /** Bounds the records that {@code records} contains. */
    public BoundedRecords(InputStream records) {
        this.records = records;
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] to, int offset, int length) throws IOException {
        if (length == 0) {
            return 0;
        }
        if (at == written.length && passed == 0) {
            advance();
        }
        if (at < written.length) {
            int count = Math.min(length, written.length - at);
            System.arraycopy(written, at, to, offset, count);
            at += count;
            return count;
        }
        if (passed == 0) {
            return -1;
        }
        int count = records.read(to, offset, (int) Math.min(length, passed));
        passed -= Math.max(count, 0);
        return count;
    }

    @Override
    public long skip(long count) throws IOException {
        byte[] piece = new byte[(int) Math.min(Math.max(count, 1), UNCHANGED)];
        long skipped = 0;
        int read = 0;
        while (skipped < count && read >= 0) {
            read = read(piece, 0, (int) Math.min(piece.length, count - skipped));
            skipped += Math.max(read, 0);
        }
        return skipped;
    }

    @Override
    public void close() throws IOException {
        records.close();
    }

    /** Ends the record whose bytes have passed, and begins the next one. */
    private void advance() throws IOException {
        head.reset();
        if (shortened) {
            shortened = false;
            end();
        } else {
            begin();
        }
        written = head.toByteArray();
        at = 0;
    }

    private void begin() throws IOException {
        int start = records.read();
        if (first) {
            first = false;
            if (start == 0) {
                // A record of format 2 begins with its length. This is an older batch, which begins with an offset.
                head.write(start);
                passed = Long.MAX_VALUE;
                return;
            }
        }
        if (start < 0) {
            return;
        }
        Varints source = new Varints(start);
        int length = (int) source.read();
        if (length <= UNCHANGED) {
            head.writeBytes(source.bytes());
            passed = length;
        } else {
            shorten(length);
        }
    }

    private void shorten(int length) throws IOException {
        Varints source = new Varints();
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        body.write(source.one());
        for (int field = 0; field < 2; field++) { // the differences to the batch's time and offset
            write(body, source.read());
        }
        long key = source.read();
        write(body, Math.min(key, LONGEST_KEY));
        body.writeBytes(next((int) Math.min(Math.max(key, 0), LONGEST_KEY)));
        drop(key - LONGEST_KEY);
        long value = source.read();
        passed = Math.min(Math.max(value, 0), LONGEST);
        write(body, Math.min(value, LONGEST));
        dropped = Math.max(value, 0) - passed;
        headers = length - source.count() - Math.max(key, 0) - passed - dropped;
        if (headers < 0) {
            throw new IOException("a record is shorter than the key and the value that it contains");
        }
        write(head, body.size() + passed + (headers > UNCHANGED ? ONE_HEADER.length : headers));
        head.writeBytes(body.toByteArray());
        shortened = true;
    }

    /** Ends a record that was shortened: drops the rest of its value, and passes its headers or the one for them. */
    private void end() throws IOException {
        drop(dropped);
        if (headers > UNCHANGED) {
            drop(headers);
            head.writeBytes(ONE_HEADER);
        } else {
            passed = headers;
        }
    }

    private byte[] next(int count) throws IOException {
        byte[] bytes = records.readNBytes(count);
        if (bytes.length < count) {
            throw new EOFException("a record ends before its length");
        }
        return bytes;
    }

    private void drop(long count) throws IOException {
        byte[] piece = new byte[(int) Math.min(Math.max(count, 0), UNCHANGED)];
        long left = count;
        while (left > 0) {
            int read = records.read(piece, 0, (int) Math.min(piece.length, left));
            if (read < 0) {
                throw new EOFException("a record ends before its length");
            }
            left -= read;
        }
    }

    private static byte[] oneHeader() {
        ByteArrayOutputStream headers = new ByteArrayOutputStream();
        write(headers, 1);
        write(headers, CUT.length());
        headers.writeBytes(CUT.getBytes(US_ASCII));
        write(headers, -1);
        return headers.toByteArray();
    }

    private static void write(ByteArrayOutputStream to, long value) {
        long bits = value << 1 ^ value >> 63;
        while ((bits & ~0x7fL) != 0) {
            to.write((int) (bits & 0x7f | 0x80));
            bits >>>= 7;
        }
        to.write((int) bits);
    }

    /** Reads numbers as the protocol writes them: seven bits a byte, the lowest first, with the sign in the lowest bit. */
    private final class Varints {

        private final ByteArrayOutputStream read = new ByteArrayOutputStream();
        private int ahead;

        Varints() {
            this(-1);
        }

        /** Begins with a byte that was already read, unless it is negative. */
        Varints(int ahead) {
            this.ahead = ahead;
        }

        byte[] bytes() {
            return read.toByteArray();
        }

        int count() {
            return read.size();
        }

        int one() throws IOException {
            int next = ahead < 0 ? records.read() : ahead;
            ahead = -1;
            if (next < 0) {
                throw new EOFException("a record ends before its length");
            }
            read.write(next);
            return next;
        }

        long read() throws IOException {
            long bits = 0;
            for (int shift = 0; shift < 70; shift += 7) {
                int next = one();
                bits |= (long) (next & 0x7f) << shift;
                if (next < 0x80) {
                    return bits >>> 1 ^ -(bits & 1);
                }
            }
            throw new IOException("a number in a record is longer than ten bytes");
        }
    }
}
