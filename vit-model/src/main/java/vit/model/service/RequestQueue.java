package vit.model.service;

/**
 * The requests that wait: first in, first out, urgent ones in front of the others. Adding and removing anywhere take constant time and allocate nothing.
 * Not for several threads: the {@link Dispatcher} guards it.
 */
final class RequestQueue {

    private final Line urgent = new Line();
    private final Line ordinary = new Line();

    /** Written under the dispatcher's lock and read by anyone, for the statistics. */
    private volatile int length;
    private volatile long bytes;

    private static final class Line {
        private Ticket first;
        private Ticket last;
        private int length;
        private int passes;

        void add(Ticket ticket) {
            ticket.previous = last;
            ticket.next = null;
            if (last == null) {
                first = ticket;
            } else {
                last.next = ticket;
            }
            last = ticket;
            length++;
            passes += ticket.passes;
        }

        void remove(Ticket ticket) {
            if (ticket.previous == null) {
                first = ticket.next;
            } else {
                ticket.previous.next = ticket.next;
            }
            if (ticket.next == null) {
                last = ticket.previous;
            } else {
                ticket.next.previous = ticket.previous;
            }
            ticket.previous = null;
            ticket.next = null;
            length--;
            passes -= ticket.passes;
        }
    }

    int length() {
        return length;
    }

    /** Bytes of the waiting requests' images. */
    long bytes() {
        return bytes;
    }

    /** How many passes over one image would be made before a new request's. */
    int ahead(boolean isUrgent) {
        return isUrgent ? urgent.passes : urgent.passes + ordinary.passes;
    }

    private Line line(Ticket ticket) {
        return ticket.urgent ? urgent : ordinary;
    }

    void add(Ticket ticket) {
        line(ticket).add(ticket);
        count(ticket.bytes);
    }

    void remove(Ticket ticket) {
        line(ticket).remove(ticket);
        count(-ticket.bytes);
    }

    private void count(long change) {
        length = urgent.length + ordinary.length;
        bytes += change;
    }

    /** The request whose turn it is, or null. */
    Ticket first() {
        return urgent.first != null ? urgent.first : ordinary.first;
    }

    /** The request whose turn comes after that of {@code ticket}, or null. */
    Ticket after(Ticket ticket) {
        return ticket.next != null || !ticket.urgent ? ticket.next : ordinary.first;
    }
}
