package vit.bench.scaling;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.Test;
import vit.model.config.ForwardCost;
import vit.model.config.VitConfig;
import vit.model.config.VitVariants;

class PassPlanTest {

    private static final List<String> MODELS = List.of("vit_base_patch16_224", "vit_small_patch16_224", "vit_tiny_patch16_224", "vit_large_patch14_224");
    private static final List<Integer> WORKERS = List.of(1, 2, 3, 4, 7, 8, 16, 32, 48, 64);

    /** A machine of round numbers: 100 GFLOP/s a core, 20 GB/s a core and 100 GB/s in all. */
    private static Costs costs() {
        return new Costs(new TreeMap<>(Map.of(1, 100.0, 2, 200.0)), new TreeMap<>(Map.of(1, 20.0, 8, 100.0)),
                new TreeMap<>(Map.of(1, 0.0, 2, 2e-7)), 5e-9, 3e-8,
                1e-4, 5e-6, 0);
    }

    private static Map<Kernel, Double> units() {
        Map<Kernel, Double> units = new EnumMap<>(Kernel.class);
        for (Kernel kernel : Kernel.values()) {
            units.put(kernel, 2e-11);
        }
        units.put(Kernel.ATTENTION, 5e-6);
        return units;
    }

    private static VitConfig config(String model) {
        return VitVariants.find(model).orElseThrow();
    }

    @Test
    void flopsOfAllItemsAreThoseOfTheModel() {
        for (String model : MODELS) {
            for (int batch : new int[] {1, 3, 8}) {
                for (int workers : WORKERS) {
                    for (Tiling tiling : List.of(new Tiling(64, 1, 12), new Tiling(16, 2, 12), new Tiling(8, 2, 24))) {
                        double flops = PassPlan.regions(config(model), batch, workers, tiling).stream().flatMap(r -> r.loops().stream())
                                .flatMapToDouble(loop -> DoubleStream.of(loop.flops())).sum();
                        assertEquals(batch * ForwardCost.ofPooledTokens(config(model)).flops(), flops, 0.5,
                                model + ", batch " + batch + ", " + workers + " workers");
                    }
                }
            }
        }
    }

    @Test
    void tilesNeverComputeLessThanTheFlops() {
        for (int workers : WORKERS) {
            for (Region region : PassPlan.regions(config("vit_small_patch16_224"), 1, workers, new Tiling(64, 1, 12))) {
                for (Loop loop : region.loops()) {
                    for (int i = 0; i < loop.units().length && loop.kernel() != Kernel.ATTENTION; i++) {
                        assertTrue(2 * loop.units()[i] >= loop.flops()[i], region.name());
                    }
                }
            }
        }
    }

    @Test
    void weightsOfAPassAreReadOnce() {
        // 85.8 million weights in matrices, and the panels' padding of 1000 classes to 1024.
        double bytes = new Forecast(config("vit_base_patch16_224"), 1, costs(), units(), 0).memoryBytes();
        assertEquals(4 * (12.0 * (4 + 8) * 768 * 768 + 768 * 768 + 1000 * 768), bytes, 4 * 24 * 768);
    }

    @Test
    void barriersAreThoseOfTheCode() {
        // Stem 4; eleven blocks of 7; the last block 12; pooling 2 and head 2.
        assertEquals(97, new Forecast(config("vit_base_patch16_224"), 1, costs(), units(), 0).barriers(8));
        // The projection of 1,568 patches packs seven more blocks of rows.
        assertEquals(104, new Forecast(config("vit_base_patch16_224"), 8, costs(), units(), 0).barriers(8));
    }

    @Test
    void predictionIsNeverBelowWorkOrBandwidth() {
        for (String model : MODELS) {
            for (int batch : new int[] {1, 8}) {
                Forecast forecast = new Forecast(config(model), batch, costs(), units(), 1e-5);
                double alone = forecast.workOfOne();
                for (int workers : WORKERS) {
                    Simulation.Outcome o = forecast.predict(workers);
                    assertTrue(o.seconds() >= alone / workers - 1e-12, model + ": " + o.seconds() + " below the work of " + workers);
                    assertTrue(o.seconds() >= forecast.memoryBytes() / 1e9 / forecast.costs().bandwidth(workers),
                            model + " on " + workers + ": below its bytes");
                    assertTrue(o.work() >= alone / workers - 1e-12, model + ": work was lost on " + workers);
                }
            }
        }
    }

    @Test
    void barrierGrowsByWhatEachWorkerOfAGroupAdded() {
        assertEquals(0, costs().barrier(1));
        assertEquals(2e-7, costs().barrier(2));
        assertEquals(7 * 2e-7, costs().barrier(8), 1e-15);
        assertEquals(7 * 2e-7 + 2e-7 + 3e-8, costs().barrier(9), 1e-15);
        assertEquals(7 * 2e-7 + 7 * 2e-7 + 56 * 3e-8, costs().barrier(64), 1e-15);
    }

    @Test
    void bandwidthGrowsWithTheCoresUntilTheSocketIsBusy() {
        assertEquals(60, costs().bandwidth(3));
        assertEquals(100, costs().bandwidth(64));
        assertEquals(320, costs().withMemory(4).bandwidth(16));
    }

    @Test
    void neighboursSlowACoreAsMuchAsMeasured() {
        Costs slower = new Costs(new TreeMap<>(Map.of(1, 100.0, 2, 160.0)), costs().bandwidth(), costs().barrier(), 0, 0, 0, 0, 0);
        assertEquals(1.25, slower.slowdown(64), 1e-12);
        assertEquals(1, slower.slowdown(1));
    }

    @Test
    void modelsWithOtherBlocksAreRefused() {
        VitConfig mean = config("vit_tiny_patch16_224").toBuilder().pooling(VitConfig.Pooling.PATCH_MEAN).build();
        assertThrows(IllegalArgumentException.class, () -> PassPlan.regions(mean, 1, 2, Tiling.ofThisMachine()));
    }

    @Test
    void measuredSizesDoubleUpToTheMost() {
        assertEquals(List.of(1), Scaling.sizes(1));
        assertEquals(List.of(1, 2), Scaling.sizes(2));
        assertEquals(List.of(1, 2, 4, 6), Scaling.sizes(6));
        assertEquals(List.of(1, 2, 4, 8, 16, 32, 64), Scaling.sizes(64));
    }
}
