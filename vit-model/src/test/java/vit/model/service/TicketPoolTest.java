package vit.model.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;

import org.junit.jupiter.api.Test;

class TicketPoolTest {

    @Test
    void ticketsAreUsedAgainAndNotMoreThanTheLimitAreKept() {
        TicketPool pool = new TicketPool(2);
        Ticket[] tickets = {pool.take(), pool.take(), pool.take()};
        assertNotSame(tickets[0], tickets[1]);
        for (Ticket ticket : tickets) {
            ticket.pixels = new float[1];
            ticket.state = Ticket.State.DONE;
            pool.giveBack(ticket);
        }
        for (int i : new int[] {1, 0}) {
            Ticket again = pool.take();
            assertSame(tickets[i], again);
            assertNull(again.pixels);
            assertNull(again.next);
            assertEquals(Ticket.State.NEW, again.state);
        }
        Ticket fresh = pool.take();
        for (Ticket ticket : tickets) {
            assertNotSame(ticket, fresh);
        }
    }
}
