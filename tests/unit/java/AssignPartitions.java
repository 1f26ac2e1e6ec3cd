import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.function.BiConsumer;
import org.apache.flink.api.connector.source.Boundedness;
import org.apache.flink.api.connector.source.ReaderInfo;
import org.apache.flink.api.connector.source.SplitEnumeratorContext;
import org.apache.flink.api.connector.source.SplitsAssignment;
import org.apache.flink.connector.kafka.source.enumerator.KafkaSourceEnumState;
import org.apache.flink.connector.kafka.source.enumerator.KafkaSourceEnumerator;
import org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer;
import org.apache.flink.connector.kafka.source.split.KafkaPartitionSplit;
import org.apache.flink.kafka.shaded.org.apache.kafka.common.TopicPartition;

/** Restores the enumerator of a topic of two partitions, and prints what its one reader gets, case by case. */
public final class AssignPartitions {

    private static final TopicPartition FIRST = new TopicPartition("t", 0);
    private static final TopicPartition SECOND = new TopicPartition("t", 1);

    private final List<String> events = new ArrayList<>();
    private final Map<Integer, ReaderInfo> readers = new TreeMap<>();

    private AssignPartitions() {}

    public static void main(String[] arguments) throws Exception {
        Set<TopicPartition> none = Set.of(), both = Set.of(FIRST, SECOND);
        print("ends, all assigned", Boundedness.BOUNDED, new KafkaSourceEnumState(both, none, true));
        print("ends, one assigned", Boundedness.BOUNDED, new KafkaSourceEnumState(Set.of(FIRST), Set.of(SECOND), true));
        print("ends, not started", Boundedness.BOUNDED, new KafkaSourceEnumState(none, none, false));
        print("goes on, all assigned", Boundedness.CONTINUOUS_UNBOUNDED, new KafkaSourceEnumState(both, none, true));
    }

    private static void print(String name, Boundedness kind, KafkaSourceEnumState state) throws Exception {
        AssignPartitions world = new AssignPartitions();
        Properties settings = new Properties();
        settings.setProperty("bootstrap.servers", "127.0.0.1:1");
        settings.setProperty("partition.discovery.interval.ms", kind == Boundedness.BOUNDED ? "-1" : "10000");
        try (KafkaSourceEnumerator enumerator = new KafkaSourceEnumerator(
                admin -> new HashSet<>(Set.of(FIRST, SECOND)),
                OffsetsInitializer.earliest(),
                OffsetsInitializer.offsets(Map.of(FIRST, 5L, SECOND, 5L)),
                settings,
                world.context(),
                kind,
                state)) {
            enumerator.start();
            world.readers.put(0, new ReaderInfo(0, "here"));
            enumerator.addReader(0);
        }
        System.out.println(name + ": " + String.join(", ", world.events));
    }

    private SplitEnumeratorContext<KafkaPartitionSplit> context() {
        return proxy(SplitEnumeratorContext.class, (method, values) -> switch (method) {
            case "currentParallelism" -> 1;
            case "registeredReaders" -> readers;
            case "signalNoMoreSplits" -> noted("no more");
            case "assignSplits" -> noted(((SplitsAssignment<?>) values[0]).assignment().get(0).size() + " assigned");
            case "callAsync" -> called((Callable<?>) values[0], (BiConsumer<?, Throwable>) values[1]);
            default -> throw new UnsupportedOperationException(method);
        });
    }

    private Object noted(String event) {
        events.add(event);
        return null;
    }

    @SuppressWarnings("unchecked")
    private static Object called(Callable<?> work, BiConsumer<?, Throwable> then) throws Exception {
        ((BiConsumer<Object, Throwable>) then).accept(work.call(), null);
        return null;
    }

    private interface Answers {
        Object of(String method, Object[] values) throws Exception;
    }

    @SuppressWarnings("unchecked")
    private static <T> T proxy(Class<?> kind, Answers answers) {
        return (T) Proxy.newProxyInstance(
                kind.getClassLoader(), new Class<?>[] {kind}, (self, method, values) -> answers.of(method.getName(), values));
    }
}
