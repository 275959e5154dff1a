package vit.model.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Writes one row per image into a {@link RowFile}. The row of an image without a result is NaN, so that each row has its image's index. If no image has a
 * result, nothing is written.
 */
final class ImageRows implements EachImage.Results<float[]> {

    private final Vit vit;
    private final String tensor;
    private final RowFile file;
    private final float[] missing;
    private final boolean goesOn; // whether to continue after a bad image
    private int row;
    private int good;

    private ImageRows(Vit vit, String tensor, RowFile file, int elements, boolean goesOn) {
        this.vit = vit;
        this.tensor = tensor;
        this.file = file;
        this.missing = new float[elements];
        this.goesOn = goesOn;
        Arrays.fill(missing, Float.NaN);
    }

    /** Computes the rows of all images. */
    @FunctionalInterface
    interface Run {

        /** Runs and returns the exit code; see {@link EachImage#run}. */
        int of(EachImage images, EachImage.Results<float[]> rows) throws CommandException, IOException;
    }

    /**
     * Computes and writes all rows.
     *
     * @param tensor   the tensor's name, for messages
     * @param file     committed at the end; not closed
     * @param elements of a row
     * @return the exit code
     * @throws CommandException as {@link EachImage#run} says
     */
    static int write(Vit vit, String tensor, RowFile file, int elements, List<ImageInput> images, boolean strict, Run run)
            throws CommandException, IOException {
        List<Path> replaced = new ArrayList<>();
        for (Path path : file.paths()) {
            if (OutputCheck.replaces(path)) {
                replaced.add(path);
            }
        }
        ImageRows rows = new ImageRows(vit, tensor, file, elements, !strict && images.size() > 1);
        int code = run.of(new EachImage(vit, images, strict), rows);
        if (rows.good == 0) {
            vit.status().note(file.paths().getFirst() + ": no image gave a result, so nothing is written");
            return code;
        }
        file.commit();
        replaced.forEach(path -> vit.status().note(path + ": replaced the file that was there"));
        return code;
    }

    @Override
    public void good(ImageInput image, float[] result) throws IOException {
        file.write(result, missing.length);
        row++;
        good++;
    }

    @Override
    public void bad(ImageInput image, String fault) throws IOException {
        file.write(missing, missing.length);
        if (goesOn) {
            vit.status().warn(fault + "; row " + row + " of '" + tensor + "' is NaN");
        }
        row++;
    }
}
