package vit.model.spark;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import org.apache.spark.SparkEnv;
import org.apache.spark.sql.SparkSession;
import vit.model.InputException;
import vit.model.config.VitConfig;
import vit.model.image.Preprocessing;
import vit.model.image.RgbImage;
import vit.model.shapes.ShapeKind;
import vit.model.shapes.ShapeSource;
import vit.model.train.Initialization;
import vit.model.train.Recipe;
import vit.model.train.Schedule;
import vit.model.train.StepGradient;
import vit.model.train.Trainer;
import vit.model.train.TrainerOptions;
import vit.model.train.TrainingListener;
import vit.model.train.augment.Augmentation;
import vit.model.train.augment.Mixing;
import vit.model.train.data.ImageSource;
import vit.model.train.data.Split;

/**
 * A training of 9 steps in which everything is random that can be: augmentation, mixing, dropout, stochastic depth. The last step of an epoch has fewer images than
 * shards, and one image cannot be used.
 */
final class TinyTraining {

    static final int SHARDS = 8;
    static final int STEPS = 9;

    private static final int IMAGES = 37;
    private static final VitConfig CONFIG = VitConfig.builder().image(16, 16).patch(4).width(32).depth(2).heads(2).classes(ShapeKind.values().length).build();

    private TinyTraining() {}

    static Recipe recipe(int shards) {
        return Recipe.plain(3, 16, 2e-3).withSeed(5).withSchedule(Schedule.cosine(2e-3, 0.2)).withClip(1).withAverage(0.9).withLabelSmoothing(0.1)
                .withAugmentation(Augmentation.RAND_AUGMENT).withMixing(new Mixing(0.8, 1)).withDropout(0.1).withStochasticDepth(0.1).withShards(shards);
    }

    /** Drawn images, of which number 11 cannot be used. On the executor that first asks for image {@code trigger}, a fault happens, once. */
    record Images(ShapeSource shapes, int trigger, Fault fault, String marker) implements ImageSource {

        @Override
        public int size() {
            return shapes.size();
        }

        @Override
        public List<String> classes() {
            return shapes.classes();
        }

        @Override
        public int label(int index) {
            return shapes.label(index);
        }

        @Override
        public RgbImage image(int index) throws IOException {
            if (index == 11) {
                throw InputException.in("image 11").because("the image is broken");
            }
            if (index == trigger && fault != Fault.NONE && isExecutor() && first()) {
                fault.happen();
            }
            return shapes.image(index);
        }

        private static boolean isExecutor() {
            return SparkEnv.get() != null && !SparkEnv.get().executorId().equals("driver");
        }

        private boolean first() throws IOException {
            try {
                Files.createFile(Path.of(marker));
                return true;
            } catch (FileAlreadyExistsException e) {
                return false;
            }
        }
    }

    enum Fault {
        NONE,
        HALT,
        SLEEP;

        void happen() {
            if (this == HALT) {
                Runtime.getRuntime().halt(1);
            }
            try {
                Thread.sleep(6_000);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt(); // the other attempt was faster, and Spark ends this one
            }
        }
    }

    static TrainingImages images(Fault fault, Path marker) {
        String file = marker == null ? null : marker.toString();
        return () -> new Images(new ShapeSource(3, 16, IMAGES, 0.2, 1, false), 20, fault, file);
    }

    private static Split split() throws IOException {
        return new Split(images(Fault.NONE, null).open(), new ShapeSource(4, 16, 12, 0.2, 1, false));
    }

    static Trainer trainer(int shards) throws IOException {
        return trainer(recipe(shards));
    }

    static Trainer trainer(Recipe recipe) throws IOException {
        return Trainer.of(new Initialization(CONFIG, Initialization.Scheme.TIMM, 1), split(), Preprocessing.named("shapes"), recipe, TrainerOptions.threads(1));
    }

    static Trainer resume(Path state, int shards) throws IOException {
        return Trainer.resume(state, CONFIG, split(), Preprocessing.named("shapes"), recipe(shards), TrainerOptions.threads(1));
    }

    /** Trains to the end and returns the SHA-256 of everything that {@link Trainer#save} writes. */
    static String train(Trainer trainer, StepGradient gradient, Path folder) throws Exception {
        trainer.train(TrainingListener.NONE, gradient);
        return hash(trainer, folder);
    }

    static String trainWithoutSpark(int shards, Path folder) throws Exception {
        try (Trainer trainer = trainer(shards)) {
            trainer.train(TrainingListener.NONE);
            return hash(trainer, folder);
        }
    }

    static String trainWith(SparkSession spark, TrainingImages images, int shards, int partitions, int fanIn, Path folder) throws Exception {
        try (Trainer trainer = trainer(shards)) {
            return train(trainer, SparkGradient.of(spark, trainer, images).withPartitions(partitions).withFanIn(fanIn), folder);
        }
    }

    static String hash(Trainer trainer, Path folder) throws Exception {
        Path state = Files.createTempFile(folder, "training", ".state");
        trainer.save(state);
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(state)));
    }
}
