import java.util.Properties;
import org.apache.flink.metrics.prometheus.AddressedPrometheusReporterFactory;
import org.apache.flink.metrics.reporter.MetricReporter;

/** Reports metrics at the address, port and token file that are its arguments, until its standard input ends. */
public final class ReportMetrics {

    private ReportMetrics() {}

    public static void main(String[] arguments) throws Exception {
        Properties settings = new Properties();
        settings.put("host", arguments[0]);
        settings.put("port", arguments[1]);
        if (arguments.length > 2) {
            settings.put("token-file", arguments[2]);
        }
        MetricReporter reporter = new AddressedPrometheusReporterFactory().createMetricReporter(settings);
        System.out.println("ready");
        System.in.read();
        reporter.close();
    }
}
