package vit.model.cli;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import vit.model.InputException;
import vit.model.NonFiniteException;

/**
 * Runs a command over many images so that a bad image costs only its own result. It is reported in its place, the other images are processed, and the
 * exit code says at the end that something is missing. If there is only one image, or with {@code --strict}, a bad image ends the command.
 */
final class EachImage {

    private static final int MOST_NAMED = 3;

    /** With fewer images than this for each thread, threads share the passes, because some would soon be idle. */
    private static final int IMAGES_PER_LANE = 2;

    private final Vit vit;
    private final List<ImageInput> images;
    private final boolean strict;

    /** @param images at least one */
    EachImage(Vit vit, List<ImageInput> images, boolean strict) {
        this.vit = vit;
        this.images = images;
        this.strict = strict;
    }

    /** The computation for one image. */
    @FunctionalInterface
    interface Computation<T> {

        /**
         * Computes.
         *
         * @throws InputException     if the image is unusable
         * @throws NonFiniteException if its result is not finite
         */
        T of(ImageInput image) throws IOException;
    }

    /** Receives the results of the images, in their order. */
    interface Results<T> {

        /** The result of an image. */
        void good(ImageInput image, T result) throws IOException;

        /** An image without a result. */
        void bad(ImageInput image, String fault) throws IOException;

        /** Called when no more results will come, for whatever reason. */
        default void end() {}
    }

    /**
     * Computes all.
     *
     * @param doing what is being done, for the status line
     * @return the exit code
     * @throws CommandException if an image is bad and it is the only one or {@code --strict} is given
     */
    <T> int run(String doing, Computation<T> computation, Results<T> results) throws CommandException, IOException {
        List<String> failed = new ArrayList<>();
        try {
            all(doing, computation, results, failed);
        } finally {
            vit.status().clear();
            results.end();
        }
        if (failed.isEmpty()) {
            return Vit.DONE;
        }
        vit.report(summary(failed));
        return Vit.INCOMPLETE;
    }

    /**
     * Computes with a model: of a few images one after the other with all threads together, of many on a lane per thread ({@link ImageLanes}). The results are
     * the same.
     *
     * @param doing what is being done, for the bar
     * @param batch most images in one pass
     * @return the exit code
     * @throws CommandException if an image is bad and it is the only one or {@code --strict} is given
     */
    <T> int run(String doing, LoadedModel model, int batch, ImageWork<T> work, Results<T> results) throws CommandException, IOException {
        List<String> failed = new ArrayList<>();
        boolean many = images.size() >= IMAGES_PER_LANE * model.threads();
        int together = Math.min(batch, images.size());
        try (ImageLanes<T> lanes = new ImageLanes<>(model, images, work, many ? model.threads() : 1, many ? 1 : model.threads(), together);
                CommandBar bar = vit.bar(doing, images.size())) {
            for (int i = 0; i < images.size(); i++) {
                ImageLanes.Slot<T> slot = lanes.take();
                model.noteIfPhoto(slot.height(), slot.width(), bar);
                deliver(images.get(i), slot, bar, results, failed);
                bar.step(i + 1L);
            }
        } finally {
            results.end();
        }
        if (failed.isEmpty()) {
            return Vit.DONE;
        }
        vit.report(summary(failed));
        return Vit.INCOMPLETE;
    }

    private <T> void deliver(ImageInput image, ImageLanes.Slot<T> slot, CommandBar bar, Results<T> results, List<String> failed) throws CommandException, IOException {
        if (slot.fault() == null) {
            bar.aroundWriting(() -> results.good(image, slot.result()));
            return;
        }
        switch (slot.fault()) {
            case Throwable e when ImageLanes.isOfItsImage(e) -> {
                String fault = fault(image, e);
                bar.aroundWriting(() -> results.bad(image, fault));
                failed.add(image.name());
                if (strict || images.size() == 1) {
                    throw new CommandException(fault, hint(image, e), e);
                }
            }
            case IOException e -> throw e;
            case RuntimeException e -> throw e;
            default -> throw (Error) slot.fault();
        }
    }

    private <T> void all(String doing, Computation<T> computation, Results<T> results, List<String> failed) throws CommandException, IOException {
        for (ImageInput image : images) {
            vit.status().show(doing + " " + image.name());
            T result;
            try {
                result = computation.of(image);
            } catch (InputException | NonFiniteException | OutOfMemoryError e) {
                vit.status().clear();
                String fault = fault(image, e);
                results.bad(image, fault);
                failed.add(image.name());
                if (strict || images.size() == 1) {
                    throw new CommandException(fault, hint(image, e), e);
                }
                continue;
            }
            vit.status().clear();
            results.good(image, result);
        }
    }

    private FaultReport summary(List<String> failed) {
        String names = String.join(", ", failed.subList(0, Math.min(MOST_NAMED, failed.size())))
                + (failed.size() > MOST_NAMED ? " and " + (failed.size() - MOST_NAMED) + " more" : "");
        return new FaultReport(failed.size() + " of " + images.size() + " images gave no result: " + names,
                "each of them has a message of its own; --strict stops at the first");
    }

    private static String fault(ImageInput image, Throwable fault) {
        return switch (fault) {
            case NonFiniteException e -> image.name() + ": " + e.getMessage();
            case OutOfMemoryError e -> image.name() + ": not enough memory: " + e.getMessage();
            case InputException e -> e.fault();
            default -> fault.getMessage();
        };
    }

    private static String hint(ImageInput image, Throwable fault) {
        return switch (fault) {
            case InputException e -> e.remedy().orElse(image.hint());
            case NonFiniteException _ -> FaultReport.NON_FINITE_HINT;
            default -> "raise the heap, for example VIT_OPTS=-Xmx8g";
        };
    }
}
