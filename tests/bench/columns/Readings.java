import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Function;
import org.apache.iceberg.Files;
import org.apache.iceberg.MetricsConfig;
import org.apache.iceberg.PartitionSpec;
import org.apache.iceberg.Schema;
import org.apache.iceberg.io.FileAppender;
import org.apache.iceberg.parquet.Parquet;
import org.apache.iceberg.parquet.ParquetValueWriter;
import org.apache.iceberg.shaded.org.apache.parquet.schema.MessageType;
import org.apache.iceberg.types.Types;
import org.apache.iceberg.types.Types.NestedField;

/** The columns of historian.readings, and a file of Iceberg's own writer for each day. */
final class Readings<K, R> {

    static final Schema SCHEMA = new Schema(
            NestedField.required(1, "tag", Types.StringType.get()),
            NestedField.required(2, "ts", Types.TimestampType.withZone()),
            NestedField.optional(3, "value", Types.DoubleType.get()),
            NestedField.optional(4, "text", Types.StringType.get()),
            NestedField.required(5, "quality", Types.LongType.get()),
            NestedField.optional(6, "unit", Types.StringType.get()),
            NestedField.optional(7, "asset", Types.StringType.get()),
            NestedField.required(8, "src_topic", Types.StringType.get()),
            NestedField.required(9, "src_partition", Types.IntegerType.get()),
            NestedField.required(10, "src_offset", Types.LongType.get()),
            NestedField.required(11, "src_index", Types.IntegerType.get()),
            NestedField.required(12, "ingested_at", Types.TimestampType.withZone()));

    static final PartitionSpec BY_DAY =
            PartitionSpec.builderFor(SCHEMA).day("ts").build();

    static final long NOW_US = 1_800_000_000_000_000L;

    private final Path folder;
    private final Map<String, String> properties;
    private final Function<MessageType, ParquetValueWriter<?>> values;
    private final Map<K, FileAppender<R>> files = new HashMap<>();

    Readings(Path folder, Map<String, String> properties, Function<MessageType, ParquetValueWriter<?>> values) {
        this.folder = folder;
        this.properties = properties;
        this.values = values;
    }

    /** Returns the file of a day; null if it has none. */
    FileAppender<R> get(K day) {
        return files.get(day);
    }

    FileAppender<R> create(K day) {
        try {
            FileAppender<R> file = Parquet.write(Files.localOutput(
                            folder.resolve(files.size() + ".parquet").toFile()))
                    .schema(SCHEMA)
                    .setAll(properties)
                    .metricsConfig(MetricsConfig.getDefault())
                    .createWriterFunc(values)
                    .overwrite()
                    .build();
            files.put(day, file);
            return file;
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }

    void close() throws IOException {
        for (FileAppender<R> file : files.values()) {
            file.close();
        }
    }
}
