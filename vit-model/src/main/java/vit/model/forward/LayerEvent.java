package vit.model.forward;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Enabled;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import vit.kernels.parallel.Worker;

/**
 * A block of a forward pass. A barrier of the whole team stands before every block and at its end, so the time between them on worker 0 is that of the block for
 * the team, and there is one event however many work. What one worker does meanwhile says little: it takes items from the others when its own are done.
 *
 * <p>Recordings take these events only if they ask for them. A pass has one object and uses it again and again.
 */
@Name("vit.Layer")
@Label("Layer")
@Category("ViT")
@Description("A block of a forward pass, on the thread that called it; off unless a recording enables it")
@Enabled(false)
@StackTrace(false)
final class LayerEvent extends Event {

    @Label("Block")
    @Description("Number of the block, from 0")
    int block;

    @Label("Batch")
    @Description("Images in the pass")
    int batch;

    @Label("Workers")
    @Description("Threads that computed the block together")
    int workers;

    void commit(int number, int images, Worker w) {
        end();
        if (shouldCommit()) {
            block = number;
            batch = images;
            workers = w.count();
            commit();
        }
    }
}
