package vit.model.service;

import java.time.Duration;

/**
 * An answer, and where its time went. What is missing from the caller's own measurement is the time until its thread ran again.
 *
 * @param answer     what was asked for
 * @param decoding   decoding and preprocessing the image, the wait for a place to do so included; near zero for pixels
 * @param waiting    in the queue
 * @param computing  the pass that the request was in
 */
public record TimedAnswer<T>(T answer, Duration decoding, Duration waiting, Duration computing) {}
