package vit.model.cli;

import vit.model.InputException;

/** Thrown when the user's input does not work: one line says what is wrong, and one says what to do. It ends the command with exit code 2. */
final class CommandException extends Exception {

    private static final long serialVersionUID = 1L;

    private final String hint;

    CommandException(String message, String hint) {
        super(message);
        this.hint = hint;
    }

    /** The same fault with a hint, unless the fault itself says what to do. */
    CommandException(InputException fault, String hint) {
        super(fault.fault(), fault);
        this.hint = fault.remedy().orElse(hint);
    }

    /** The same with another cause. */
    CommandException(String message, String hint, Throwable cause) {
        super(message, cause);
        this.hint = hint;
    }

    String hint() {
        return hint;
    }
}
