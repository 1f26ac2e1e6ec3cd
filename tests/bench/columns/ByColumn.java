import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.flink.api.python.shaded.org.apache.arrow.memory.BufferAllocator;
import org.apache.flink.api.python.shaded.org.apache.arrow.memory.RootAllocator;
import org.apache.flink.api.python.shaded.org.apache.arrow.vector.FieldVector;
import org.apache.flink.api.python.shaded.org.apache.arrow.vector.Float8Vector;
import org.apache.flink.api.python.shaded.org.apache.arrow.vector.IntVector;
import org.apache.flink.api.python.shaded.org.apache.arrow.vector.VarCharVector;
import org.apache.flink.api.python.shaded.org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.flink.api.python.shaded.org.apache.arrow.vector.ipc.ArrowStreamReader;
import org.apache.iceberg.io.FileAppender;
import org.apache.iceberg.parquet.ParquetValueWriter;
import org.apache.iceberg.parquet.TripleWriter;
import org.apache.iceberg.shaded.org.apache.parquet.column.ColumnWriteStore;
import org.apache.iceberg.shaded.org.apache.parquet.column.ColumnWriter;
import org.apache.iceberg.shaded.org.apache.parquet.io.api.Binary;
import org.apache.iceberg.shaded.org.apache.parquet.schema.MessageType;

/** Writes streams by the same writer of Iceberg, whose values come from Arrow's columns instead of from rows. */
final class ByColumn {

    private static final long DAY_US = 86_400_000_000L;
    private static final String[] COLUMNS = {
        "tag", "ts", "value", "text", "quality", "unit", "asset", "src_topic", "src_partition", "src_offset", "src_index"
    };
    private static final int TS = 1;

    private final BufferAllocator allocator = new RootAllocator();
    private final Readings<Long, Batch> files;

    ByColumn(Path folder, Map<String, String> properties) {
        files = new Readings<>(folder, properties, Values::new);
    }

    void write(byte[] stream) throws IOException {
        try (ArrowStreamReader batches = new ArrowStreamReader(new ByteArrayInputStream(stream), allocator)) {
            Batch batch = new Batch();
            VectorSchemaRoot read = batches.getVectorSchemaRoot();
            while (batches.loadNextBatch()) {
                for (int n = 0; n < COLUMNS.length; n++) {
                    batch.columns[n] = Column.of(read.getVector(COLUMNS[n]), batches, batch.columns[n]);
                }
                write(batch, read.getRowCount());
            }
        }
    }

    private void write(Batch batch, int rows) {
        long[] times = ((Longs) batch.columns[TS]).values();
        long day = Long.MIN_VALUE;
        FileAppender<Batch> file = null;
        for (batch.row = 0; batch.row < rows; batch.row++) {
            long next = Math.floorDiv(times[batch.row], DAY_US);
            if (next != day) {
                day = next;
                file = files.get(day) == null ? files.create(day) : files.get(day);
            }
            file.add(batch);
        }
    }

    void close() throws IOException {
        files.close();
    }

    /** A batch, of which one row is written next. */
    private static final class Batch {

        final Column[] columns = new Column[COLUMNS.length];
        int row;
    }

    /** One column of a batch. */
    private sealed interface Column {

        void write(int row, ColumnWriter to, int level);

        static Column of(FieldVector column, ArrowStreamReader batches, Column last) {
            int rows = column.getValueCount();
            if (column.getNullCount() == rows) {
                return new Nulls();
            }
            if (column.getNullCount() > 0) {
                throw new IllegalArgumentException(column.getField() + " has some nulls, which this program cannot write");
            }
            if (column.getField().getDictionary() != null) {
                Binary[] words = last instanceof Words known ? known.words : words(column, batches);
                return new Words(ints(column), words);
            }
            if (column instanceof IntVector) {
                return new Ints(ints(column));
            }
            if (column instanceof Float8Vector) {
                double[] values = new double[rows];
                data(column, 8).asDoubleBuffer().get(values);
                return new Doubles(values);
            }
            long[] values = new long[rows];
            data(column, 8).asLongBuffer().get(values);
            return new Longs(values);
        }

        private static int[] ints(FieldVector column) {
            int[] values = new int[column.getValueCount()];
            data(column, 4).asIntBuffer().get(values);
            return values;
        }

        private static ByteBuffer data(FieldVector column, int width) {
            ByteBuffer bytes = column.getDataBuffer().nioBuffer(0, column.getValueCount() * width);
            return bytes.order(ByteOrder.LITTLE_ENDIAN);
        }

        private static Binary[] words(FieldVector column, ArrowStreamReader batches) {
            long dictionary = column.getField().getDictionary().getId();
            VarCharVector texts = (VarCharVector) batches.lookup(dictionary).getVector();
            Binary[] words = new Binary[texts.getValueCount()];
            for (int word = 0; word < words.length; word++) {
                words[word] = Binary.fromConstantByteArray(texts.get(word));
            }
            return words;
        }
    }

    private record Nulls() implements Column {
        @Override
        public void write(int row, ColumnWriter to, int level) {
            to.writeNull(0, 0);
        }
    }

    private record Words(int[] at, Binary[] words) implements Column {
        @Override
        public void write(int row, ColumnWriter to, int level) {
            to.write(words[at[row]], 0, level);
        }
    }

    private record Ints(int[] values) implements Column {
        @Override
        public void write(int row, ColumnWriter to, int level) {
            to.write(values[row], 0, level);
        }
    }

    private record Longs(long[] values) implements Column {
        @Override
        public void write(int row, ColumnWriter to, int level) {
            to.write(values[row], 0, level);
        }
    }

    private record Doubles(double[] values) implements Column {
        @Override
        public void write(int row, ColumnWriter to, int level) {
            to.write(values[row], 0, level);
        }
    }

    /** Hands one row of a batch to the writers of Parquet's columns. */
    private static final class Values implements ParquetValueWriter<Batch> {

        private final MessageType type;
        private final ColumnWriter[] writers;
        private final int[] levels;

        Values(MessageType type) {
            this.type = type;
            writers = new ColumnWriter[type.getColumns().size()];
            levels = new int[writers.length];
        }

        @Override
        public void setColumnStore(ColumnWriteStore store) {
            for (int n = 0; n < writers.length; n++) {
                writers[n] = store.getColumnWriter(type.getColumns().get(n));
                levels[n] = type.getColumns().get(n).getMaxDefinitionLevel();
            }
        }

        @Override
        public void write(int repetition, Batch batch) {
            for (int n = 0; n < COLUMNS.length; n++) {
                batch.columns[n].write(batch.row, writers[n], levels[n]);
            }
            writers[COLUMNS.length].write(Readings.NOW_US, 0, 0);
        }

        @Override
        public List<TripleWriter<?>> columns() {
            return List.of();
        }
    }
}
