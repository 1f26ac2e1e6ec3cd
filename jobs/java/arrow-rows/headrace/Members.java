package headrace;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.apache.flink.table.annotation.DataTypeHint;
import org.apache.flink.table.annotation.FunctionHint;
import org.apache.flink.table.api.dataview.MapView;
import org.apache.flink.table.functions.AggregateFunction;

/**
 * {@code members(counts, part, names) OVER (...)}: which names a row ends.
 *
 * <p>A row with {@code names} says which names its {@code part} has from then on. It ends those that the part had and
 * that are not among them. A row without names ends all of its part, or of all parts if {@code part} is NULL. A row that
 * does not count changes nothing. The result is NULL if a row ends no name.
 */
@FunctionHint(accumulator = @DataTypeHint(bridgedTo = Members.State.class), output = @DataTypeHint("ARRAY<STRING>"))
public final class Members extends AggregateFunction<String[], Members.State> {

    private static final long serialVersionUID = 1;

    /** The names of each part, and those that the last row ended. */
    public static final class State {
        public MapView<String, List<String>> parts = new MapView<>();
        public String[] ended;
    }

    @Override
    public State createAccumulator() {
        return new State();
    }

    /** Takes the next row. */
    public void accumulate(State state, Boolean counts, String part, String[] names) throws Exception {
        state.ended = null;
        if (!Boolean.TRUE.equals(counts)) {
            return;
        }
        List<String> ended = names != null ? replaced(state, part, Arrays.asList(names)) : removed(state, part);
        state.ended = ended.isEmpty() ? null : ended.toArray(String[]::new);
    }

    private static List<String> replaced(State state, String part, List<String> names) throws Exception {
        List<String> before = state.parts.get(part);
        state.parts.put(part, names);
        if (before == null) {
            return List.of();
        }
        Set<String> kept = new HashSet<>(names);
        return before.stream().filter(name -> !kept.contains(name)).toList();
    }

    private static List<String> removed(State state, String part) throws Exception {
        List<String> ended = new ArrayList<>();
        if (part == null) {
            // A map of state has no order, and what is stored must not depend on it.
            Map<String, List<String>> parts = new TreeMap<>();
            for (Map.Entry<String, List<String>> each : state.parts.entries()) {
                parts.put(each.getKey(), each.getValue());
            }
            parts.values().forEach(ended::addAll);
            state.parts.clear();
        } else if (state.parts.contains(part)) {
            ended.addAll(state.parts.get(part));
            state.parts.remove(part);
        }
        return ended;
    }

    @Override
    public String[] getValue(State state) {
        return state.ended;
    }
}
