package vit.model.train;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** A training's state or weights were written; the duration lasts until the file is on the disk under its name. */
@Name("vit.Checkpoint")
@Label("Checkpoint")
@Category({"ViT", "Training"})
@Description("The state or the weights of a training were written to a file")
@StackTrace(false)
final class CheckpointEvent extends Event {

    @Label("File")
    String file;

    @Label("Bytes")
    @Description("Size of the file; negative if it is gone already")
    @DataAmount
    long bytes;

    static CheckpointEvent begun() {
        CheckpointEvent event = new CheckpointEvent();
        event.begin();
        return event;
    }

    void commit(Path written) {
        end();
        if (shouldCommit()) {
            file = written.toAbsolutePath().toString();
            bytes = size(written);
            commit();
        }
    }

    private static long size(Path written) {
        try {
            return Files.size(written);
        } catch (IOException e) {
            return -1; // the checkpoint itself was written well
        }
    }
}
