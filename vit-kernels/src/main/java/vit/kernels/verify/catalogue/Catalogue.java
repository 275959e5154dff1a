package vit.kernels.verify.catalogue;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * All kernels of this library, each with a way to call it and what it must then give. A new kernel joins by an entry in the list of its family; then the
 * published bits are renewed, which {@link PublishedBits} describes.
 */
public final class Catalogue {

    private static final List<Kernel> KERNELS = collect();

    private Catalogue() {}

    /** All kernels, in the order in which reports show them. */
    public static List<Kernel> kernels() {
        return KERNELS;
    }

    /** The kernels with exactly these names. */
    static List<Kernel> named(List<String> names) {
        return KERNELS.stream().filter(kernel -> names.contains(kernel.name())).toList();
    }

    /**
     * The kernels with these names, and those of operations with these names.
     *
     * @throws IllegalArgumentException if a name is that of no kernel and no operation; the message lists the kernels
     */
    public static List<Kernel> matching(List<String> names) {
        for (String name : names) {
            if (KERNELS.stream().noneMatch(kernel -> kernel.isNamed(name))) {
                throw new IllegalArgumentException("no kernel '" + name + "'; there are: "
                        + String.join(", ", KERNELS.stream().map(Kernel::name).toList()));
            }
        }
        return KERNELS.stream().filter(kernel -> names.stream().anyMatch(kernel::isNamed)).toList();
    }

    private static List<Kernel> collect() {
        List<Kernel> kernels = new ArrayList<>();
        kernels.addAll(ProductKernels.all());
        kernels.addAll(AttentionKernels.all());
        kernels.addAll(RelativeBiasKernels.all());
        kernels.addAll(QueryKeyKernels.all());
        kernels.addAll(TokenMergeKernels.all());
        kernels.addAll(NormKernels.all());
        kernels.addAll(SoftmaxKernels.all());
        kernels.addAll(ElementKernels.all());
        kernels.addAll(SwiGluKernels.all());
        kernels.addAll(FunctionKernels.all());
        kernels.addAll(ImageKernels.all());
        kernels.addAll(PoolingKernels.all());
        kernels.addAll(FeatureMapKernels.all());
        kernels.addAll(GroupNormKernels.all());
        kernels.addAll(OptimiserKernels.all());
        Set<String> names = new HashSet<>();
        for (Kernel kernel : kernels) {
            if (!names.add(kernel.name())) {
                throw new IllegalStateException("two kernels with the name " + kernel.name());
            }
        }
        return List.copyOf(kernels);
    }
}
