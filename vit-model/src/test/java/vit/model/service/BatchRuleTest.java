package vit.model.service;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class BatchRuleTest {

    private static final long LONG = 1_000_000;

    /** Two images together cost little more than one. */
    private static final long[] CHEAP = {100, 110, 120, 130};

    /** A batch costs as much as its images one after another. */
    private static final long[] EVEN = {100, 200, 300, 400};

    private static int batch(Desk desk, int waiting, long within) throws RequestRefusedException {
        for (int i = 0; i < waiting; i++) {
            desk.offer(desk.ticket(within));
        }
        return desk.poll(0).size;
    }

    @Test
    void cheapBatchesTakeWhatWaits() throws RequestRefusedException {
        assertEquals(1, batch(Desk.of(1, CHEAP), 1, LONG));
        assertEquals(3, batch(Desk.of(1, CHEAP), 3, LONG));
        assertEquals(4, batch(Desk.of(1, CHEAP), 9, LONG));
    }

    @Test
    void batchesThatSaveNothingAreNotMade() throws RequestRefusedException {
        assertEquals(1, batch(Desk.of(1, EVEN), 9, LONG));
    }

    /** Two images in 1.9 times the time: not worth while for the two, but for a long queue behind them. */
    @Test
    void smallSavingsPayOnlyInALongQueue() throws RequestRefusedException {
        assertEquals(1, batch(Desk.of(1, 100, 190), 9, LONG));
        assertEquals(2, batch(Desk.of(1, 100, 190), 12, LONG));
    }

    @Test
    void everySessionLeavesTheOthersTheirShare() throws RequestRefusedException {
        assertEquals(2, batch(Desk.of(2, CHEAP), 4, LONG));
        assertEquals(1, batch(Desk.of(4, CHEAP), 4, LONG));
    }

    /** A member needs cost(b) and a fifth of it. */
    @Test
    void noMemberLosesItsDeadline() throws RequestRefusedException {
        for (long within : new long[] {155, 156}) {
            Desk desk = Desk.of(1, CHEAP);
            desk.offer(desk.ticket(LONG));
            Batch running = desk.poll(0);
            for (int i = 0; i < 3; i++) {
                desk.offer(desk.ticket(LONG));
            }
            desk.offer(desk.urgent(100 + within));
            desk.time.now += 100;
            desk.finish(0, running);
            Batch batch = desk.poll(0);
            assertEquals(within == 155 ? 3 : 4, batch.size);
        }
    }

    @Test
    void logitsAndEmbeddingsDoNotMix() throws RequestRefusedException {
        Desk desk = Desk.of(1, CHEAP);
        desk.offer(desk.ticket(LONG));
        desk.offer(desk.ticket(LONG));
        Ticket embedding = desk.ticket(LONG);
        embedding.output = Ticket.Output.EMBEDDING;
        desk.offer(embedding);
        desk.offer(desk.ticket(LONG));
        assertEquals(2, desk.poll(0).size);
        assertEquals(1, desk.poll(0).size);
        assertEquals(1, desk.poll(0).size);
    }

    @Test
    void modelsDoNotMix() throws RequestRefusedException {
        Desk desk = Desk.of(1, CHEAP);
        desk.offer(desk.ticket(LONG));
        desk.offer(desk.ticket(LONG));
        desk.dispatcher.install(desk.generation(CHEAP));
        desk.offer(desk.ticket(LONG));
        assertEquals(2, desk.poll(0).size);
    }

    /** The formula is the sum of the times that requests wait, written out. */
    @Test
    void savedTimeIsThatOfASimulation() {
        SplittableRandom random = new SplittableRandom(7);
        for (int trial = 0; trial < 1000; trial++) {
            long[] measured = {random.nextLong(1, 1000), random.nextLong(1, 2000), random.nextLong(1, 3000)};
            CostTable costs = new CostTable(measured);
            int size = random.nextInt(1, 4);
            int behind = random.nextInt(0, 10);
            double alone = 0;
            double together = 0;
            for (int i = 1; i <= size + behind; i++) {
                alone += i * measured[0]; // when each ends
                together += i <= size ? measured[size - 1] : measured[size - 1] + (i - size) * measured[0];
            }
            assertEquals(alone - together, BatchRule.saved(costs, size, behind), 1e-6);
        }
    }
}
