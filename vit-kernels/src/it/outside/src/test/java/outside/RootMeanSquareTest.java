package outside;

import vit.kernels.verify.KernelSpec;
import vit.kernels.verify.Memory;
import vit.kernels.verify.ReferenceArguments;
import vit.kernels.verify.jqwik.KernelVerification;

class RootMeanSquareTest implements KernelVerification {

    /** Half an ulp as a relative error: the most that one rounding can cost. */
    private static final double U = 0x1p-24;

    @Override
    public KernelSpec kernel() {
        return KernelSpec.named("root mean square").dimension("rows", 0).dimension("columns", 1).batch("rows")
                .input("x", "rows", "columns").output("y", "rows", "columns")
                .kernel(Memory.SEGMENTS, a -> RootMeanSquare.forward(a.segment("y"), a.segment("x"), a.size("rows"), a.size("columns")))
                .reference(RootMeanSquareTest::forward)
                .bound("y", (r, i) -> factorError(r) * Math.abs(r.doubles("y")[i]) + Float.MIN_VALUE)
                .backward(KernelSpec.named("root mean square backward").batch("rows")
                        .input("dy", "rows", "columns").input("x", "rows", "columns").output("dx", "rows", "columns")
                        .kernel(Memory.SEGMENTS, a -> RootMeanSquare.backward(a.segment("dx"), a.segment("dy"), a.segment("x"), a.size("rows"), a.size("columns")))
                        .reference(RootMeanSquareTest::backward)
                        .bound("dx", RootMeanSquareTest::gradientBound))
                .build();
    }

    /** The sum's columns roundings count half under the root; the factor and the product round once each. */
    private static double factorError(ReferenceArguments r) {
        return (r.size("columns") / 2.0 + 2) * U * 1.001;
    }

    private static double factor(ReferenceArguments r, int row) {
        int columns = r.size("columns");
        double sum = 0;
        for (int i = row * columns; i < (row + 1) * columns; i++) {
            sum += r.doubles("x")[i] * r.doubles("x")[i];
        }
        return 1 / Math.sqrt(sum / columns + RootMeanSquare.EPSILON);
    }

    private static double dot(ReferenceArguments r, int row) {
        double dot = 0;
        for (int i = row * r.size("columns"); i < (row + 1) * r.size("columns"); i++) {
            dot += r.doubles("dy")[i] * r.doubles("x")[i];
        }
        return dot;
    }

    private static void forward(ReferenceArguments r) {
        for (int i = 0; i < r.doubles("y").length; i++) {
            r.doubles("y")[i] = r.doubles("x")[i] * factor(r, i / r.size("columns"));
        }
    }

    private static void backward(ReferenceArguments r) {
        for (int i = 0; i < r.doubles("dx").length; i++) {
            double factor = factor(r, i / r.size("columns"));
            double share = Math.pow(factor, 3) / r.size("columns") * dot(r, i / r.size("columns"));
            r.doubles("dx")[i] = factor * r.doubles("dy")[i] - r.doubles("x")[i] * share;
        }
    }

    /** The factor counts once in the first term and three times in the second; the terms and their difference round. */
    private static double gradientBound(ReferenceArguments r, int i) {
        double factor = factor(r, i / r.size("columns"));
        double first = Math.abs(factor * r.doubles("dy")[i]);
        double second = Math.abs(r.doubles("x")[i] * Math.pow(factor, 3) / r.size("columns") * dot(r, i / r.size("columns")));
        return (factorError(r) + U) * first + (3 * factorError(r) + 2 * U) * second + 2 * Float.MIN_VALUE * (1 + Math.abs(r.doubles("x")[i]));
    }
}
