package vit.model.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import vit.model.plot.Picture;

/** A folder to which pictures are written, and the list of them for the user. */
final class PictureFolder {

    private final Path folder;
    private final TextTable list = new TextTable("ll");

    private PictureFolder(Path folder) {
        this.folder = folder;
    }

    /** Opens the folder, and creates it if necessary, before any work is done. */
    static PictureFolder open(Path folder) throws CommandException {
        OutputCheck.makeFolder(folder);
        return new PictureFolder(folder);
    }

    /** The path of a file of this name. */
    Path resolve(String name) {
        return folder.resolve(name);
    }

    /** Writes a picture. */
    void write(String name, String meaning, Picture picture) throws CommandException {
        Path file = folder.resolve(name);
        try {
            picture.write(file);
        } catch (IOException e) {
            throw new CommandException(file + ": the picture cannot be written: " + FaultReport.reason(e), "name another folder with --output");
        }
        list.row(name, meaning);
    }

    /** Notes in the list why a picture is missing. */
    void omit(String name, String reason) {
        list.row("(" + name + ")", "not drawn: " + reason);
    }

    /** Prints the list: where the pictures are and what they show. */
    void list(PrintWriter out) {
        out.println("pictures in " + folder);
        list.print(out, "  ");
        out.flush();
    }
}
