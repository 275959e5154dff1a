package vit.model;

import java.util.Optional;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.TestWatcher;

/** Prints why a test was skipped: Surefire's console gives only a number. Registered for every Jupiter test, see META-INF/services. */
public final class SkippedTests implements TestWatcher {

    @Override
    public void testDisabled(ExtensionContext test, Optional<String> reason) {
        print(test, reason.orElse("disabled"));
    }

    @Override
    public void testAborted(ExtensionContext test, Throwable cause) {
        String message = cause.getMessage() == null ? "an assumption does not hold" : cause.getMessage();
        print(test, message.replaceFirst("^Assumption failed: ", ""));
    }

    private static void print(ExtensionContext test, String reason) {
        System.out.println("skipped: " + test.getRequiredTestClass().getSimpleName() + "." + test.getRequiredTestMethod().getName() + ": " + reason);
    }
}
