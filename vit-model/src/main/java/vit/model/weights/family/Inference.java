package vit.model.weights.family;

import java.util.ArrayList;
import java.util.List;
import vit.kernels.tensor.Shape;
import vit.model.InputException;
import vit.model.parameters.Parameters;
import vit.model.weights.config.ConfigField;
import vit.model.weights.config.ConfigFields;

/** What the names and shapes of a file's tensors determine of its configuration. Mutable; one family fills it in. */
public final class Inference {

    private final TensorDirectory tensors;
    private final ConfigFields told = new ConfigFields();
    private final ConfigFields suggested = new ConfigFields();
    private final List<String> assumptions = new ArrayList<>();
    private int inner;
    private String innerTensor;
    private int positionRows = -1;
    private String positionTensor;
    private int axisRows = -1;
    private int axisColumns = -1;
    private String axisTensor;
    private int relativeRows = -1;
    private String relativeTensor;

    public Inference(TensorDirectory tensors) {
        this.tensors = tensors;
    }

    /** The file, for messages. */
    public String file() {
        return tensors.file();
    }

    /** The file's tensors. */
    TensorDirectory tensors() {
        return tensors;
    }

    /** The values that the file determines; a configuration must not contradict them. */
    public ConfigFields told() {
        return told;
    }

    /** The values that are usual for such a file; they hold unless a configuration states others. */
    public ConfigFields suggested() {
        return suggested;
    }

    /** H·D, the width inside attention; 0 if unknown. */
    public int inner() {
        return inner;
    }

    /** Rows of the position embeddings; −1 if the file has none. */
    public int positionRows() {
        return positionRows;
    }

    /** Rows of the grid for which the file has positions by axis; −1 if it has none. */
    public int axisRows() {
        return axisRows;
    }

    /** Columns of that grid; −1 if the file has no positions by axis. */
    public int axisColumns() {
        return axisColumns;
    }

    /** Starts a report about the positions by axis. */
    public InputException.Report axisFault() {
        return fault(axisTensor);
    }

    /** Rows of the tables of relative positions; −1 if the file has none. */
    public int relativeRows() {
        return relativeRows;
    }

    /** The tensor of the file that has the position embeddings, or whose relative positions take their place. */
    public String positionOrigin() {
        return "tensor " + tensors.nameInFile(positionRows >= 0 ? positionTensor : axisTensor != null ? axisTensor : relativeTensor);
    }

    /** The tensor of the file that determines {@link #inner}. */
    public String innerOrigin() {
        return "tensor " + tensors.nameInFile(innerTensor);
    }

    /** Starts a report about the first table of relative positions. */
    public InputException.Report relativeFault() {
        return fault(relativeTensor);
    }

    /** Starts a report about the position embeddings. */
    public InputException.Report positionFault() {
        return fault(positionTensor);
    }

    /** Starts a report about the tensor that determines {@link #inner}. */
    public InputException.Report innerFault() {
        return fault(innerTensor);
    }

    private InputException.Report fault(String tensor) {
        return InputException.in(tensors.file()).tensor(tensors.nameInFile(tensor));
    }

    /** One sentence for each value that was assumed because the file does not determine it. */
    public List<String> assumptions() {
        return List.copyOf(assumptions);
    }

    <T> void tell(ConfigField<T> field, T value, String tensor) {
        told.tell(field, value, tensors.file(), tensors.nameInFile(tensor), isThere(tensor));
    }

    <T> void suggest(ConfigField<T> field, T value, String tensor) {
        suggested.tell(field, value, tensors.file(), tensors.nameInFile(tensor), isThere(tensor));
    }

    /** Whether the file has the tensor; all of a kind, with an asterisk for their numbers, count as there. */
    private boolean isThere(String tensor) {
        return tensor.endsWith("*") || tensors.has(tensor);
    }

    /** Sets {@code field} to whether the file has {@code tensor}. */
    void tellPresence(ConfigField<Boolean> field, String tensor) {
        tell(field, tensors.has(tensor), tensor);
    }

    /** Tells H·D from the number of rows (or columns) of the joint query, key and value projection. */
    void tellInnerFromQkv(int threeInner, String tensor) throws InputException {
        if (threeInner % 3 != 0) {
            throw fault(tensor).expected("a multiple of 3 for query, key and value").found(threeInner)
                    .because("the tensor's shape does not fit");
        }
        tellInner(threeInner / 3, tensor);
    }

    void tellInner(int value, String tensor) {
        inner = value;
        innerTensor = tensor;
    }

    void tellPositions(int rows, String tensor) {
        positionRows = rows;
        positionTensor = tensor;
    }

    /** Tells the grid of positions by axis from their two tables. */
    void tellAxes(String ofColumns, String ofRows) throws InputException {
        axisColumns = tensors.require(ofColumns, 3).dimension(1);
        axisRows = tensors.require(ofRows, 3).dimension(1);
        axisTensor = ofColumns;
    }

    /** Tells the rows of a table of relative positions. */
    void tellRelativePositions(int rows, String tensor) {
        relativeRows = rows;
        relativeTensor = tensor;
    }

    /** Notes that the file has no position embeddings, which is right only if a configuration says so. */
    void lackPositions(String tensor) {
        positionTensor = tensor;
    }

    /**
     * Requires the position embeddings of a model that has some.
     *
     * @param byAxis whether a configuration says that they are a table for columns and one for rows
     * @throws InputException if the file lacks them
     */
    public void requirePositions(boolean byAxis) throws InputException {
        if (byAxis && axisRows < 0) {
            tensors.require(Parameters.POSITIONS_X, 3);
        } else if (positionRows < 0 && positionTensor != null) {
            tensors.require(positionTensor, 3);
        }
    }

    /** Tells width, channels and patch from a convolution's weight (C, channels, patch, patch). */
    void tellFromConvolution(String tensor) throws InputException {
        tell(ConfigField.CHANNELS, tensors.require(tensor, 4).dimension(1), tensor);
        tellFromProjection(tensor);
    }

    /** Tells width and patch from the weight of a patch projection (C, channels, patch, patch), whose channels may be a backbone's. */
    void tellFromProjection(String tensor) throws InputException {
        Shape shape = tensors.require(tensor, 4);
        tell(ConfigField.WIDTH, shape.dimension(0), tensor);
        tellPatch(shape.dimension(2), shape.dimension(3), tensor);
    }

    void tellPatch(int height, int width, String tensor) throws InputException {
        if (height != width) {
            throw fault(tensor).expected("a square patch").found(height + "×" + width)
                    .because("the patch is not square");
        }
        tell(ConfigField.PATCH, height, tensor);
    }

    /**
     * Tells the classes from a linear head in PyTorch's layout: the layer {@code layer}, or the only layer inside it.
     *
     * @return the head's name
     */
    String tellHead(String layer) throws InputException {
        String head = tensors.linearLayer(layer);
        tellClasses(head + ".weight", 0);
        if (!head.equals(layer)) {
            assumptions.add("the head is " + tensors.nameInFile(head) + "; layers without tensors around it are taken for dropout");
        }
        return head;
    }

    /** Tells the classes from dimension {@code d} of the head's matrix; none if there is no such tensor. */
    void tellClasses(String tensor, int d) throws InputException {
        tell(ConfigField.CLASSES, tensors.has(tensor) ? tensors.require(tensor, 2).dimension(d) : 0, tensor);
    }
}
