package headrace;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.configuration.ConfigOptions;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.runtime.io.network.netty.InboundChannelHandlerFactory;
import org.apache.flink.shaded.netty4.io.netty.channel.Channel;
import org.apache.flink.shaded.netty4.io.netty.channel.ChannelHandler;
import org.apache.flink.shaded.netty4.io.netty.channel.ChannelInitializer;
import org.apache.flink.shaded.netty4.io.netty.channel.ChannelPipeline;
import org.apache.flink.shaded.netty4.io.netty.handler.codec.http.HttpServerCodec;

/**
 * Puts a {@link RestGuard} into each connection of Flink's REST server, if {@code headrace.rest.hosts} is set.
 *
 * <p>Flink finds it by its entry in META-INF/services.
 */
public final class RestGuardFactory implements InboundChannelHandlerFactory {

    private static final ConfigOption<List<String>> HOSTS = ConfigOptions.key("headrace.rest.hosts")
            .stringType()
            .asList()
            .noDefaultValue()
            .withDescription("Names by which clients may address the REST server, without port; * for any name.");

    @Override
    public int priority() {
        return 0;
    }

    @Override
    public Optional<ChannelHandler> createHandler(Configuration settings, Map<String, String> headers) {
        return settings.getOptional(HOSTS).map(hosts -> new Placing(Set.copyOf(hosts)));
    }

    /** Places the guard right behind the codec: Flink's own order is to store uploads before it asks other handlers. */
    private static final class Placing extends ChannelInitializer<Channel> {

        private final Set<String> hosts;

        Placing(Set<String> hosts) {
            this.hosts = hosts;
        }

        @Override
        protected void initChannel(Channel channel) {
            ChannelPipeline pipeline = channel.pipeline();
            pipeline.addAfter(pipeline.context(HttpServerCodec.class).name(), null, new RestGuard(hosts));
        }
    }
}
