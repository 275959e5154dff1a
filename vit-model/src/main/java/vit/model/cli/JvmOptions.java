package vit.model.cli;

import java.util.List;

/** The options of the kernels that users give to the JVM, looked at before any work: a class that is initialised later cannot say it well. */
final class JvmOptions {

    private static final String WIDTH = "vit.simd.bits";
    private static final List<String> WIDTHS = List.of("128", "256", "512");

    private static final String KERNELS = "vit.kernels";
    private static final List<String> IMPLEMENTATIONS = List.of("simd", "reference");

    private JvmOptions() {}

    /**
     * Looks at all.
     *
     * @throws CommandException if one has a value that it does not take
     */
    static void check() throws CommandException {
        check(WIDTH, WIDTHS);
        check(KERNELS, IMPLEMENTATIONS);
    }

    private static void check(String property, List<String> values) throws CommandException {
        String value = System.getProperty(property);
        if (value != null && values.stream().noneMatch(value::equalsIgnoreCase)) {
            throw new CommandException("-D" + property + "=" + value + ": expected " + String.join(", ", values.subList(0, values.size() - 1)) + " or "
                    + values.getLast(), "options of the JVM stand in VIT_OPTS; without this one the kernels suit the machine");
        }
    }
}
