package vit.bench;

import java.lang.reflect.InvocationTargetException;
import java.util.Arrays;

/** What the launchers start: {@code jmh}, {@code model} or {@code peers}, then its arguments. */
public final class Launch {

    private static final int REFUSED = 2;

    private Launch() {}

    /** Runs the program that the first argument names. */
    public static void main(String[] args) throws Exception {
        String program = args.length == 0 ? "" : args[0];
        String[] rest = args.length == 0 ? args : Arrays.copyOfRange(args, 1, args.length);
        switch (program) {
            case "jmh" -> org.openjdk.jmh.Main.main(rest);
            case "model" -> ModelBenchmark.main(rest);
            case "peers" -> peers(rest);
            default -> refuse("no program \"" + program + "\"", "start vit-jmh, vit-model-bench or vit-peers");
        }
    }

    /** The peers are compiled by a profile alone, so they are found by name. */
    private static void peers(String[] args) throws Exception {
        try {
            Class.forName("vit.bench.peers.VitPeers").getMethod("main", String[].class).invoke(null, (Object) args);
        } catch (ClassNotFoundException e) {
            refuse("this build has no peers to compare with", "build them: mvn -Ppeers -DskipTests package");
        } catch (InvocationTargetException e) {
            throw e.getCause() instanceof Exception cause ? cause : e;
        }
    }

    /** Says what is wrong and how it would be right, and ends the JVM with 2. */
    static void refuse(String fault, String hint) {
        System.err.println("error: " + fault);
        System.err.println("hint: " + hint);
        System.exit(REFUSED);
    }
}
