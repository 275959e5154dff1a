package outside;

import vit.kernels.verify.KernelSpec;
import vit.kernels.verify.Memory;
import vit.kernels.verify.ReferenceArguments;
import vit.kernels.verify.jqwik.KernelVerification;

/** The same kernel with its backward pass. */
class ChannelScaleGradientTest implements KernelVerification {

    @Override
    public KernelSpec kernel() {
        return KernelSpec.named("channel scale").dimension("rows", 0).dimension("columns", 1).batch("rows")
                .input("x", "rows", "columns").input("w", "columns").output("y", "rows", "columns")
                .kernel(Memory.ARRAYS, a -> ChannelScale.forward(a.floats("y"), a.floats("x"), a.floats("w"), a.size("rows"), a.size("columns")))
                .reference(r -> {
                    for (int i = 0; i < r.doubles("y").length; i++) {
                        r.doubles("y")[i] = r.doubles("x")[i] * r.doubles("w")[i % r.size("columns")];
                    }
                })
                .ulps("y", 0.5)
                .backward(KernelSpec.named("channel scale backward").batch("rows")
                        .input("dy", "rows", "columns").input("x", "rows", "columns").input("w", "columns")
                        .output("dx", "rows", "columns").accumulated("dw", "columns")
                        .kernel(Memory.ARRAYS, a -> ChannelScale.backward(a.floats("dx"), a.floats("dw"), a.floats("dy"), a.floats("x"), a.floats("w"),
                                a.size("rows"), a.size("columns")))
                        .reference(ChannelScaleGradientTest::backward)
                        .ulps("dx", 0.5)
                        .bounds("dw", ChannelScaleGradientTest::weightBounds))
                .build();
    }

    private static void backward(ReferenceArguments r) {
        for (int i = 0; i < r.doubles("dx").length; i++) {
            int column = i % r.size("columns");
            r.doubles("dx")[i] = r.doubles("dy")[i] * r.doubles("w")[column];
            r.doubles("dw")[column] += r.doubles("dy")[i] * r.doubles("x")[i];
        }
    }

    /** Every row adds one rounding of a partial sum, which is at most as large as the start, recovered from the result, and all terms together. */
    private static double[] weightBounds(ReferenceArguments r) {
        double[] sizes = new double[r.size("columns")];
        double[] start = r.doubles("dw").clone();
        for (int i = 0; i < r.doubles("dx").length; i++) {
            double term = r.doubles("dy")[i] * r.doubles("x")[i];
            sizes[i % sizes.length] += Math.abs(term);
            start[i % sizes.length] -= term;
        }
        for (int column = 0; column < sizes.length; column++) {
            sizes[column] = r.size("rows") * 0x1p-24 * (Math.abs(start[column]) + sizes[column]) * 1.001 + Float.MIN_VALUE;
        }
        return sizes;
    }
}
