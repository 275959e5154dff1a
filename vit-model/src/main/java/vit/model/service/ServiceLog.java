package vit.model.service;

import java.lang.System.Logger.Level;

/** What the service tells its operator. Logging throws nothing here, because whoever logs has callers to attend to. */
final class ServiceLog {

    private static final System.Logger LOGGER = System.getLogger("vit.service");

    private ServiceLog() {}

    static void info(String message) {
        log(Level.INFO, message, null);
    }

    static void warning(String message) {
        log(Level.WARNING, message, null);
    }

    static void error(String message, Throwable failure) {
        log(Level.ERROR, message, failure);
    }

    private static void log(Level level, String message, Throwable failure) {
        try {
            LOGGER.log(level, message, failure);
        } catch (Throwable e) {
            // There is nobody else to tell.
        }
    }
}
