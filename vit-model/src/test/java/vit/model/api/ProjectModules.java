package vit.model.api;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.module.ModuleDescriptor;
import java.lang.module.ModuleFinder;
import java.lang.module.ModuleReference;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import javax.tools.ToolProvider;

/**
 * The modules of this project as a user's program sees them: compiled, with their descriptors, and with the modules that they require unless
 * those are optional. Tests run on the class path, so this class puts the module path together.
 */
final class ProjectModules {

    private static final String DESCRIPTOR = "module-info.class";

    private final Map<String, ModuleReference> own = new LinkedHashMap<>();
    private final List<Path> path = new ArrayList<>();

    private ProjectModules() {}

    /**
     * Finds them.
     *
     * @param scratch an empty folder, for descriptors that the build under way has not compiled
     */
    static ProjectModules find(Path scratch) throws IOException {
        ProjectModules modules = new ProjectModules();
        for (Path sources : sources()) {
            Path compiled = compiled(sources, modules.path, scratch);
            ModuleReference module = ModuleFinder.of(compiled).findAll().iterator().next();
            modules.own.put(module.descriptor().name(), module);
            modules.path.add(compiled);
        }
        modules.addRequired();
        return modules;
    }

    /** The folder that holds all modules. */
    static Path root() {
        Path folder = Path.of("").toAbsolutePath();
        while (!Files.isDirectory(folder.resolve("vit-kernels"))) {
            folder = folder.getParent();
        }
        return folder;
    }

    /** This project's modules by name. */
    Map<String, ModuleReference> own() {
        return own;
    }

    /** The module path of a program that requires this project's modules. */
    List<Path> path() {
        return path;
    }

    /** The module path of a program that requires these modules as well. */
    List<Path> path(List<String> optional) {
        List<Path> all = new ArrayList<>(path);
        Map<String, ModuleReference> available = available();
        List<String> open = new ArrayList<>(optional);
        while (!open.isEmpty()) {
            ModuleReference module = available.get(open.removeFirst());
            if (module != null && !all.contains(location(module))) {
                all.add(location(module));
                module.descriptor().requires().stream().filter(requires -> !requires.modifiers().contains(ModuleDescriptor.Requires.Modifier.STATIC))
                        .map(ModuleDescriptor.Requires::name).forEach(open::add);
            }
        }
        return all;
    }

    /** The name of the module that a class of the class path comes from. */
    static String moduleOf(Class<?> type) throws URISyntaxException {
        return ModuleFinder.of(Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI())).findAll().iterator().next().descriptor().name();
    }

    /** The packages that other programs may use. */
    Set<String> exported() {
        Set<String> names = new HashSet<>();
        for (ModuleReference module : own.values()) {
            module.descriptor().exports().stream().filter(exports -> !exports.isQualified()).map(ModuleDescriptor.Exports::source).forEach(names::add);
        }
        return names;
    }

    /** The source folders of all modules, those that others require first. */
    static List<Path> sources() throws IOException {
        try (Stream<Path> folders = Files.list(root())) {
            return folders.map(folder -> folder.resolve("src/main/java")).filter(folder -> Files.isRegularFile(folder.resolve("module-info.java"))).sorted().toList();
        }
    }

    /** The jar or the folder of the classes of {@code sources}, with a descriptor. */
    private static Path compiled(Path sources, List<Path> before, Path scratch) throws IOException {
        Path found = onClassPath(sources);
        if (!Files.isDirectory(found) || Files.isRegularFile(found.resolve(DESCRIPTOR))) {
            return found;
        }
        Path target = scratch.resolve(sources.getParent().getParent().getParent().getFileName());
        copy(found, target);
        List<String> options = List.of("-d", target.toString(), "-proc:none", "-nowarn", "-p",
                String.join(File.pathSeparator, Stream.concat(before.stream().map(Path::toString), jars().stream().map(Path::toString)).toList()));
        List<String> arguments = new ArrayList<>(options);
        arguments.add(sources.resolve("module-info.java").toString());
        if (ToolProvider.getSystemJavaCompiler().run(null, null, null, arguments.toArray(String[]::new)) != 0) {
            throw new IllegalStateException("the descriptor in " + sources + " does not compile");
        }
        return target;
    }

    private static Path onClassPath(Path sources) throws IOException {
        try (Stream<Path> files = Files.walk(sources)) {
            String name = files.filter(file -> file.toString().endsWith(".java") && !file.endsWith("module-info.java") && !file.endsWith("package-info.java"))
                    .map(file -> sources.relativize(file).toString().replace(File.separatorChar, '/').replaceFirst("java$", "class")).sorted().findFirst().orElseThrow();
            URL url = ProjectModules.class.getClassLoader().getResource(name);
            String location = url.toString().substring(0, url.toString().length() - name.length());
            return Path.of(new URI(location.startsWith("jar:") ? location.substring("jar:".length(), location.length() - "!/".length()) : location));
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.walk(from)) {
            files.forEach(file -> {
                try {
                    Files.copy(file, Files.createDirectories(to.resolve(from.relativize(file).toString()).getParent()).resolve(file.getFileName()));
                } catch (java.nio.file.FileAlreadyExistsException _) {
                    // the folder was created for one of its files
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        }
    }

    private static List<Path> jars() {
        return Stream.of(System.getProperty("java.class.path").split(File.pathSeparator)).filter(entry -> entry.endsWith(".jar")).map(Path::of)
                .filter(Files::isRegularFile).toList();
    }

    /**
     * Adds the modules that this project's modules require, and those that these require. Optional modules are left out, because a user need
     * not have them.
     */
    private void addRequired() {
        Map<String, ModuleReference> available = available();
        Set<String> present = new HashSet<>(own.keySet());
        ModuleFinder.ofSystem().findAll().forEach(module -> present.add(module.descriptor().name()));
        List<ModuleReference> open = new ArrayList<>(own.values());
        while (!open.isEmpty()) {
            for (ModuleDescriptor.Requires requires : open.removeFirst().descriptor().requires()) {
                if (!requires.modifiers().contains(ModuleDescriptor.Requires.Modifier.STATIC) && present.add(requires.name())) {
                    ModuleReference module = available.get(requires.name());
                    path.add(location(module));
                    open.add(module);
                }
            }
        }
    }

    /** The modules of the class path's jars by name. */
    private static Map<String, ModuleReference> available() {
        Map<String, ModuleReference> available = new HashMap<>();
        for (Path jar : jars()) {
            ModuleFinder.of(jar).findAll().forEach(module -> available.putIfAbsent(module.descriptor().name(), module));
        }
        return available;
    }

    private static Path location(ModuleReference module) {
        return Path.of(module.location().orElse(URI.create("file:///")));
    }
}
