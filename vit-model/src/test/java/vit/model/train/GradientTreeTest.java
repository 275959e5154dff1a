package vit.model.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class GradientTreeTest {

    private static final int SHARDS = 8;
    private static final int SIZE = 300_001; // more than one piece of what is written

    private static ShardSum shard(int number) {
        Random random = new Random(number);
        float[] gradient = new float[SIZE];
        for (int i = 0; i < SIZE; i++) {
            gradient[i] = (float) (random.nextGaussian() * Math.pow(2, random.nextInt(20)));
        }
        return new ShardSum(0, number, gradient, new ShardStatistics(loss(number), number, 2, Map.of()));
    }

    private static double loss(int number) {
        return 1 + number * 0.1;
    }

    /** The tree's definition as a recursion. */
    private static float[] sum(int from, int to) {
        if (to - from == 1) {
            return shard(from).gradient();
        }
        float[] left = sum(from, (from + to) / 2);
        float[] right = sum((from + to) / 2, to);
        for (int i = 0; i < SIZE; i++) {
            left[i] += right[i];
        }
        return left;
    }

    @Test
    void sumDoesNotDependOnTheOrderOrOnWhoAdds() {
        float[] expected = sum(0, SHARDS);
        for (int seed = 0; seed < 8; seed++) {
            Random random = new Random(seed);
            List<Integer> numbers = new ArrayList<>(List.of(0, 1, 2, 3, 4, 5, 6, 7));
            Collections.shuffle(numbers, random);
            List<GradientTree> machines = List.of(new GradientTree(SHARDS), new GradientTree(SHARDS), new GradientTree(SHARDS));
            numbers.forEach(number -> machines.get(random.nextInt(3)).add(shard(number)));
            GradientTree driver = new GradientTree(SHARDS);
            machines.forEach(machine -> machine.sums().forEach(driver::add));
            assertArrayEquals(expected, driver.root().gradient(), "order " + numbers);
            assertEquals(1, driver.sums().size());
            assertEquals(28, driver.root().statistics().right());
            assertEquals(((loss(0) + loss(1)) + (loss(2) + loss(3))) + ((loss(4) + loss(5)) + (loss(6) + loss(7))), driver.root().statistics().lossSum());
        }
    }

    @Test
    void neighboursLeaveOneSum() {
        GradientTree half = new GradientTree(SHARDS);
        for (int number = 4; number < SHARDS; number++) {
            half.add(shard(number));
        }
        assertEquals(1, half.sums().size());
        assertEquals(2, half.sums().getFirst().level());
        assertEquals(1, half.sums().getFirst().node());
        assertTrue(assertThrows(IllegalStateException.class, half::root).getMessage().contains("missing"));
    }

    @Test
    void foreignAndRepeatedNodesAreRefused() {
        GradientTree tree = new GradientTree(2);
        tree.add(shard(0));
        assertThrows(IllegalArgumentException.class, () -> tree.add(shard(0)));
        assertThrows(IllegalArgumentException.class, () -> tree.add(shard(2)));
        assertThrows(IllegalArgumentException.class, () -> new GradientTree(6));
    }

    @Test
    void aSumTravels() throws Exception {
        ShardSum sent = shard(3);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
            out.writeObject(sent);
        }
        ShardSum received = (ShardSum) new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray())).readObject();
        assertArrayEquals(sent.gradient(), received.gradient());
        assertEquals(sent.statistics(), received.statistics());
        assertEquals(3, received.node());
    }
}
