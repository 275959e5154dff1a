package vit.model.service;

/**
 * How many of the waiting requests go through a session together. On processor cores a batch of b images takes nearly b times as long as one, and every
 * member waits for the whole batch. So a batch pays only if what it saves for those behind it outweighs what it costs its members:
 *
 * <pre>
 * alone:    the members end after cost(1), 2·cost(1), …, b·cost(1), and those behind them start after b·cost(1)
 * together: the members end after cost(b), and those behind them start after cost(b)
 * saved  =  (b(b + 1)/2 + behind·b)·cost(1) − (b + behind)·cost(b)
 * </pre>
 *
 * The rule takes the b that saves the most waiting time, and 1 if no other saves any. A lone request is never held back.
 */
final class BatchRule {

    private BatchRule() {}

    /**
     * Nanoseconds of waiting that a batch saves, summed over its members and those behind; negative if it costs time.
     *
     * @param behind requests that this session would compute after the batch
     */
    static double saved(CostTable costs, int images, int behind) {
        return ((double) images * (images + 1) / 2 + (double) behind * images) * costs.of(1) - (double) (images + behind) * costs.of(images);
    }

    /**
     * The size of the next batch.
     *
     * @param queue    at least one request
     * @param sessions how many sessions share the queue: a session takes at most its share, because the others are busy and will come for theirs
     * @param limit    the largest batch
     */
    static int size(RequestQueue queue, CostTable costs, int sessions, int limit, long now) {
        int share = (queue.length() + sessions - 1) / sessions;
        Ticket first = queue.first();
        long earliest = first.deadline;
        int best = 1;
        double most = 0;
        Ticket member = first;
        for (int images = 2; images <= Math.min(share, limit); images++) {
            member = queue.after(member);
            if (member == null || member.output != first.output || first.output == Ticket.Output.ATTENTION || member.generation != first.generation) {
                break;
            }
            earliest = Math.min(earliest, member.deadline);
            double saved = saved(costs, images, share - images);
            if (saved > most && now + Admission.withMargin(costs.of(images)) <= earliest) {
                most = saved;
                best = images;
            }
        }
        return best;
    }
}
