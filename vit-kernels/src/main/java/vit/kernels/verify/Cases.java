package vit.kernels.verify;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * The cases with which a kernel is tried. They begin with the sizes that show most faults, one dimension at a time, while the other dimensions are
 * small and different from one another, so that swapped dimensions fail. Random cases follow. A seed decides everything.
 */
final class Cases {

    /** Sizes of the dimensions that are not being tried. */
    private static final int[] SMALL = {2, 3, 5, 4, 6};

    /** The most elements that all dimensions together span: enough for any remainder, and little to compute in double. */
    private static final long MOST_ELEMENTS = 1 << 18;

    private static final int OFFSETS = 16;
    private static final int GAPS = 18;

    private Cases() {}

    /** The first {@code tries} cases. */
    static List<KernelCase> of(KernelSpec spec, int tries, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        List<KernelCase> cases = new ArrayList<>(tries);
        List<Map<String, Integer>> edges = edges(spec.dimensions());
        for (int i = 0; i < tries; i++) {
            Map<String, Integer> sizes = i < edges.size() ? edges.get(i) : randomSizes(spec.dimensions(), random);
            List<Values> values = spec.values();
            boolean dense = random.nextInt(3) == 0;
            cases.add(new KernelCase(sizes, random.nextInt(OFFSETS), dense ? 0 : random.nextInt(GAPS), values.get(i / 2 % values.size()),
                    random.nextInt(Integer.MAX_VALUE)));
        }
        return cases;
    }

    /** Different small sizes for checks whose cost grows with the square of the number of elements, such as central differences. */
    static List<KernelCase> small(KernelSpec spec, int count, int most, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        List<KernelCase> cases = new ArrayList<>();
        HashSet<Map<String, Integer>> seen = new HashSet<>();
        for (int i = 0; i < 20 * count && cases.size() < count; i++) {
            Map<String, Integer> sizes = new LinkedHashMap<>();
            for (Dimension dimension : spec.dimensions()) {
                sizes.put(dimension.name(), random.nextInt(dimension.least(), Math.min(dimension.most(), dimension.least() + most) + 1));
            }
            if (seen.add(sizes)) {
                cases.add(new KernelCase(sizes, 0, 0, Values.ORDINARY, random.nextInt(Integer.MAX_VALUE)));
            }
        }
        return cases;
    }

    private static List<Map<String, Integer>> edges(List<Dimension> dimensions) {
        List<Map<String, Integer>> all = new ArrayList<>();
        HashSet<Map<String, Integer>> seen = new HashSet<>();
        for (int size : Sizes.TELLING) {
            for (int tried = dimensions.size() - 1; tried >= 0; tried--) { // innermost first: it is where lanes lie
                if (dimensions.get(tried).contains(size)) {
                    Map<String, Integer> sizes = edge(dimensions, tried, size);
                    if (seen.add(sizes)) {
                        all.add(sizes);
                    }
                }
            }
        }
        return all;
    }

    private static Map<String, Integer> edge(List<Dimension> dimensions, int tried, int size) {
        Map<String, Integer> sizes = new LinkedHashMap<>();
        int next = 0;
        for (int i = 0; i < dimensions.size(); i++) {
            Dimension dimension = dimensions.get(i);
            int chosen = size;
            if (i != tried) {
                chosen = SMALL[next++ % SMALL.length];
                if (chosen == size) {
                    chosen = SMALL[next++ % SMALL.length];
                }
                chosen = Math.clamp(chosen, dimension.least(), dimension.most());
            }
            sizes.put(dimension.name(), chosen);
        }
        return sizes;
    }

    private static Map<String, Integer> randomSizes(List<Dimension> dimensions, SplittableRandom random) {
        Map<String, Integer> sizes = new LinkedHashMap<>();
        for (int attempt = 0; ; attempt++) {
            long elements = 1;
            for (Dimension dimension : dimensions) {
                int most = attempt < 20 ? dimension.most() : Math.min(dimension.most(), dimension.least() + SMALL.length);
                int size = Sizes.random(random, dimension.least(), most);
                sizes.put(dimension.name(), size);
                elements *= Math.max(1, size);
            }
            boolean different = sizes.values().stream().distinct().count() == dimensions.size();
            if (elements <= MOST_ELEMENTS && (different || attempt > 10) || attempt > 40) {
                return sizes;
            }
        }
    }
}
