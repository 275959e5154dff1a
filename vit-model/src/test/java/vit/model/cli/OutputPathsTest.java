package vit.model.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where a command cannot write, it says so before any work, names the option, and tells which part of the path is at fault. */
class OutputPathsTest {

    @TempDir
    private Path folder;

    private Path file;
    private List<List<Object>> foldersMade; // commands whose output is a folder
    private List<List<Object>> filesWritten; // commands whose output is a file

    @BeforeEach
    void writeModelAndImages() throws IOException {
        Path weights = TinyModel.weights(folder);
        Path config = TinyModel.config(folder);
        Path image = TinyModel.image(folder.resolve("a.png"), 40, 30, 1);
        file = Files.writeString(folder.resolve("file"), "kept");
        Path data = TrainTest.stripes(folder.resolve("data"), 4);
        Path labels = Files.writeString(folder.resolve("l.txt"), "lying\nstanding\ntwo\nthree\nfour\nfive\nsix\n");
        foldersMade = List.of(List.of("train", "--data", data), List.of("train", "--data", data, "--find-lr"),
                List.of("evaluate", "--weights", weights, "--labels", labels, "--data", data), List.of("visualise", "--weights", weights, image),
                List.of("draw", "--images", 3), List.of("demo", "--seconds", 1));
        filesWritten = List.of(List.of("logits", "--weights", weights, image), List.of("preprocess", "--config", config, image),
                List.of("embed", "--weights", weights, image), List.of("export", "--weights", weights));
    }

    private static Ran to(List<Object> command, Object output) {
        return Ran.vit(Stream.concat(command.stream(), Stream.of("--output", output)).toArray());
    }

    @Test
    void aFileInTheMiddleOfThePathIsNamed() throws IOException {
        Path below = file.resolve("sub").resolve("folder");
        for (List<Object> command : foldersMade) {
            to(command, below).isRefused("--output " + below + ": " + file + " is a file, not a folder");
            to(command, file).isRefused("--output " + file + ": " + file + " is a file, not a folder");
        }
        for (List<Object> command : filesWritten) {
            to(command, below).isRefused("--output " + below + ": " + file + " is a file, not a folder");
        }
        assertEquals("kept", Files.readString(file));
    }

    @Test
    void aLinkToNothingIsNamed() throws IOException {
        Path link = Files.createSymbolicLink(folder.resolve("link"), folder.resolve("nothing"));
        for (List<Object> command : foldersMade) {
            to(command, link.resolve("sub")).isRefused("--output " + link.resolve("sub") + ": " + link + " is a link to nothing");
        }
        for (List<Object> command : filesWritten) {
            to(command, link.resolve("sub")).isRefused("--output " + link.resolve("sub") + ": " + link + " is a link to nothing");
        }
        assertFalse(Files.exists(folder.resolve("nothing")));
    }

    @Test
    void aMissingFolderIsMadeForFoldersOnly() {
        Path below = folder.resolve("new").resolve("sub");
        for (List<Object> command : filesWritten) {
            to(command, below).isRefused("--output " + below + ": there is no folder " + below.getParent());
        }
        to(foldersMade.get(4), below).isDone();
    }

    @Test
    void anImageSizeThatMakesNoModelIsNamed() {
        Ran.vit("train", "--data", folder.resolve("data"), "--output", folder.resolve("out"), "--image=65536").isRefused("Invalid model with --image 65536: ");
        assertFalse(Files.exists(folder.resolve("out")));
    }
}
