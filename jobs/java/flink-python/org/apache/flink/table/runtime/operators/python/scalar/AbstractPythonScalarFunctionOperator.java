package org.apache.flink.table.runtime.operators.python.scalar;

import org.apache.flink.configuration.Configuration;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.binary.BinarySection;
import org.apache.flink.table.functions.python.PythonFunctionInfo;
import org.apache.flink.table.runtime.generated.GeneratedProjection;
import org.apache.flink.table.types.logical.RowType;

/**
 * Calls Python functions with rows in bundles, which are bounded by bytes.
 *
 * <p>Flink's own bounds a bundle by its number of rows, holds all of them until the worker has answered, and sends them
 * as one batch. Here a bundle ends with the row that reaches {@link #ENOUGH}, whatever the number of rows.
 */
public abstract class AbstractPythonScalarFunctionOperator extends OriginalAbstractPythonScalarFunctionOperator {

    /**
     * Bytes of rows that are sent, at which a bundle ends. Flink and Beam copy them some seven times. A full pack
     * (headrace.kafka.Pack) is a bundle of its own.
     */
    static final long ENOUGH = 4 << 20;

    private static final long serialVersionUID = 1L;

    private transient long bytes;

    public AbstractPythonScalarFunctionOperator(
            Configuration settings,
            PythonFunctionInfo[] functions,
            RowType input,
            RowType sent,
            RowType received,
            GeneratedProjection toSend,
            GeneratedProjection toHold) {
        super(settings, functions, input, sent, received, toSend, toHold);
    }

    @Override
    public void processElement(StreamRecord<RowData> element) throws Exception {
        super.processElement(element);
        if (bytes >= ENOUGH) {
            invokeFinishBundle();
        }
    }

    @Override
    public RowData getFunctionInput(RowData row) {
        RowData input = super.getFunctionInput(row);
        bytes += ((BinarySection) input).getSizeInBytes(); // a row of a projection is binary
        return input;
    }

    @Override
    protected void invokeFinishBundle() throws Exception {
        bytes = 0;
        super.invokeFinishBundle();
    }
}
