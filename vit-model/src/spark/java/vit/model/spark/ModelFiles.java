package vit.model.spark;

import java.io.IOException;
import java.io.Serializable;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.util.SerializableConfiguration;
import vit.model.InputException;
import vit.model.VitModel;
import vit.model.image.Preprocessing;

/**
 * The files of a model on any file system that Hadoop knows, and the checksum that identifies them. The driver makes it, which reads the files once; executors
 * load the model from it and refuse files that have changed since. Immutable.
 */
public final class ModelFiles implements Serializable {

    private static final long serialVersionUID = 1;
    private static final long MOST_SIDE_FILE = 16 << 20; // bytes of a configuration or a list of labels
    private static final List<String> WEIGHTS = List.of(".safetensors", ".npz");
    private static final List<String> SIDE_FILES = List.of(".json", ".txt");

    private final String folder; // URI; null for the model that ships
    private final String weights; // the file in it, or "" for the folder itself
    private final String config; // URI of a configuration from elsewhere, or null
    private final String preprocessing; // name, or null for the model's own
    private final TreeMap<String, String> sums; // file → SHA-256
    private final String configSum;
    private final String hash;
    private final SerializableConfiguration hadoop;

    private ModelFiles(FileSystem system, org.apache.hadoop.fs.Path named, String config, String preprocessing, Configuration hadoop) throws IOException {
        this.hadoop = new SerializableConfiguration(hadoop);
        this.config = config;
        this.preprocessing = preprocessing;
        this.sums = new TreeMap<>();
        if (named == null) {
            folder = null;
            weights = "";
        } else {
            boolean isFolder = system.getFileStatus(named).isDirectory();
            org.apache.hadoop.fs.Path parent = isFolder ? named : named.getParent();
            folder = system.makeQualified(parent).toString();
            weights = isFolder ? "" : named.getName();
            for (FileStatus file : system.listStatus(parent)) {
                if (file.isFile() && belongs(file, isFolder)) {
                    sums.put(file.getPath().getName(), FileSums.of(system, file.getPath()));
                }
            }
        }
        configSum = config == null ? "" : FileSums.of(hadoop, config);
        hash = FileSums.ofText(weights + '\n' + sums + '\n' + configSum + '\n' + preprocessing);
    }

    /** Whether the model may need this file: its weights, or a small file beside them that may be a configuration. */
    private boolean belongs(FileStatus file, boolean isFolder) {
        String name = file.getPath().getName();
        boolean manyParts = isFolder || weights.endsWith(".json");
        return name.equals(weights) || manyParts && WEIGHTS.stream().anyMatch(name::endsWith)
                || file.getLen() <= MOST_SIDE_FILE && SIDE_FILES.stream().anyMatch(name::endsWith);
    }

    /** As {@link #of(SparkSession, String, String, String)}, with the configuration and the preprocessing of the weights' folder. */
    public static ModelFiles of(SparkSession spark, String weights) throws IOException {
        return of(spark, weights, null, null);
    }

    /**
     * Finds a model's files and computes their checksum.
     *
     * @param spark         gives the file systems' configuration
     * @param weights       URI or path of what {@link VitModel#load(Path)} takes: a file, the index of a file in several parts, or a folder. Files of JSON or
     *                      text that stand beside the weights belong to the model. Null for the small model that ships in the jar
     * @param config        URI or path of a {@code config.json} from elsewhere, or null
     * @param preprocessing the name of a preprocessing ({@link Preprocessing#named}) in place of the model's own, or null
     * @throws InputException           if there is no preprocessing of this name, or a file does not exist
     * @throws IllegalArgumentException if a configuration is named for the model that ships
     * @throws IOException              if a file cannot be read
     */
    public static ModelFiles of(SparkSession spark, String weights, String config, String preprocessing) throws IOException {
        if (preprocessing != null) {
            Preprocessing.named(preprocessing);
        }
        if (weights == null && config != null) {
            throw new IllegalArgumentException("a configuration without weights; the model that ships has its own");
        }
        Configuration hadoop = spark.sessionState().newHadoopConf();
        try {
            if (weights == null) {
                return new ModelFiles(null, null, null, preprocessing, hadoop);
            }
            org.apache.hadoop.fs.Path named = new org.apache.hadoop.fs.Path(weights);
            return new ModelFiles(named.getFileSystem(hadoop), named, config, preprocessing, hadoop);
        } catch (java.io.FileNotFoundException e) {
            throw InputException.in(weights).cause(e).found(e.getMessage()).because("there is no such file or folder of weights");
        }
    }

    /** SHA-256 of everything that determines the model, in hexadecimal. */
    public String hash() {
        return hash;
    }

    /**
     * Loads the model. Files of another file system are copied into a temporary folder first, which is deleted again.
     *
     * @throws InputException if a file has changed since the checksum was computed, or does not make a model
     */
    VitModel load() throws IOException {
        if (folder == null) {
            return VitModel.shipped();
        }
        org.apache.hadoop.fs.Path from = new org.apache.hadoop.fs.Path(folder);
        FileSystem system = from.getFileSystem(hadoop.value());
        try (TemporaryFolder temporary = new TemporaryFolder()) {
            boolean isLocal = "file".equals(system.getUri().getScheme());
            Path local = isLocal ? Path.of(from.toUri().getPath()) : temporary.path();
            for (String name : sums.keySet()) {
                org.apache.hadoop.fs.Path file = new org.apache.hadoop.fs.Path(from, name);
                require(file.toString(), sums.get(name), isLocal ? FileSums.of(system, file) : FileSums.copy(system, file, local.resolve(name)));
            }
            Path configuration = null;
            if (config != null) {
                org.apache.hadoop.fs.Path file = new org.apache.hadoop.fs.Path(config);
                configuration = Files.createDirectory(temporary.path().resolve("config-from-elsewhere")).resolve(file.getName());
                require(config, configSum, FileSums.copy(file.getFileSystem(hadoop.value()), file, configuration));
            }
            return VitModel.load(weights.isEmpty() ? local : local.resolve(weights), configuration);
        }
    }

    private static void require(String file, String expected, String found) throws InputException {
        if (!Objects.equals(expected, found)) {
            throw InputException.in(file).expected("SHA-256 " + expected).found(found).remedy("run the job again")
                    .because("the file is not the one that the driver saw");
        }
    }

    /** How the images of this model are prepared. */
    Preprocessing preprocessing(VitModel model) throws InputException {
        return preprocessing == null ? model.preprocessing()
                : Preprocessing.named(preprocessing).forImage(model.config().imageHeight(), model.config().imageWidth());
    }
}
