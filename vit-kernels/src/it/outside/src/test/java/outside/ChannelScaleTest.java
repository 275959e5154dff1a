package outside;

import vit.kernels.verify.KernelSpec;
import vit.kernels.verify.Memory;
import vit.kernels.verify.jqwik.KernelVerification;

class ChannelScaleTest implements KernelVerification {

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
                .ulps("y", 0.5) // one rounding
                .build();
    }
}
