package vit.model.fuzz;

/** What Jazzer's driver calls: once with the name of a {@link FuzzTarget}, then with bytes after bytes. */
public final class FuzzDriver {

    private static FuzzTarget target;

    private FuzzDriver() {}

    public static void fuzzerInitialize(String[] arguments) {
        target = FuzzTarget.valueOf(arguments[0]);
        target.seeds().forEach(target::check); // loads the readers before time is measured
    }

    public static void fuzzerTestOneInput(byte[] file) {
        target.check(file);
    }
}
