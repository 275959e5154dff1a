package vit.model.fuzz;

/** The entry point for Jazzer: called once with the name of a {@link FuzzTarget}, then once for each input. */
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
