package headrace;

import java.io.IOException;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.functions.RichFlatMapFunction;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.types.DataType;
import org.apache.flink.table.types.logical.RowType;
import org.apache.flink.types.Row;
import org.apache.flink.util.Collector;

/**
 * The rows of one sink from records (sink, Arrow IPC stream), as they leave a function in Python.
 *
 * <p>What a table function emits is joined to its argument and then copied column by column, which costs as much as
 * half of Parquet's writer. A DataStream has neither.
 */
public final class ArrowRowsOfSink extends RichFlatMapFunction<Row, RowData> {

    private static final long serialVersionUID = 1;

    private final String sink;
    private final RowType type;
    private transient ArrowStreams streams;

    /** For the rows of {@code sink}, of the type {@code row}. */
    public ArrowRowsOfSink(String sink, DataType row) {
        this.sink = sink;
        this.type = (RowType) row.getLogicalType();
    }

    @Override
    public void open(OpenContext context) {
        streams = new ArrowStreams(type);
    }

    @Override
    public void close() {
        if (streams != null) {
            streams.close();
        }
    }

    @Override
    public void flatMap(Row record, Collector<RowData> rows) throws IOException {
        if (sink.equals(record.getField(0))) {
            streams.read((byte[]) record.getField(1), rows::collect);
        }
    }
}
