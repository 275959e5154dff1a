package vit.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** JMH's command line, with {@link WorkProfiler} in every run, and {@code --help}. */
final class JmhProgram {

    private static final List<String> HELP = List.of("-h", "--help");

    private JmhProgram() {}

    /** Runs JMH. */
    static void main(String[] args) throws Exception {
        if (Arrays.stream(args).anyMatch(HELP::contains)) {
            System.out.print("""
                    Usage: vit-jmh [REGEXP...] [OPTION...]
                    Runs the benchmarks of the kernels, whose names -l lists, for example:
                      vit-jmh GemmBenchmark.forwardSimd -p threads=1 -p batch=1
                    In addition to JMH's score they have the columns speed, limit and share. JMH's options:

                    """);
            org.openjdk.jmh.Main.main(new String[] {"-h"});
            return;
        }
        org.openjdk.jmh.Main.main(arguments(args));
    }

    /** The arguments for JMH. */
    static String[] arguments(String[] args) {
        List<String> all = new ArrayList<>(List.of("-prof", WorkProfiler.class.getName()));
        all.addAll(Arrays.asList(args));
        return all.toArray(String[]::new);
    }
}
