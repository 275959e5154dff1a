package vit.model.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.module.ModuleDescriptor;
import java.lang.module.ModuleDescriptor.Requires.Modifier;
import java.lang.module.ModuleReader;
import java.lang.module.ModuleReference;
import java.lang.reflect.Executable;
import java.lang.reflect.Field;
import java.lang.reflect.GenericArrayType;
import java.lang.reflect.GenericDeclaration;
import java.lang.reflect.Member;
import java.lang.reflect.Method;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.lang.reflect.TypeVariable;
import java.lang.reflect.WildcardType;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every type that a public signature of an exported package names is one that a user's program can name too. */
class ExportedSignaturesTest {

    /** Packages for the users of a library that {@code vit.model} itself does not need, and the modules of that library. */
    private static final Map<String, Set<String>> OPTIONAL = Map.of("vit.model.langchain4j", Set.of("langchain4j.core"),
            "vit.model.micrometer", Set.of("micrometer.core"));

    private static ProjectModules modules;
    private static Set<String> exported;

    @BeforeAll
    static void find(@TempDir Path scratch) throws IOException {
        modules = ProjectModules.find(scratch);
        exported = modules.exported();
    }

    @Test
    void signaturesNameOnlyTypesThatUsersCanName() throws IOException, ClassNotFoundException {
        Set<String> faults = new TreeSet<>();
        int classes = 0;
        for (ModuleReference module : modules.own().values()) {
            Set<String> readable = readable(module.descriptor());
            for (String name : classes(module)) {
                Class<?> type = Class.forName(name, false, getClass().getClassLoader());
                if (exported.contains(type.getPackageName()) && isReachable(type)) {
                    classes++;
                    Set<String> all = new HashSet<>(readable);
                    all.addAll(OPTIONAL.getOrDefault(type.getPackageName(), Set.of()));
                    check(type, all, faults);
                }
            }
        }
        System.out.println(classes + " classes of " + exported.size() + " exported packages");
        assertTrue(classes > 100, "only " + classes + " classes were found");
        assertEquals("", String.join("\n", faults));
    }

    /** The check finds signatures with a private class, and with a class of a module that {@code vit.model} does not require transitively. */
    @Test
    void plantedFaultsAreFound() {
        exported = new HashSet<>(exported);
        exported.add(getClass().getPackageName());
        Set<String> faults = new TreeSet<>();
        check(Planted.class, readable(modules.own().get("vit.model").descriptor()), faults);
        assertEquals(5, faults.size(), faults::toString);
    }

    private static final class Hidden {}

    /** Five signatures that each have a fault, and one without a fault. */
    public static class Planted {
        public List<? extends Hidden> field;

        public Planted(Hidden[] parameter) {}

        public Hidden returned() {
            return null;
        }

        protected <T extends Hidden> void bound() {}

        public void otherModule(java.sql.Date date) {}

        public List<String> fine() {
            return null;
        }
    }

    private static List<String> classes(ModuleReference module) throws IOException {
        try (ModuleReader reader = module.open(); Stream<String> files = reader.list()) {
            return files.filter(file -> file.endsWith(".class") && !file.endsWith("-info.class")).map(file -> file.substring(0, file.length() - 6).replace('/', '.')).toList();
        }
    }

    /** The modules that a program reads if it requires {@code module}. */
    private static Set<String> readable(ModuleDescriptor module) {
        Set<String> names = new HashSet<>(modules.own().keySet());
        names.add("java.base");
        List<String> open = new ArrayList<>(List.of(module.name()));
        while (!open.isEmpty()) {
            String name = open.removeFirst();
            ModuleDescriptor descriptor = modules.own().containsKey(name) ? modules.own().get(name).descriptor()
                    : ModuleLayer.boot().findModule(name).map(Module::getDescriptor).orElse(null);
            if (descriptor != null) {
                descriptor.requires().stream().filter(requires -> requires.modifiers().contains(Modifier.TRANSITIVE)).map(ModuleDescriptor.Requires::name)
                        .filter(names::add).forEach(open::add);
            }
        }
        return names;
    }

    /** Tests run on the class path, where the classes of jars have no module. */
    private static String jarsModule(Class<?> type) {
        try {
            return ProjectModules.moduleOf(type);
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    private static boolean isReachable(Class<?> type) {
        for (Class<?> part = type; part != null; part = part.getEnclosingClass()) {
            if (!java.lang.reflect.Modifier.isPublic(part.getModifiers()) && !java.lang.reflect.Modifier.isProtected(part.getModifiers())) {
                return false;
            }
        }
        return !type.isAnonymousClass() && !type.isLocalClass();
    }

    private static void check(Class<?> type, Set<String> readable, Set<String> faults) {
        if (type.getGenericSuperclass() != null) {
            check(type.getGenericSuperclass(), type + " extends", readable, faults);
        }
        for (Type implemented : type.getGenericInterfaces()) {
            check(implemented, type + " implements", readable, faults);
        }
        checkBounds(type, type.toString(), readable, faults);
        for (Field field : type.getDeclaredFields()) {
            if (isOffered(field)) {
                check(field.getGenericType(), field.toString(), readable, faults);
            }
        }
        Stream.concat(Stream.of(type.getDeclaredConstructors()), Stream.of(type.getDeclaredMethods())).filter(ExportedSignaturesTest::isOffered)
                .forEach(member -> check(member, readable, faults));
    }

    private static void check(Executable member, Set<String> readable, Set<String> faults) {
        checkBounds(member, member.toString(), readable, faults);
        if (member instanceof Method method) {
            check(method.getGenericReturnType(), member.toString(), readable, faults);
        }
        for (Type parameter : member.getGenericParameterTypes()) {
            check(parameter, member.toString(), readable, faults);
        }
        for (Type thrown : member.getGenericExceptionTypes()) {
            check(thrown, member.toString(), readable, faults);
        }
    }

    private static boolean isOffered(Member member) {
        int modifiers = member.getModifiers();
        return !member.isSynthetic() && (java.lang.reflect.Modifier.isPublic(modifiers)
                || java.lang.reflect.Modifier.isProtected(modifiers) && !java.lang.reflect.Modifier.isFinal(member.getDeclaringClass().getModifiers()));
    }

    private static void checkBounds(GenericDeclaration declaration, String where, Set<String> readable, Set<String> faults) {
        for (TypeVariable<?> variable : declaration.getTypeParameters()) {
            for (Type bound : variable.getBounds()) {
                check(bound, where, readable, faults);
            }
        }
    }

    private static void check(Type type, String where, Set<String> readable, Set<String> faults) {
        switch (type) {
            case Class<?> named -> checkClass(named, where, readable, faults);
            case ParameterizedType generic -> {
                check(generic.getRawType(), where, readable, faults);
                for (Type argument : generic.getActualTypeArguments()) {
                    check(argument, where, readable, faults);
                }
            }
            case GenericArrayType array -> check(array.getGenericComponentType(), where, readable, faults);
            case WildcardType wildcard -> Stream.concat(Stream.of(wildcard.getUpperBounds()), Stream.of(wildcard.getLowerBounds()))
                    .forEach(bound -> check(bound, where, readable, faults));
            default -> { } // a variable, whose bounds are checked where it is declared
        }
    }

    private static void checkClass(Class<?> type, String where, Set<String> readable, Set<String> faults) {
        Class<?> element = type;
        while (element.isArray()) {
            element = element.getComponentType();
        }
        Module module = element.getModule();
        boolean own = modules.own().values().stream().anyMatch(reference -> reference.descriptor().packages().contains(type.getPackageName()))
                || exported.contains(element.getPackageName());
        boolean fine = element.isPrimitive() || (own ? exported.contains(element.getPackageName())
                : readable.contains(module.isNamed() ? module.getName() : jarsModule(element)));
        if (!fine) {
            faults.add(where + ": " + element.getName() + " is of a package that users cannot name");
        } else if (!isReachable(element) && !where.endsWith(" extends")) {
            faults.add(where + ": " + element.getName() + " is not public");
        }
    }
}
