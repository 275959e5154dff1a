package vit.model.serve;

/** Answers requests of one path. */
@FunctionalInterface
interface Endpoint {

    /** Answers, or throws what {@link Faults} turns into an answer. */
    void answer(Exchange exchange) throws Exception;
}
