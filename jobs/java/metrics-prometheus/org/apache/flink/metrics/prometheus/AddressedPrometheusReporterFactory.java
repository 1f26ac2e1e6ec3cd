package org.apache.flink.metrics.prometheus;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.prometheus.client.CollectorRegistry;
import io.prometheus.client.exporter.common.TextFormat;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Properties;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.zip.GZIPOutputStream;
import org.apache.flink.metrics.reporter.MetricReporter;
import org.apache.flink.metrics.reporter.MetricReporterFactory;

/**
 * Flink's Prometheus reporter on the address of {@code host}, as in {@code metrics.reporter.prom.host: 127.0.0.1}. On
 * another address it needs {@code token-file}, and answers only requests with the token in that file.
 *
 * <p>Flink's own factory knows a port alone, binds to all addresses of the machine, and asks for nothing. The package is
 * Flink's because the reporter's registry is visible in no other.
 */
public final class AddressedPrometheusReporterFactory implements MetricReporterFactory {

    @Override
    public MetricReporter createMetricReporter(Properties settings) {
        InetSocketAddress address =
                new InetSocketAddress(required(settings, "host"), Integer.parseInt(required(settings, "port")));
        String file = settings.getProperty("token-file");
        if (file != null) {
            return new Reporter(address, Path.of(file));
        }
        if (address.isUnresolved() || !address.getAddress().isLoopbackAddress()) {
            throw new IllegalArgumentException(
                    "the Prometheus reporter needs the setting 'token-file' on " + address + ", which other machines reach");
        }
        return new Reporter(address, null);
    }

    private static String required(Properties settings, String name) {
        Object value = settings.get(name);
        if (value == null) {
            throw new IllegalArgumentException("the Prometheus reporter needs the setting '" + name + "'");
        }
        return value.toString();
    }

    private static final class Reporter extends AbstractPrometheusReporter {

        private final HttpServer server;
        private final ExecutorService threads = Executors.newFixedThreadPool(2, Reporter::daemon);

        Reporter(InetSocketAddress address, Path token) {
            try {
                server = HttpServer.create(address, 0);
            } catch (IOException error) {
                throw new UncheckedIOException("the Prometheus reporter cannot listen on " + address, error);
            }
            server.createContext("/", exchange -> answer(exchange, token, registry));
            server.setExecutor(threads);
            server.start();
        }

        private static Thread daemon(Runnable task) {
            Thread thread = new Thread(task, "prometheus-reporter");
            thread.setDaemon(true);
            return thread;
        }

        private static void answer(HttpExchange exchange, Path token, CollectorRegistry registry) throws IOException {
            try (exchange) {
                if (token != null && !shows(exchange, token)) {
                    exchange.getResponseHeaders().set("WWW-Authenticate", "Bearer");
                    exchange.sendResponseHeaders(401, -1);
                    return;
                }
                ByteArrayOutputStream text = new ByteArrayOutputStream();
                String accepted = exchange.getRequestHeaders().getFirst("Accept-Encoding");
                boolean zipped = accepted != null && accepted.contains("gzip");
                if (zipped) {
                    exchange.getResponseHeaders().set("Content-Encoding", "gzip");
                }
                try (OutputStream bytes = zipped ? new GZIPOutputStream(text) : text;
                        Writer writer = new OutputStreamWriter(bytes, StandardCharsets.UTF_8)) {
                    TextFormat.write004(writer, registry.metricFamilySamples());
                }
                exchange.getResponseHeaders().set("Content-Type", TextFormat.CONTENT_TYPE_004);
                exchange.sendResponseHeaders(200, text.size());
                text.writeTo(exchange.getResponseBody());
            }
        }

        /** Reads the file for each request: it may have been replaced. Without a token in it, no request is answered. */
        private static boolean shows(HttpExchange exchange, Path file) {
            try {
                String token = Files.readString(file).strip();
                String header = exchange.getRequestHeaders().getFirst("Authorization");
                return !token.isEmpty() && header != null && same("Bearer " + token, header);
            } catch (IOException error) {
                return false;
            }
        }

        /** Compares in a time that does not show how much of the text is right. */
        private static boolean same(String expected, String actual) {
            return MessageDigest.isEqual(
                    expected.getBytes(StandardCharsets.UTF_8), actual.getBytes(StandardCharsets.UTF_8));
        }

        @Override
        public void close() {
            server.stop(0);
            threads.shutdown();
            super.close();
        }
    }
}
