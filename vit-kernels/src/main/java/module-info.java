/** SIMD kernels on the Vector API and off-heap tensors, in safe Java. Depends on the JDK alone. */
module vit.kernels {
    requires transitive jdk.incubator.vector; // exp, erf and tanh take and return vectors
    requires static jdk.management; // vit.kernels.verify counts allocated bytes

    exports vit.kernels.attention;
    exports vit.kernels.convolution;
    exports vit.kernels.dropout;
    exports vit.kernels.gelu;
    exports vit.kernels.gemm;
    exports vit.kernels.groupnorm;
    exports vit.kernels.headnorm;
    exports vit.kernels.jit;
    exports vit.kernels.layernorm;
    exports vit.kernels.lifetime;
    exports vit.kernels.linear;
    exports vit.kernels.loss;
    exports vit.kernels.maxpool;
    exports vit.kernels.optim;
    exports vit.kernels.parallel;
    exports vit.kernels.patchembed;
    exports vit.kernels.peak;
    exports vit.kernels.pooling;
    exports vit.kernels.relu;
    exports vit.kernels.residual;
    exports vit.kernels.rmsnorm;
    exports vit.kernels.rotary;
    exports vit.kernels.simd;
    exports vit.kernels.softmax;
    exports vit.kernels.standardization;
    exports vit.kernels.swiglu;
    exports vit.kernels.tensor;
    exports vit.kernels.tokenmerge;
    exports vit.kernels.verify;
}
