package vit.model.spark;

import java.io.IOException;
import java.io.Serializable;
import vit.model.train.data.ImageSource;

/**
 * Opens the images to train on, once in every executor's JVM. It must give the same images under the same numbers everywhere, because the driver says only which
 * numbers a shard has. {@link HadoopImages} is one for class folders; a source that draws its images can be opened by a lambda.
 */
@FunctionalInterface
public interface TrainingImages extends Serializable {

    /** The images. Several threads will ask for them at the same time. */
    ImageSource open() throws IOException;
}
