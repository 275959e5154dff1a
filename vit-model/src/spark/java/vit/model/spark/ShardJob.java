package vit.model.spark;

import java.io.IOException;
import java.io.Serializable;
import vit.model.InputException;
import vit.model.config.VitConfig;
import vit.model.image.Preprocessing;
import vit.model.train.Recipe;
import vit.model.train.TrainerOptions;
import vit.model.train.data.ImageSource;

/**
 * What an executor must know of a training to compute its shards.
 *
 * @param id            tells one training from another
 * @param images        the training images
 * @param size          how many there are
 * @param config        the model
 * @param preprocessing how images become the model's input
 * @param recipe        says which images a shard has and what is done to them
 * @param options       passes, and the cache of decoded images of an executor; its threads are ignored
 */
record ShardJob(String id, TrainingImages images, int size, VitConfig config, Preprocessing preprocessing, Recipe recipe, TrainerOptions options)
        implements Serializable {

    /** The images of this JVM, which must be those of the driver. */
    ImageSource open() throws IOException {
        ImageSource opened = images.open();
        if (opened.size() != size || opened.classes().size() != config.classes()) {
            throw InputException.in("the training images").expected(size + " of " + config.classes() + " classes, as on the driver")
                    .found(opened.size() + " of " + opened.classes().size()).because("the executor sees other images than the driver");
        }
        return opened;
    }
}
