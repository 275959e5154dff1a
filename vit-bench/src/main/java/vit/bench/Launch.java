package vit.bench;

import java.util.Arrays;

/**
 * The main class of all launchers. The first argument is {@code jmh}, {@code load}, {@code model} or {@code peers}; the arguments of that program
 * follow.
 */
public final class Launch {

    private static final int REFUSED = 2;

    private Launch() {}

    /** Runs the program that the first argument names. */
    public static void main(String[] args) throws Exception {
        String program = args.length == 0 ? "" : args[0];
        String[] rest = args.length == 0 ? args : Arrays.copyOfRange(args, 1, args.length);
        switch (program) {
            case "jmh" -> JmhProgram.main(rest);
            case "load" -> vit.bench.load.VitLoad.main(rest);
            case "model" -> ModelBenchmark.main(rest);
            case "peers" -> vit.bench.peers.VitPeers.main(rest);
            case "--help", "-h" -> System.out.println("Usage: vit-jmh, vit-load, vit-model-bench or vit-peers, each with --help");
            default -> refuse("no program \"" + program + "\"", "start vit-jmh, vit-load, vit-model-bench or vit-peers");
        }
    }

    /** Prints what is wrong and what to do, and ends the JVM with exit code 2. */
    static void refuse(String fault, String hint) {
        System.err.println("error: " + fault);
        System.err.println("hint: " + hint);
        System.exit(REFUSED);
    }
}
