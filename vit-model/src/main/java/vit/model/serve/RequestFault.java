package vit.model.serve;

import java.util.OptionalLong;

/** A request that is answered with an error: its status, a reason for programs and a sentence for people. Has no stack trace: bad requests are frequent. */
public final class RequestFault extends Exception {

    private static final long serialVersionUID = 1;

    private final int status;
    private final String reason;
    private final long retrySeconds; // negative: none

    private RequestFault(int status, String reason, String message, long retrySeconds) {
        super(message, null, false, false);
        this.status = status;
        this.reason = reason;
        this.retrySeconds = retrySeconds;
    }

    /** An error with this status, reason and sentence. */
    public static RequestFault of(int status, String reason, String message) {
        return new RequestFault(status, reason, message, -1);
    }

    /** A request whose syntax or values are wrong: 400. */
    public static RequestFault bad(String message) {
        return of(400, "BAD_REQUEST", message);
    }

    /** An error after which the same request may succeed in so many seconds. */
    static RequestFault retry(int status, String reason, String message, long seconds) {
        return new RequestFault(status, reason, message, seconds);
    }

    int status() {
        return status;
    }

    String reason() {
        return reason;
    }

    OptionalLong retrySeconds() {
        return retrySeconds < 0 ? OptionalLong.empty() : OptionalLong.of(retrySeconds);
    }
}
