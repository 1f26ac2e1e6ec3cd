import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;

/**
 * Writes all files of streams in a folder, by row and by column, as often as it is told, and prints the nanoseconds of
 * CPU that this thread took for each. Arguments: the folder of the streams, that of the files, a file of properties, the
 * number of rounds.
 */
final class WriteStreams {

    public static void main(String[] arguments) throws Exception {
        List<byte[]> streams = new ArrayList<>();
        try (var files = Files.list(Path.of(arguments[0]))) {
            for (Path file : files.sorted().toList()) {
                streams.add(Files.readAllBytes(file));
            }
        }
        Path written = Path.of(arguments[1]);
        Properties given = new Properties();
        given.load(Files.newBufferedReader(Path.of(arguments[2])));
        Map<String, String> properties = Map.copyOf((Map) given);
        for (int round = 0; round < Integer.parseInt(arguments[3]); round++) {
            Path rows = Files.createDirectories(written.resolve("rows"));
            Path columns = Files.createDirectories(written.resolve("columns"));
            long began = now();
            ByRow byRow = new ByRow(rows, properties);
            for (byte[] stream : streams) {
                byRow.write(stream);
            }
            byRow.close();
            long between = now();
            ByColumn byColumn = new ByColumn(columns, properties);
            for (byte[] stream : streams) {
                byColumn.write(stream);
            }
            byColumn.close();
            System.out.println((between - began) + " " + (now() - between));
        }
    }

    private static long now() {
        return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
    }
}
