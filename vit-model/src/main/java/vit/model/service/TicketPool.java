package vit.model.service;

/** Tickets of calls that have ended, to be used again. */
final class TicketPool {

    private final long limit;
    private Ticket free; // a list by Ticket.next
    private long count;

    /** @param limit most tickets that are kept */
    TicketPool(long limit) {
        this.limit = limit;
    }

    synchronized Ticket take() {
        if (free == null) {
            return new Ticket();
        }
        Ticket ticket = free;
        free = ticket.next;
        ticket.next = null;
        count--;
        return ticket;
    }

    void giveBack(Ticket ticket) {
        ticket.clear();
        synchronized (this) {
            if (count < limit) {
                ticket.next = free;
                free = ticket;
                count++;
            }
        }
    }
}
