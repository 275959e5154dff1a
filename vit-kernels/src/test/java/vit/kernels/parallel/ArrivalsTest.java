package vit.kernels.parallel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ArrivalsTest {

    private static final int[] SIZES = {1, 2, 3, 7, 8, 9, 15, 16, 17, 63, 64, 65, 72, 512, 513, 1000, Workers.MAX_COUNT};

    @Test
    void onlyTheLastOfAllIsTheLastInAnyOrder() {
        Random random = new Random(1);
        for (int size : SIZES) {
            Arrivals arrivals = new Arrivals(size);
            List<Integer> members = new ArrayList<>(IntStream.range(0, size).boxed().toList());
            for (int round = 0; round < 5; round++) {
                Collections.shuffle(members, random);
                for (int i = 0; i < size; i++) {
                    assertEquals(i == size - 1, arrivals.isLast(members.get(i)), size + " members, round " + round + ", arrival " + i);
                }
            }
        }
    }

    @Test
    void whoHasArrivedIsForgotten() {
        for (int size : SIZES) {
            Arrivals arrivals = new Arrivals(size);
            for (int member = 0; member < size - 1; member++) {
                assertFalse(arrivals.isLast(member));
            }
            arrivals.reset();
            for (int member = 0; member < size; member++) {
                assertEquals(member == size - 1, arrivals.isLast(member), size + " members");
            }
        }
    }

    /** More members than cores, and more than two levels of groups, pass many barriers together. */
    @Test
    void aLargeTeamPassesBarriersTogether() {
        int barriers = 200;
        for (int size : new int[] {9, 67}) {
            AtomicInteger before = new AtomicInteger();
            AtomicInteger wrong = new AtomicInteger();
            try (Workers workers = Workers.of(size, 0)) {
                workers.run(w -> {
                    for (int i = 0; i < barriers; i++) {
                        before.incrementAndGet();
                        w.barrier();
                        if (before.get() != (i + 1) * size) {
                            wrong.incrementAndGet();
                        }
                        w.barrier();
                    }
                });
            }
            assertEquals(0, wrong.get());
            assertTrue(before.get() == barriers * size);
        }
    }
}
