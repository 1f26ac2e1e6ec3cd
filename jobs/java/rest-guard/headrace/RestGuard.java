package headrace;

import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.flink.shaded.netty4.io.netty.buffer.Unpooled;
import org.apache.flink.shaded.netty4.io.netty.channel.ChannelFutureListener;
import org.apache.flink.shaded.netty4.io.netty.channel.ChannelHandlerContext;
import org.apache.flink.shaded.netty4.io.netty.channel.ChannelInboundHandlerAdapter;
import org.apache.flink.shaded.netty4.io.netty.handler.codec.http.DefaultFullHttpResponse;
import org.apache.flink.shaded.netty4.io.netty.handler.codec.http.FullHttpResponse;
import org.apache.flink.shaded.netty4.io.netty.handler.codec.http.HttpHeaderNames;
import org.apache.flink.shaded.netty4.io.netty.handler.codec.http.HttpHeaders;
import org.apache.flink.shaded.netty4.io.netty.handler.codec.http.HttpRequest;
import org.apache.flink.shaded.netty4.io.netty.handler.codec.http.HttpResponseStatus;
import org.apache.flink.shaded.netty4.io.netty.handler.codec.http.HttpVersion;
import org.apache.flink.shaded.netty4.io.netty.util.ReferenceCountUtil;

/**
 * Refuses the requests that a web page of another site makes a browser send, and those for a foreign host name.
 *
 * <p>Flink's REST server asks for no password and runs any job that is posted to it. A browser sends such a post for any
 * page. It does not let the page choose the headers Host, Origin and Sec-Fetch-Site, and programs send none but Host.
 */
final class RestGuard extends ChannelInboundHandlerAdapter {

    private static final Pattern NAME_AND_PORT =
            Pattern.compile("(?<name>\\[[0-9a-f:.]+]|[a-z0-9._-]+)(:[0-9]{1,5})?");
    private static final Set<String> OTHER_SITES = Set.of("cross-site", "same-site");

    private final Set<String> hosts;
    private boolean refused;

    RestGuard(Set<String> hosts) {
        this.hosts = hosts;
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        if (!refused && message instanceof HttpRequest) {
            String reason = reasonToRefuse(((HttpRequest) message).headers());
            if (reason != null) {
                refused = true;
                refuse(context, reason);
            }
        }
        if (refused) {
            ReferenceCountUtil.release(message);
        } else {
            context.fireChannelRead(message);
        }
    }

    private String reasonToRefuse(HttpHeaders headers) {
        // Several headers of one name would leave open which of them counts.
        if (headers.getAll(HttpHeaderNames.HOST).size() != 1 || headers.getAll(HttpHeaderNames.ORIGIN).size() > 1) {
            return "exactly one header Host and at most one header Origin are accepted";
        }
        String address = headers.get(HttpHeaderNames.HOST).toLowerCase(Locale.ROOT);
        Matcher host = NAME_AND_PORT.matcher(address);
        if (!host.matches() || !(hosts.contains("*") || hosts.contains(host.group("name")))) {
            return "the header Host is not one of the names in headrace.rest.hosts";
        }
        String origin = headers.get(HttpHeaderNames.ORIGIN);
        if (origin != null && !origin.toLowerCase(Locale.ROOT).matches("https?://" + Pattern.quote(address))) {
            return "the request comes from a page of another site (header Origin)";
        }
        String site = headers.get("sec-fetch-site");
        if (site != null && OTHER_SITES.contains(site.toLowerCase(Locale.ROOT))) {
            return "the request comes from a page of another site (header Sec-Fetch-Site)";
        }
        return null;
    }

    private static void refuse(ChannelHandlerContext context, String reason) {
        String body = "{\"errors\":[\"" + reason + "\"]}";
        FullHttpResponse response = new DefaultFullHttpResponse(
                HttpVersion.HTTP_1_1,
                HttpResponseStatus.FORBIDDEN,
                Unpooled.copiedBuffer(body, StandardCharsets.UTF_8));
        response.headers()
                .set(HttpHeaderNames.CONTENT_TYPE, "application/json; charset=UTF-8")
                .set(HttpHeaderNames.CONTENT_LENGTH, response.content().readableBytes())
                .set(HttpHeaderNames.CONNECTION, "close");
        context.writeAndFlush(response).addListener(ChannelFutureListener.CLOSE);
    }
}
