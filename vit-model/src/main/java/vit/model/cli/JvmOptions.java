package vit.model.cli;

import java.util.List;

/**
 * Checks the kernels' options that users give to the JVM, before any work starts: an error in the initialiser of a class could not be reported well
 * later.
 */
final class JvmOptions {

    private static final String WIDTH = "vit.simd.bits";
    private static final List<String> WIDTHS = List.of("128", "256", "512");

    private static final String KERNELS = "vit.kernels";
    private static final List<String> IMPLEMENTATIONS = List.of("simd", "reference");

    private JvmOptions() {}

    /**
     * Checks all options.
     *
     * @throws CommandException if an option has a value that it does not accept
     */
    static void check() throws CommandException {
        check(WIDTH, WIDTHS);
        check(KERNELS, IMPLEMENTATIONS);
    }

    private static void check(String property, List<String> values) throws CommandException {
        String value = System.getProperty(property);
        if (value != null && values.stream().noneMatch(value::equalsIgnoreCase)) {
            throw new CommandException("-D" + property + "=" + value + ": expected " + String.join(", ", values.subList(0, values.size() - 1)) + " or "
                    + values.getLast(), "options of the JVM are set in VIT_OPTS; without this one, the kernels suit the machine");
        }
    }
}
