package vit.kernels.verify.jqwik;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import vit.kernels.verify.Dimension;
import vit.kernels.verify.KernelCase;
import vit.kernels.verify.KernelSpec;
import vit.kernels.verify.Layout;
import vit.kernels.verify.Sizes;
import vit.kernels.verify.Values;

/** The inputs with which kernels are tried: every length around the vector widths, offsets off alignment, rows with gaps, classes of values. */
public final class KernelArbitraries {

    private static final int MOST_ROWS = 9;
    private static final int OFFSETS = 16;
    private static final int GAPS = 18;

    /** One size in so many is one of the first {@link #TELLING} of {@link Sizes#TELLING}. */
    private static final int TELLING_IN = 2;
    private static final int TELLING = 9;

    private KernelArbitraries() {}

    /** Layouts of 1 to 9 rows and 1 to 800 columns. They shrink to the fewest columns in one row, without offset and gap. */
    public static Arbitrary<Layout> layouts() {
        return Arbitraries.fromGenerator(random -> {
            SplittableRandom numbers = new SplittableRandom(random.nextLong());
            Layout layout = new Layout(numbers.nextInt(1, MOST_ROWS + 1), size(numbers, 1, Dimension.MOST), numbers.nextInt(OFFSETS), numbers.nextInt(GAPS));
            return new Smallest<>(layout, KernelArbitraries::smaller, KernelArbitraries::size);
        });
    }

    private static int size(SplittableRandom random, int least, int most) {
        if (random.nextInt(TELLING_IN) == 0) {
            int size = Sizes.TELLING.get(random.nextInt(TELLING));
            if (size >= least && size <= most) {
                return size;
            }
        }
        return Sizes.random(random, least, most);
    }

    private static long size(Layout layout) {
        return layout.rows() + layout.columns() + layout.offset() + layout.gap();
    }

    private static Stream<Layout> smaller(Layout from) {
        Stream<Layout> dense = IntStream.rangeClosed(1, from.rows()).boxed()
                .flatMap(rows -> IntStream.rangeClosed(1, from.columns()).mapToObj(columns -> new Layout(rows, columns, 0, 0)));
        Stream<Layout> simpler = Stream.of(new Layout(from.rows(), from.columns(), from.offset(), 0), new Layout(from.rows(), from.columns(), 0, from.gap()));
        Stream<Layout> same = IntStream.rangeClosed(1, from.rows()).boxed()
                .flatMap(rows -> IntStream.rangeClosed(1, from.columns()).mapToObj(columns -> new Layout(rows, columns, from.offset(), from.gap())));
        return Stream.of(dense, simpler, same).flatMap(part -> part);
    }

    /** The classes of {@link Values#MODERATE}, which shrink to ordinary values. */
    public static Arbitrary<Values> values() {
        return Arbitraries.of(Values.MODERATE).withoutEdgeCases();
    }

    /** Seeds for whatever a property makes itself. */
    public static Arbitrary<Long> seeds() {
        return Arbitraries.longs().withoutEdgeCases();
    }

    /** Matrices with values. */
    public static Arbitrary<TensorSample> tensors() {
        return Combinators.combine(layouts(), values(), seeds()).as(TensorSample::new);
    }

    /** Cases of a described kernel, for a property of it that is no check of the battery. They shrink to the least sizes that fail. */
    public static Arbitrary<KernelCase> cases(KernelSpec spec) {
        return Arbitraries.fromGenerator(random -> {
            SplittableRandom numbers = new SplittableRandom(random.nextLong());
            Map<String, Integer> sizes = new LinkedHashMap<>();
            for (Dimension dimension : spec.dimensions()) {
                sizes.put(dimension.name(), size(numbers, dimension.least(), Math.min(dimension.most(), Math.max(dimension.least(), Sizes.EDGE))));
            }
            KernelCase one = new KernelCase(sizes, numbers.nextInt(OFFSETS), numbers.nextInt(GAPS), Values.MODERATE.get(numbers.nextInt(Values.MODERATE.size())),
                    numbers.nextInt(Integer.MAX_VALUE));
            return new Smallest<>(one, from -> smaller(spec, from), KernelArbitraries::size);
        });
    }

    private static long size(KernelCase one) {
        return one.sizes().values().stream().mapToLong(Integer::longValue).sum() + one.offset() + one.gap() + one.values().ordinal();
    }

    private static Stream<KernelCase> smaller(KernelSpec spec, KernelCase from) {
        List<KernelCase> smaller = new ArrayList<>();
        smaller.add(new KernelCase(from.sizes(), 0, 0, from.values(), from.seed()));
        smaller.add(new KernelCase(from.sizes(), from.offset(), from.gap(), Values.ORDINARY, from.seed()));
        for (Dimension dimension : spec.dimensions()) {
            for (int size = dimension.least(); size < from.sizes().get(dimension.name()); size++) {
                Map<String, Integer> sizes = new LinkedHashMap<>(from.sizes());
                sizes.put(dimension.name(), size);
                smaller.add(new KernelCase(sizes, from.offset(), from.gap(), from.values(), from.seed()));
            }
        }
        return smaller.stream();
    }
}
