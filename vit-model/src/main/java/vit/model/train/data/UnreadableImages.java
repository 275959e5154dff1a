package vit.model.train.data;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import vit.model.InputException;

/** The images that could not be used, each counted once, and the bound on their number. For one thread. */
public final class UnreadableImages {

    private final Map<String, InputException> faults = new LinkedHashMap<>();
    private final int images;
    private final double most;

    /**
     * Starts without any.
     *
     * @param images of all images
     * @param most   the share of them that may be unusable
     */
    public UnreadableImages(int images, double most) {
        this.images = images;
        this.most = most;
    }

    /**
     * Counts the unusable images of a batch.
     *
     * @param set   name that tells the images of one source from those of another
     * @param found the unusable images by their number in the source, and why
     * @throws InputException if there are now too many
     */
    public void add(String set, Map<Integer, InputException> found) throws InputException {
        for (Map.Entry<Integer, InputException> entry : found.entrySet()) {
            faults.putIfAbsent(set + entry.getKey(), entry.getValue());
            if (faults.size() > most * images) {
                throw most == 0 ? entry.getValue() : InputException.in(images + " images").cause(entry.getValue())
                        .expected("at most a share of " + most + "").found(faults.size() + ", the first: "
                                + faults.values().iterator().next().getMessage()).because("too many images cannot be read");
            }
        }
    }

    /** One message for each image. */
    public List<String> messages() {
        return faults.values().stream().map(InputException::getMessage).toList();
    }
}
