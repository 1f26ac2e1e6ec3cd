import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.flink.shaded.asm9.org.objectweb.asm.ClassReader;
import org.apache.flink.shaded.asm9.org.objectweb.asm.ClassWriter;
import org.apache.flink.shaded.asm9.org.objectweb.asm.commons.ClassRemapper;
import org.apache.flink.shaded.asm9.org.objectweb.asm.commons.Remapper;
import org.apache.flink.shaded.asm9.org.objectweb.asm.commons.SimpleRemapper;

/**
 * Renames the classes that a file lists, in a jar: a class Name becomes OriginalName.
 *
 * <p>All other classes of the jar go on to use Name, which is ours from then on, and extends OriginalName. It is a
 * program of the set-up: {@code java -cp flink-dist.jar RenameClasses.java JAR LIST}.
 */
final class RenameClasses {

    private static final String PREFIX = "Original";

    public static void main(String[] arguments) throws IOException {
        List<String> names = Files.readAllLines(Path.of(arguments[1]), StandardCharsets.UTF_8);
        try (FileSystem jar = FileSystems.newFileSystem(Path.of(arguments[0]))) {
            for (String name : names) {
                rename(jar, name.replace('.', '/'));
            }
        }
    }

    private static void rename(FileSystem jar, String name) throws IOException {
        int start = name.lastIndexOf('/') + 1;
        String original = name.substring(0, start) + PREFIX + name.substring(start);
        SimpleRemapper names = new SimpleRemapper(Map.of(name, original));
        for (Path path : withInner(jar, name, start)) {
            ClassReader read = new ClassReader(Files.readAllBytes(path));
            ClassWriter written = new ClassWriter(0);
            read.accept(new Renamed(written, names), 0);
            Files.write(path, written.toByteArray());
        }
        Files.move(jar.getPath(name + ".class"), jar.getPath(original + ".class"));
    }

    /** Returns the files of a class and of the classes inside it, which use its private members. */
    private static List<Path> withInner(FileSystem jar, String name, int start) throws IOException {
        String plain = name.substring(start);
        try (Stream<Path> files = Files.list(jar.getPath(name.substring(0, start)))) {
            return files.filter(file -> file.getFileName().toString().matches(plain + "([$].*)?[.]class"))
                    .collect(Collectors.toList());
        }
    }

    /** Writes a class under its new name. The compiler expects a class in the source file of its name. */
    private static final class Renamed extends ClassRemapper {

        Renamed(ClassWriter to, Remapper names) {
            super(to, names);
        }

        @Override
        public void visitSource(String file, String debug) {
            super.visitSource(PREFIX + file, debug);
        }
    }
}
