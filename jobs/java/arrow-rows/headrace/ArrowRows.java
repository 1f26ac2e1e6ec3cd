package headrace;

import java.io.IOException;
import org.apache.flink.table.api.DataTypes;
import org.apache.flink.table.catalog.DataTypeFactory;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.functions.FunctionContext;
import org.apache.flink.table.functions.SpecializedFunction;
import org.apache.flink.table.functions.TableFunction;
import org.apache.flink.table.functions.UserDefinedFunction;
import org.apache.flink.table.runtime.arrow.ArrowUtils;
import org.apache.flink.table.types.DataType;
import org.apache.flink.table.types.inference.CallContext;
import org.apache.flink.table.types.inference.InputTypeStrategies;
import org.apache.flink.table.types.inference.TypeInference;
import org.apache.flink.table.types.logical.RowType;

/** {@code arrow_rows(bytes, 'ROW<tag STRING, ts TIMESTAMP_LTZ(6)>')}: the rows of an Arrow IPC stream. */
public final class ArrowRows extends TableFunction<RowData> implements SpecializedFunction {

    private static final long serialVersionUID = 1;

    private final RowType type;
    private transient ArrowStreams streams;

    /** For Flink, which knows no type before it has planned a call. */
    public ArrowRows() {
        this(null);
    }

    private ArrowRows(RowType type) {
        this.type = type;
    }

    @Override
    public TypeInference getTypeInference(DataTypeFactory types) {
        return TypeInference.newBuilder()
                .inputTypeStrategy(InputTypeStrategies.sequence(
                        InputTypeStrategies.explicit(DataTypes.BYTES()),
                        InputTypeStrategies.and(
                                InputTypeStrategies.LITERAL, InputTypeStrategies.explicit(DataTypes.STRING()))))
                .outputTypeStrategy(call -> call.getArgumentValue(1, String.class).map(text -> declared(call, text)))
                .build();
    }

    private static DataType declared(CallContext call, String text) {
        try {
            DataType declared = call.getDataTypeFactory().createDataType(text);
            if (declared.getLogicalType() instanceof RowType row) {
                ArrowUtils.toArrowSchema(row);
                return declared.bridgedTo(RowData.class);
            }
        } catch (RuntimeException error) {
            throw call.newValidationError("arrow_rows does not know the type '%s': %s", text, error.getMessage());
        }
        throw call.newValidationError("arrow_rows needs the text of a ROW, such as 'ROW<tag STRING>', not '%s'", text);
    }

    @Override
    public UserDefinedFunction specialize(SpecializedContext context) {
        DataType declared = context.getCallContext().getOutputDataType().orElseThrow();
        return new ArrowRows((RowType) declared.getLogicalType().copy(true));
    }

    @Override
    public void open(FunctionContext context) {
        streams = new ArrowStreams(type);
    }

    @Override
    public void close() {
        if (streams != null) {
            streams.close();
        }
    }

    /** Emits the rows of {@code stream}. {@code declared} counts only when the call is planned. */
    public void eval(byte[] stream, String declared) throws IOException {
        streams.read(stream, this::collect);
    }
}
