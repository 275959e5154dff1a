package vit.model.spark;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.stream.Stream;
import org.apache.spark.ml.Transformer;
import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.param.StringArrayParam;
import org.apache.spark.ml.util.DefaultParamsReader;
import org.apache.spark.ml.util.DefaultParamsWritable;
import org.apache.spark.ml.util.Identifiable$;
import org.apache.spark.ml.util.MLReader;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/**
 * Runs a Vision Transformer on a column of images and adds columns with what it says.
 *
 * <pre>{@code
 * Dataset<Row> embedded = new VitTransformer().setWeights("hdfs:///vit_b16.safetensors").setInputCol("content").setOutput("embedding")
 *         .setOnError("column")
 *         .transform(spark.read().format("binaryFile").option("pathGlobFilter", "*.jpg").load(folder));
 * }</pre>
 *
 * <p>The input column holds the bytes of image files ({@code binary}), or images as Spark's source {@code image} decodes them. {@link Output} has the types of
 * the outputs. A column {@code path} of strings, where there is one, names the image in messages. All columns of the input stay. {@link VitFunction} says what an
 * executor holds, how many threads a task has, and why the results have the same bits however the rows are partitioned.
 *
 * <p>A transformer works in a {@code Pipeline}, on streams too, and can be saved and loaded. What is saved is the path of the weights, not the weights. Like
 * every stage of a pipeline it is mutable and for one thread until it is set up.
 */
public final class VitTransformer extends Transformer implements DefaultParamsWritable {

    private static final long serialVersionUID = 1;
    private static final String FAIL = "fail";
    private static final String COLUMN = "column";

    private final String uid;
    private final Param<String> weights;
    private final Param<String> config;
    private final Param<String> preprocessing;
    private final Param<String> inputCol;
    private final StringArrayParam output;
    private final StringArrayParam outputCols;
    private final IntParam batchSize;
    private final Param<String> onError;
    private final Param<String> errorCol;

    /** A transformer with the model that ships, which reads column {@code content} and adds column {@code class}. */
    public VitTransformer() {
        this(Identifiable$.MODULE$.randomUID("vit"));
    }

    /** The same with this identifier; the form that loading needs. */
    public VitTransformer(String uid) {
        this.uid = uid;
        weights = new Param<>(this, "weights", "URI of the weights: a file, an index of a file in parts, or a folder; without it, the model that ships in the jar");
        config = new Param<>(this, "config", "URI of a config.json; without it, the one beside the weights");
        preprocessing = new Param<>(this, "preprocessing", "name of a preprocessing; without it, the model's own");
        inputCol = new Param<>(this, "inputCol", "column of image files (binary) or of images (the struct of Spark's image source)");
        output = new StringArrayParam(this, "output", "what is computed: logits, embedding, class, or several");
        outputCols = new StringArrayParam(this, "outputCols", "names of the columns that are added, one for each output; without it, the outputs' own names");
        batchSize = new IntParam(this, "batchSize", "images that the model is given at a time");
        onError = new Param<>(this, "onError", "what an image that cannot be used does: fail (end the job) or column (put a message into errorCol)");
        errorCol = new Param<>(this, "errorCol", "column of the message about an image that cannot be used; null where there is an answer");
        setDefault(inputCol, "content");
        setDefault(output, new String[] {Output.CLASS.word()});
        setDefault(batchSize, 8);
        setDefault(onError, FAIL);
        setDefault(errorCol, "error");
    }

    @Override
    public String uid() {
        return uid;
    }

    /** Sets the URI or path of the weights, which every executor must be able to read; see {@link ModelFiles}. */
    public VitTransformer setWeights(String uri) {
        set(weights, uri);
        return this;
    }

    /** Sets the URI or path of a {@code config.json} that does not stand beside the weights. */
    public VitTransformer setConfig(String uri) {
        set(config, uri);
        return this;
    }

    /** Sets the name of a preprocessing in place of the model's own; {@link vit.model.image.Preprocessing#names} has them. */
    public VitTransformer setPreprocessing(String name) {
        set(preprocessing, name);
        return this;
    }

    /** Sets the column of images. */
    public VitTransformer setInputCol(String column) {
        set(inputCol, column);
        return this;
    }

    /**
     * Sets what is computed, in the order of the columns: {@code logits}, {@code embedding}, {@code class}.
     *
     * @throws IllegalArgumentException if there is no such output, none is named, or one is named twice
     */
    public VitTransformer setOutput(String... outputs) {
        if (outputs.length == 0 || Stream.of(outputs).map(Output::named).distinct().count() < outputs.length) {
            throw new IllegalArgumentException("outputs " + Arrays.toString(outputs) + "; expected each at most once, and at least one");
        }
        set(output, outputs.clone());
        return this;
    }

    /** Sets the names of the added columns, one for each output. */
    public VitTransformer setOutputCol(String... columns) {
        set(outputCols, columns.clone());
        return this;
    }

    /**
     * Sets how many images the model is given at a time. Memory grows with it; results do not depend on it.
     *
     * @throws IllegalArgumentException if it is below 1
     */
    public VitTransformer setBatchSize(int images) {
        if (images < 1) {
            throw new IllegalArgumentException("batch size " + images + "; expected 1 or more");
        }
        set(batchSize, images);
        return this;
    }

    /**
     * Sets what an image does that cannot be used.
     *
     * @param word {@code fail}: it ends the job, which is the default; {@code column}: its outputs are null and {@link #setErrorCol the error column} says why
     * @throws IllegalArgumentException if it is another word
     */
    public VitTransformer setOnError(String word) {
        if (!word.equals(FAIL) && !word.equals(COLUMN)) {
            throw new IllegalArgumentException("onError \"" + word + "\"; expected " + FAIL + " or " + COLUMN);
        }
        set(onError, word);
        return this;
    }

    /** Sets the name of the error column, which is {@code error} otherwise. It is added only with {@code setOnError("column")}. */
    public VitTransformer setErrorCol(String column) {
        set(errorCol, column);
        return this;
    }

    // Spark finds the parameters by these methods.

    /** The parameter of {@link #setWeights}. */
    public Param<String> weights() {
        return weights;
    }

    /** The parameter of {@link #setConfig}. */
    public Param<String> config() {
        return config;
    }

    /** The parameter of {@link #setPreprocessing}. */
    public Param<String> preprocessing() {
        return preprocessing;
    }

    /** The parameter of {@link #setInputCol}. */
    public Param<String> inputCol() {
        return inputCol;
    }

    /** The parameter of {@link #setOutput}. */
    public StringArrayParam output() {
        return output;
    }

    /** The parameter of {@link #setOutputCol}. */
    public StringArrayParam outputCols() {
        return outputCols;
    }

    /** The parameter of {@link #setBatchSize}. */
    public IntParam batchSize() {
        return batchSize;
    }

    /** The parameter of {@link #setOnError}. */
    public Param<String> onError() {
        return onError;
    }

    /** The parameter of {@link #setErrorCol}. */
    public Param<String> errorCol() {
        return errorCol;
    }

    private List<Output> outputs() {
        return Stream.of($(output)).map(Output::named).toList();
    }

    private boolean hasErrorCol() {
        return $(onError).equals(COLUMN);
    }

    /** Names of the added columns. */
    private List<String> added() {
        List<String> names = new ArrayList<>(List.of(isSet(outputCols) ? $(outputCols) : $(output)));
        if (hasErrorCol()) {
            names.add($(errorCol));
        }
        return names;
    }

    /**
     * The columns after {@link #transform}. Reads no file.
     *
     * @throws IllegalArgumentException if the input column is missing or of another type, an added column exists already, or the outputs have not as many
     *                                  columns as there are
     */
    @Override
    public StructType transformSchema(StructType schema) {
        List<String> present = List.of(schema.fieldNames());
        if (!present.contains($(inputCol))) {
            throw new IllegalArgumentException("column " + $(inputCol) + " is missing; there are " + String.join(", ", present));
        }
        StructField input = schema.apply($(inputCol));
        if (!ImageColumn.accepts(input.dataType())) {
            throw new IllegalArgumentException("column " + input.name() + " is of type " + input.dataType().simpleString()
                    + "; expected binary, or the struct of Spark's image source");
        }
        List<Output> outputs = outputs();
        List<String> added = added();
        if (added.size() - (hasErrorCol() ? 1 : 0) != outputs.size()) {
            throw new IllegalArgumentException(outputs.size() + " outputs need as many names of columns; given are " + Arrays.toString($(outputCols)));
        }
        StructType result = schema;
        for (int i = 0; i < added.size(); i++) {
            if (List.of(result.fieldNames()).contains(added.get(i))) {
                throw new IllegalArgumentException("column " + added.get(i) + " exists already; setOutputCol and setErrorCol give other names");
            }
            result = result.add(added.get(i), i < outputs.size() ? outputs.get(i).type() : DataTypes.StringType, hasErrorCol());
        }
        return result;
    }

    /**
     * Adds the columns. The driver reads the weights once, for their checksum; executors run the model when the result is asked for.
     *
     * @throws IllegalArgumentException as {@link #transformSchema}
     * @throws UncheckedIOException     if the weights cannot be read
     */
    @Override
    public Dataset<Row> transform(Dataset<?> dataset) {
        StructType schema = dataset.schema();
        StructType result = transformSchema(schema);
        ModelFiles model;
        try {
            model = ModelFiles.of(dataset.sparkSession(), given(weights), given(config), given(preprocessing));
        } catch (IOException e) {
            throw new UncheckedIOException(e.getMessage(), e);
        }
        int index = schema.fieldIndex($(inputCol));
        boolean isFile = schema.fields()[index].dataType().equals(DataTypes.BinaryType);
        List<String> names = List.of(schema.fieldNames());
        int path = names.contains("path") && schema.apply("path").dataType().equals(DataTypes.StringType) ? names.indexOf("path") : -1;
        List<Output> outputs = outputs();
        VitFunction<Row, Row> function = new VitFunction<>(model, EnumSet.copyOf(outputs), (Integer) getOrDefault(batchSize), new ImageColumn(index, isFile, path),
                new AnswerRow(outputs, hasErrorCol()));
        return dataset.toDF().mapPartitions(function, Encoders.row(result));
    }

    private String given(Param<String> param) {
        return isSet(param) ? $(param) : null;
    }

    @Override
    public VitTransformer copy(ParamMap extra) {
        return defaultCopy(extra);
    }

    /** Reads a transformer that was saved. */
    public static MLReader<VitTransformer> read() {
        return new DefaultParamsReader<>();
    }

    /** Loads a transformer from the folder into which it was saved. */
    public static VitTransformer load(String path) {
        return read().load(path);
    }
}
