import headrace.ArrowRows;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.apache.flink.table.api.DataTypes;
import org.apache.flink.table.data.BoxedWrapperRowData;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.TimestampData;
import org.apache.flink.table.data.binary.BinaryRowData;
import org.apache.flink.table.data.utils.JoinedRowData;
import org.apache.flink.table.functions.SpecializedFunction.SpecializedContext;
import org.apache.flink.table.runtime.typeutils.StringDataSerializer;
import org.apache.flink.table.types.DataType;
import org.apache.flink.table.types.inference.CallContext;
import org.apache.flink.table.types.logical.LogicalType;
import org.apache.flink.table.types.logical.RowType;
import org.apache.flink.util.Collector;
import org.apache.iceberg.PartitionKey;
import org.apache.iceberg.flink.FlinkSchemaUtil;
import org.apache.iceberg.flink.RowDataWrapper;
import org.apache.iceberg.flink.data.FlinkParquetWriters;
import org.apache.iceberg.io.FileAppender;

/** Writes streams as a job does: arrow_rows, what Flink's planner generates for the SELECT, Iceberg's writer of rows. */
final class ByRow implements Collector<RowData> {

    private static final TimestampData NOW = TimestampData.fromEpochMillis(Readings.NOW_US / 1000);
    private static final RowType ROW = FlinkSchemaUtil.convert(Readings.SCHEMA);

    private final ArrowRows function;
    private final Readings<PartitionKey, RowData> files;
    private final JoinedRowData joined = new JoinedRowData();
    private final RowData argument = new BinaryRowData(1);
    private final BoxedWrapperRowData selected = new BoxedWrapperRowData(Readings.SCHEMA.columns().size());
    private final PartitionKey day = new PartitionKey(Readings.BY_DAY, Readings.SCHEMA);
    private final RowDataWrapper wrapper = new RowDataWrapper(ROW, Readings.SCHEMA.asStruct());

    ByRow(Path folder, Map<String, String> properties) {
        DataType type = DataTypes.ROW(
                DataTypes.FIELD("tag", DataTypes.STRING()),
                DataTypes.FIELD("value", DataTypes.DOUBLE()),
                DataTypes.FIELD("text", DataTypes.STRING()),
                DataTypes.FIELD("ts", DataTypes.TIMESTAMP_LTZ(6)),
                DataTypes.FIELD("quality", DataTypes.BIGINT()),
                DataTypes.FIELD("asset", DataTypes.STRING()),
                DataTypes.FIELD("unit", DataTypes.STRING()),
                DataTypes.FIELD("src_topic", DataTypes.STRING().notNull()),
                DataTypes.FIELD("src_partition", DataTypes.INT().notNull()),
                DataTypes.FIELD("src_offset", DataTypes.BIGINT().notNull()),
                DataTypes.FIELD("src_index", DataTypes.INT().notNull()));
        CallContext call = answering(CallContext.class, "getOutputDataType", Optional.of(type));
        function = (ArrowRows)
                new ArrowRows().specialize(answering(SpecializedContext.class, "getCallContext", call));
        function.open(null);
        function.setCollector(this);
        files = new Readings<>(
                folder, properties, parquet -> FlinkParquetWriters.buildWriter((LogicalType) ROW, parquet));
    }

    void write(byte[] stream) throws Exception {
        function.eval(stream, "");
    }

    @Override
    public void collect(RowData row) {
        joined.replace(argument, row);
        text(1, 0);
        selected.setNonPrimitiveValue(1, joined.getTimestamp(4, 6));
        if (joined.isNullAt(2)) {
            selected.setNullAt(2);
        } else {
            selected.setDouble(2, joined.getDouble(2));
        }
        text(3, 3);
        selected.setLong(4, joined.getLong(5));
        text(7, 5);
        text(6, 6);
        text(8, 7);
        selected.setInt(8, joined.getInt(9));
        selected.setLong(9, joined.getLong(10));
        selected.setInt(10, joined.getInt(11));
        selected.setNonPrimitiveValue(11, NOW);
        day.partition(wrapper.wrap(selected));
        FileAppender<RowData> file = files.get(day);
        (file == null ? files.create(day.copy()) : file).add(selected);
    }

    private void text(int from, int to) {
        if (joined.isNullAt(from)) {
            selected.setNullAt(to);
        } else {
            selected.setNonPrimitiveValue(to, StringDataSerializer.INSTANCE.copy(joined.getString(from)));
        }
    }

    @Override
    public void close() {
        try {
            files.close();
        } catch (java.io.IOException error) {
            throw new java.io.UncheckedIOException(error);
        }
    }

    /** Returns an object of which one method answers, and no other. */
    private static <T> T answering(Class<T> type, String method, Object answer) {
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, (self, called, given) -> {
            if (called.getName().equals(method)) {
                return answer;
            }
            throw new UnsupportedOperationException(called.getName());
        }));
    }
}
