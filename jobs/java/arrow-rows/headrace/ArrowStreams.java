package headrace;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.List;
import java.util.function.Consumer;
import org.apache.flink.api.python.shaded.org.apache.arrow.memory.BufferAllocator;
import org.apache.flink.api.python.shaded.org.apache.arrow.vector.FieldVector;
import org.apache.flink.api.python.shaded.org.apache.arrow.vector.IntVector;
import org.apache.flink.api.python.shaded.org.apache.arrow.vector.TimeStampMicroVector;
import org.apache.flink.api.python.shaded.org.apache.arrow.vector.VarCharVector;
import org.apache.flink.api.python.shaded.org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.flink.api.python.shaded.org.apache.arrow.vector.ipc.ArrowStreamReader;
import org.apache.flink.api.python.shaded.org.apache.arrow.vector.ipc.message.ArrowDictionaryBatch;
import org.apache.flink.api.python.shaded.org.apache.arrow.vector.types.pojo.Field;
import org.apache.flink.api.python.shaded.org.apache.arrow.vector.types.pojo.FieldType;
import org.apache.flink.api.python.shaded.org.apache.arrow.vector.types.pojo.Schema;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.TimestampData;
import org.apache.flink.table.data.columnar.vector.BytesColumnVector;
import org.apache.flink.table.data.columnar.vector.ColumnVector;
import org.apache.flink.table.data.columnar.vector.TimestampColumnVector;
import org.apache.flink.table.runtime.arrow.ArrowReader;
import org.apache.flink.table.runtime.arrow.ArrowUtils;
import org.apache.flink.table.types.logical.RowType;

/**
 * Reads Arrow IPC streams of one type.
 *
 * <p>A stream's columns must have the names, the order and the types of the ROW, as PyFlink writes them: a timestamp
 * has no zone in Arrow. A column of texts may have a dictionary, with int32 indices. A row is a view of Arrow's
 * vectors, and valid until the next one.
 */
final class ArrowStreams implements AutoCloseable {

    private static final int END_OF_STREAM = 8;

    private final RowType type;
    private final Schema schema;
    private final BufferAllocator allocator;

    ArrowStreams(RowType type) {
        this.type = type;
        schema = ArrowUtils.toArrowSchema(type);
        allocator = ArrowUtils.getRootAllocator().newChildAllocator("arrow_rows", 0, Long.MAX_VALUE);
    }

    @Override
    public void close() {
        allocator.close();
    }

    /** Hands on the rows of a stream; NULL has none. */
    void read(byte[] stream, Consumer<RowData> rows) throws IOException {
        if (stream == null) {
            return;
        }
        try (Batches batches = new Batches(stream, allocator)) {
            VectorSchemaRoot batch = opened(batches, stream.length);
            ArrowReader reader = reader(batches, batch);
            while (loadNext(batches, stream.length)) {
                checkNulls(batch.getFieldVectors());
                for (int row = 0; row < batch.getRowCount(); row++) {
                    rows.accept(reader.read(row));
                }
            }
        }
    }

    /** The batches of a stream, of which it is known how many dictionaries have been read. */
    private static final class Batches extends ArrowStreamReader {

        private int dictionaries;

        Batches(byte[] stream, BufferAllocator allocator) {
            super(new ByteArrayInputStream(stream), allocator);
        }

        @Override
        protected void loadDictionary(ArrowDictionaryBatch dictionary) {
            super.loadDictionary(dictionary);
            dictionaries++;
        }

        /** The columns, each with the type of its values. */
        List<Field> columns() throws IOException {
            return getVectorSchemaRoot().getSchema().getFields().stream()
                    .map(each -> nullable(each.getName(), each.getDictionary() == null ? each : words(each).getField()))
                    .toList();
        }

        FieldVector words(Field column) {
            return lookup(column.getDictionary().getId()).getVector();
        }
    }

    private VectorSchemaRoot opened(Batches batches, int length) throws IOException {
        VectorSchemaRoot batch;
        List<Field> found;
        try {
            batch = batches.getVectorSchemaRoot();
            found = batches.columns();
        } catch (IOException | RuntimeException error) {
            throw notWhole(length, error);
        }
        if (!found.equals(nullable(schema.getFields()))) {
            throw new IOException(
                    "arrow_rows: the bytes have the columns " + found + ", but " + type + " needs " + schema.getFields());
        }
        return batch;
    }

    private ArrowReader reader(Batches batches, VectorSchemaRoot batch) {
        ColumnVector[] columns = new ColumnVector[type.getFieldCount()];
        for (int n = 0; n < columns.length; n++) {
            FieldVector column = batch.getVector(n);
            if (column.getField().getDictionary() != null) {
                columns[n] = new Words((IntVector) column, batches);
            } else if (column instanceof TimeStampMicroVector times) {
                columns[n] = new Micros(times);
            } else {
                columns[n] = ArrowUtils.createColumnVector(column, type.getTypeAt(n));
            }
        }
        return new ArrowReader(columns);
    }

    /** Texts of a dictionary: each is taken from Arrow once, not once per row. */
    private static final class Words implements BytesColumnVector {

        private final IntVector words;
        private final Batches batches;
        private Bytes[] dictionary = {};
        private int loaded;

        Words(IntVector words, Batches batches) {
            this.words = words;
            this.batches = batches;
        }

        @Override
        public Bytes getBytes(int row) {
            if (loaded != batches.dictionaries) {
                loaded = batches.dictionaries;
                load((VarCharVector) batches.words(words.getField()));
            }
            return dictionary[words.get(row)];
        }

        private void load(VarCharVector texts) {
            dictionary = new Bytes[texts.getValueCount()];
            for (int word = 0; word < dictionary.length; word++) {
                byte[] text = texts.get(word);
                dictionary[word] = new Bytes(text, 0, text.length);
            }
        }

        @Override
        public boolean isNullAt(int row) {
            return words.isNull(row);
        }
    }

    /** Flink's own column of microseconds fails at a time before 1970 that is not of a whole millisecond. */
    private record Micros(TimeStampMicroVector times) implements TimestampColumnVector {

        @Override
        public TimestampData getTimestamp(int row, int precision) {
            long micros = times.get(row);
            return TimestampData.fromEpochMillis(
                    Math.floorDiv(micros, 1000L), (int) Math.floorMod(micros, 1000L) * 1000);
        }

        @Override
        public boolean isNullAt(int row) {
            return times.isNull(row);
        }
    }

    /** Loads the next batch. Returns false after the mark that ends a whole stream. */
    private static boolean loadNext(ArrowStreamReader batches, int length) throws IOException {
        long before = batches.bytesRead();
        try {
            if (batches.loadNextBatch()) {
                return true;
            }
        } catch (IOException | RuntimeException error) {
            throw notWhole(length, error);
        }
        if (before + END_OF_STREAM != length || batches.bytesRead() != length) {
            throw notWhole(length, null);
        }
        return false;
    }

    private static IOException notWhole(int length, Exception cause) {
        return new IOException("arrow_rows: " + length + " bytes are not one whole Arrow stream", cause);
    }

    /** Whether a column may be NULL is not compared: what counts is whether it has NULLs. */
    private static List<Field> nullable(List<Field> fields) {
        return fields.stream().map(each -> nullable(each.getName(), each)).toList();
    }

    private static Field nullable(String name, Field field) {
        return new Field(name, FieldType.nullable(field.getType()), field.getChildren());
    }

    private void checkNulls(List<FieldVector> columns) throws IOException {
        for (int n = 0; n < columns.size(); n++) {
            if (!type.getTypeAt(n).isNullable() && columns.get(n).getNullCount() > 0) {
                throw new IOException("arrow_rows: the column " + columns.get(n).getName() + " of " + type + " has NULLs");
            }
        }
    }
}
