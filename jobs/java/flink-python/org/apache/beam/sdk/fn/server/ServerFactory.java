package org.apache.beam.sdk.fn.server;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.apache.beam.model.pipeline.v1.Endpoints.ApiServiceDescriptor;
import org.apache.beam.sdk.fn.channel.SocketAddressFactory;
import org.apache.beam.vendor.grpc.v1p60p1.io.grpc.BindableService;
import org.apache.beam.vendor.grpc.v1p60p1.io.grpc.Server;
import org.apache.beam.vendor.grpc.v1p60p1.io.grpc.ServerInterceptors;
import org.apache.beam.vendor.grpc.v1p60p1.io.grpc.netty.NettyServerBuilder;

/**
 * The gRPC servers through which Flink and its Python workers exchange records, on the loopback address alone.
 *
 * <p>It replaces the class of this name in Flink's flink-python jar. Beam's own binds to all addresses of the machine,
 * asks for no password, and one of its services returns any file of the machine whose path it is given.
 */
public abstract class ServerFactory {

    private static final int KEEP_ALIVE_S = 19;

    /** Starts a server on a free port, and writes its address to {@code descriptor}. */
    public abstract Server allocateAddressAndCreate(
            List<BindableService> services, ApiServiceDescriptor.Builder descriptor) throws IOException;

    /** Starts a server on the port of {@code descriptor}. */
    public abstract Server create(List<BindableService> services, ApiServiceDescriptor descriptor) throws IOException;

    public static ServerFactory createDefault() {
        return createWithUrlFactory(UrlFactory.createDefault());
    }

    public static ServerFactory createWithUrlFactory(UrlFactory urls) {
        return createWithUrlFactoryAndPortSupplier(urls, () -> 0);
    }

    public static ServerFactory createWithUrlFactoryAndPortSupplier(UrlFactory urls, Supplier<Integer> ports) {
        return new OnLoopback(urls, ports);
    }

    /** Writes the address by which workers reach a server. */
    public interface UrlFactory {
        String createUrl(String host, int port);

        static UrlFactory createDefault() {
            return (host, port) -> host + ":" + port;
        }
    }

    private static final class OnLoopback extends ServerFactory {

        private final UrlFactory urls;
        private final Supplier<Integer> ports;

        OnLoopback(UrlFactory urls, Supplier<Integer> ports) {
            this.urls = urls;
            this.ports = ports;
        }

        @Override
        public Server allocateAddressAndCreate(List<BindableService> services, ApiServiceDescriptor.Builder descriptor)
                throws IOException {
            Server server = start(services, ports.get());
            descriptor.setUrl(urls.createUrl(InetAddress.getLoopbackAddress().getHostAddress(), server.getPort()));
            return server;
        }

        @Override
        public Server create(List<BindableService> services, ApiServiceDescriptor descriptor) throws IOException {
            InetSocketAddress wanted = (InetSocketAddress) SocketAddressFactory.createFrom(descriptor.getUrl());
            return start(services, wanted.getPort());
        }

        private static Server start(List<BindableService> services, int port) throws IOException {
            InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
            NettyServerBuilder server = NettyServerBuilder.forAddress(address)
                    // Flink bounds a batch by its records; a limit here would end the job instead.
                    .maxInboundMessageSize(Integer.MAX_VALUE)
                    .permitKeepAliveTime(KEEP_ALIVE_S, TimeUnit.SECONDS);
            for (BindableService service : services) {
                // Services read the worker's id from the headers that this interceptor passes on.
                server.addService(
                        ServerInterceptors.intercept(service, GrpcContextHeaderAccessorProvider.interceptor()));
            }
            return server.build().start();
        }
    }
}
