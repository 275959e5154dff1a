package vit.kernels.peak;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Writes the source of {@link FmaChains}. Its chains must be local variables with names of their own, because C2 does not keep an array's elements in
 * registers. The result is checked in, and {@link FmaPeakTest} compares the two. To change it, change this class and run it with the source folder as
 * its argument.
 */
final class FmaChainsSource {

    private FmaChainsSource() {}

    /** Writes the class under the source folder {@code args[0]}. */
    public static void main(String[] args) throws IOException {
        Files.writeString(Path.of(args[0], "vit", "kernels", "peak", "FmaChains.java"), source());
    }

    /** The source of {@link FmaChains}. */
    static String source() {
        return """
                package vit.kernels.peak;

                import static vit.kernels.simd.Simd.SPECIES;

                import jdk.incubator.vector.FloatVector;
                import jdk.incubator.vector.VectorOperators;
                import vit.kernels.simd.VectorLoop;

                // Written by FmaChainsSource, which is among the tests. Change that class, not this one.

                /**
                 * Independent chains of fused multiply-adds: chain i starts at i and counts up by one at each step. A method returns the largest
                 * element at the end, which is exactly the last chain's start plus the number of steps.
                 *
                 * <p>The chain is the addend of its operation. C2's fused multiply-add overwrites its addend, so a chain in any other place would cost
                 * a register copy for every operation (on a Zen 3: 66 to 91 GFLOP/s that way, 103 this way, 103 in C).
                 */
                final class FmaChains {

                    private FmaChains() {}
                """ + method("twelve", 12) + method("twentyFour", 24) + "}\n";
    }

    private static String method(String name, int chains) {
        StringBuilder out = new StringBuilder("\n    @VectorLoop\n    static float " + name + "(int steps, float one) {\n        FloatVector x = FloatVector.broadcast(SPECIES, one);\n");
        for (int i = 0; i < chains; i++) {
            out.append("        FloatVector acc").append(i).append(" = FloatVector.broadcast(SPECIES, ").append(i).append("f);\n");
        }
        out.append("        for (int step = 0; step < steps; step++) {\n");
        for (int i = 0; i < chains; i++) {
            out.append("            acc").append(i).append(" = x.fma(x, acc").append(i).append(");\n");
        }
        out.append("        }\n");
        for (int left = chains; left > 1; left = (left + 1) / 2) {
            int half = (left + 1) / 2;
            for (int i = 0; i + half < left; i++) {
                out.append("        acc").append(i).append(" = acc").append(i).append(".max(acc").append(i + half).append(");\n");
            }
        }
        return out.append("        return acc0.reduceLanes(VectorOperators.MAX);\n    }\n").toString();
    }
}
