package vit.model.spark;

import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.Metadata;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/** What a model can say about an image, each with the type of its column. */
public enum Output {

    /** (classes): {@code array<float>}, as {@link vit.model.VitSession#logits} gives them. */
    LOGITS("logits", floats()),

    /** (embedding width): {@code array<float>}, as {@link vit.model.VitSession#embed} gives it; not of unit length. */
    EMBEDDING("embedding", floats()),

    /** The most probable class: {@code struct<index: int, label: string, probability: double>}. */
    CLASS("class", new StructType(new StructField[] {
            new StructField("index", DataTypes.IntegerType, false, Metadata.empty()),
            new StructField("label", DataTypes.StringType, false, Metadata.empty()),
            new StructField("probability", DataTypes.DoubleType, false, Metadata.empty())}));

    private final String word;
    private final DataType type;

    Output(String word, DataType type) {
        this.word = word;
        this.type = type;
    }

    private static ArrayType floats() {
        return DataTypes.createArrayType(DataTypes.FloatType, false);
    }

    /** The word that names this output in a parameter, and the usual name of its column. */
    public String word() {
        return word;
    }

    /** The type of its column. */
    public DataType type() {
        return type;
    }

    /**
     * The output of this name.
     *
     * @throws IllegalArgumentException if there is none
     */
    public static Output named(String word) {
        for (Output output : values()) {
            if (output.word.equals(word)) {
                return output;
            }
        }
        throw new IllegalArgumentException("output \"" + word + "\"; expected logits, embedding or class");
    }
}
