package org.apache.flink.metrics.prometheus;

import io.prometheus.client.exporter.HTTPServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.util.Properties;
import org.apache.flink.metrics.reporter.MetricReporter;
import org.apache.flink.metrics.reporter.MetricReporterFactory;

/**
 * Flink's Prometheus reporter on the address of {@code host}, as in {@code metrics.reporter.prom.host: 127.0.0.1}.
 *
 * <p>Flink's own factory knows a port alone, and binds to all addresses of the machine. The package is Flink's because
 * the reporter's registry is visible in no other.
 */
public final class AddressedPrometheusReporterFactory implements MetricReporterFactory {

    @Override
    public MetricReporter createMetricReporter(Properties settings) {
        String host = required(settings, "host");
        return new Reporter(new InetSocketAddress(host, Integer.parseInt(required(settings, "port"))));
    }

    private static String required(Properties settings, String name) {
        Object value = settings.get(name);
        if (value == null) {
            throw new IllegalArgumentException("the Prometheus reporter needs the setting '" + name + "'");
        }
        return value.toString();
    }

    private static final class Reporter extends AbstractPrometheusReporter {

        private final HTTPServer server;

        Reporter(InetSocketAddress address) {
            try {
                server = new HTTPServer(address, registry, true);
            } catch (IOException error) {
                throw new UncheckedIOException("the Prometheus reporter cannot listen on " + address, error);
            }
        }

        @Override
        public void close() {
            server.stop();
            super.close();
        }
    }
}
