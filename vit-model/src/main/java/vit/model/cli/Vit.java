package vit.model.cli;

/** The command line. */
public final class Vit {

    private Vit() {}

    /** Runs a command. */
    public static void main(String[] args) {
        System.out.println("vit " + String.join("|", args));
    }
}
