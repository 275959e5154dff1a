package vit.model.cli;

import vit.model.InputException;

/** What a user gave does not work: one line that says so, and one that says what to do. Ends the command with exit code 2. */
final class CommandException extends Exception {

    private static final long serialVersionUID = 1L;

    private final String hint;

    CommandException(String message, String hint) {
        super(message);
        this.hint = hint;
    }

    /** The same fault with a hint, unless the fault itself tells what to do. */
    CommandException(InputException fault, String hint) {
        super(fault.fault(), fault);
        this.hint = fault.remedy().orElse(hint);
    }

    /** The same for another cause. */
    CommandException(String message, String hint, Throwable cause) {
        super(message, cause);
        this.hint = hint;
    }

    String hint() {
        return hint;
    }
}
