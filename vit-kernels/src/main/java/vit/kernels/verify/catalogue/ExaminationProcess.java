package vit.kernels.verify.catalogue;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import vit.kernels.verify.ExecutionMode;

/**
 * An examination in a JVM of its own. It prints its findings as lines of fields, separated by tabs, of which the first is {@value #MARK}. Whatever else
 * the JVM prints is no finding. It ends early if nobody reads them.
 */
public final class ExaminationProcess {

    /** The first field of a finding. */
    public static final String MARK = "vit-verify";

    private static final String SEPARATOR = "\t";

    private ExaminationProcess() {}

    /** Examines: the arguments are those of {@link #arguments}. */
    public static void main(String[] arguments) {
        ExecutionMode execution = ExecutionMode.valueOf(arguments[0]);
        long seed = Long.parseLong(arguments[1]);
        long nanos = Long.parseLong(arguments[2]);
        int threads = Integer.parseInt(arguments[3]);
        List<Kernel> kernels = Catalogue.named(Arrays.asList(arguments).subList(4, arguments.length));
        Lines lines = new Lines(System.out);
        try (Examination examination = new Examination(kernels, threads, lines)) {
            examination.run(execution, seed, nanos);
        }
        lines.print("done");
        System.exit(0);
    }

    /**
     * The arguments of {@link #main}.
     *
     * @param nanos how long random cases are compared; 0: not at all
     */
    public static List<String> arguments(ExecutionMode execution, long seed, long nanos, int threads, List<Kernel> kernels) {
        List<String> arguments = new ArrayList<>(List.of(execution.name(), "" + seed, "" + nanos, "" + threads));
        kernels.forEach(kernel -> arguments.add(kernel.name()));
        return arguments;
    }

    private static final class Lines implements Findings {
        private final PrintStream out;

        Lines(PrintStream out) {
            this.out = out;
        }

        void print(String... fields) {
            String[] clean = Arrays.stream(fields).map(field -> field.replaceAll("[\\t\\r\\n]+", " ")).toArray(String[]::new);
            out.println(MARK + SEPARATOR + String.join(SEPARATOR, clean));
            out.flush();
            if (out.checkError()) {
                System.exit(1); // who started this process has left
            }
        }

        @Override
        public void running(String kernel) {
            print("running", kernel);
        }

        @Override
        public void bits(String kernel, String hash) {
            print("bits", kernel, hash);
        }

        @Override
        public void compared(String kernel, long cases, double worst, String where) {
            print("compared", kernel, "" + cases, "" + worst, where);
        }

        @Override
        public void fault(String kernel, String what) {
            print("fault", kernel, what);
        }
    }

    /** Passes a line on. Returns whether it was the last of a complete examination. */
    public static boolean pass(String line, Findings findings) {
        String[] fields = line.split(SEPARATOR, -1);
        if (!fields[0].equals(MARK)) {
            return false;
        }
        switch (fields[1]) {
            case "running" -> findings.running(fields[2]);
            case "bits" -> findings.bits(fields[2], fields[3]);
            case "compared" -> findings.compared(fields[2], Long.parseLong(fields[3]), Double.parseDouble(fields[4]), fields[5]);
            case "fault" -> findings.fault(fields[2], fields[3]);
            default -> {
                return fields[1].equals("done");
            }
        }
        return false;
    }
}
