package vit.model.service;

/** Tickets of calls that have ended, to be used again. */
final class TicketPool {

    private final Ticket[] free;
    private int count;

    /** @param size most tickets that are kept */
    TicketPool(int size) {
        free = new Ticket[size];
    }

    synchronized Ticket take() {
        return count == 0 ? new Ticket() : free[--count];
    }

    void giveBack(Ticket ticket) {
        ticket.clear();
        synchronized (this) {
            if (count < free.length) {
                free[count++] = ticket;
            }
        }
    }
}
