import headrace.ArrowRows;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import org.apache.flink.table.api.DataTypes;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.functions.SpecializedFunction.SpecializedContext;
import org.apache.flink.table.types.DataType;
import org.apache.flink.table.types.inference.CallContext;
import org.apache.flink.util.Collector;

/** Reads each beginning of the Arrow stream in a file. Prints its length, the rows read, and the error if there is one. */
public final class CutStream implements Collector<RowData> {

    private int rows;

    private CutStream() {}

    public static void main(String[] arguments) throws Exception {
        byte[] stream = Files.readAllBytes(Path.of(arguments[0]));
        DataType type = DataTypes.ROW(
                DataTypes.FIELD("n", DataTypes.BIGINT()), DataTypes.FIELD("t", DataTypes.STRING()));
        CallContext call = answer(CallContext.class, "getOutputDataType", Optional.of(type));
        ArrowRows function =
                (ArrowRows) new ArrowRows().specialize(answer(SpecializedContext.class, "getCallContext", call));
        function.open(null);
        for (int length = 0; length <= stream.length; length++) {
            CutStream read = new CutStream();
            function.setCollector(read);
            String error = "";
            try {
                function.eval(Arrays.copyOf(stream, length), "");
            } catch (IOException failed) {
                error = failed.getMessage();
            }
            System.out.println(length + ";" + read.rows + ";" + error);
        }
        function.close(); // fails if memory of Arrow was not released
    }

    private static <T> T answer(Class<T> kind, String method, Object value) {
        Object proxy = Proxy.newProxyInstance(kind.getClassLoader(), new Class<?>[] {kind}, (self, called, given) -> {
            if (called.getName().equals(method)) {
                return value;
            }
            throw new UnsupportedOperationException(called.getName());
        });
        return kind.cast(proxy);
    }

    @Override
    public void collect(RowData row) {
        rows += row.getString(1).toString().equals("a") ? 1 : 0;
    }

    @Override
    public void close() {}
}
