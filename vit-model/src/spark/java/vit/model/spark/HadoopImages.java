package vit.model.spark;

import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocatedFileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RemoteIterator;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.util.SerializableConfiguration;
import vit.model.InputException;
import vit.model.image.RgbImage;
import vit.model.image.format.DecodeOptions;
import vit.model.image.format.ImageDecoder;
import vit.model.image.format.ImageFiles;
import vit.model.train.data.ImageSource;

/**
 * A folder of class folders on any file system that Hadoop knows. Each folder is a class, and its label is its index among the sorted names; its images are the
 * files below it whose names end as those of images do, sorted by path. Names that begin with a dot or an underscore are skipped. The driver lists the folder; executors are
 * given the list and read the files. Immutable; any number of threads may call.
 */
public final class HadoopImages implements ImageSource, TrainingImages {

    private static final long serialVersionUID = 1;

    private final SerializableConfiguration hadoop;
    private final ArrayList<String> classes = new ArrayList<>();
    private final ArrayList<String> files = new ArrayList<>();
    private final int[] labels;

    private HadoopImages(FileSystem system, Path root, SerializableConfiguration hadoop) throws IOException {
        this.hadoop = hadoop;
        List<Integer> of = new ArrayList<>();
        for (FileStatus folder : sorted(system.listStatus(root))) {
            if (folder.isDirectory() && isShown(folder.getPath().getName())) {
                for (String file : images(system, folder.getPath())) {
                    files.add(file);
                    of.add(classes.size());
                }
                classes.add(folder.getPath().getName());
            }
        }
        labels = of.stream().mapToInt(Integer::intValue).toArray();
        for (int label = 0; label < classes.size(); label++) {
            if (!of.contains(label)) {
                throw InputException.in(root + "/" + classes.get(label)).expected("images").found("none").because("the class is empty");
            }
        }
        if (classes.size() < 2) {
            throw InputException.in(root.toString()).expected("at least 2 class folders").found(classes.size()).because("the data set has too few classes");
        }
    }

    /**
     * Lists a folder; opens none of its images.
     *
     * @param spark gives the file systems' configuration
     * @param root  URI or path of the folder of class folders
     * @throws InputException if it has fewer than two class folders, or one without images
     * @throws IOException    if it cannot be listed
     */
    public static HadoopImages of(SparkSession spark, String root) throws IOException {
        SerializableConfiguration hadoop = new SerializableConfiguration(spark.sessionState().newHadoopConf());
        Path path = new Path(root);
        return new HadoopImages(path.getFileSystem(hadoop.value()), path, hadoop);
    }

    private static List<FileStatus> sorted(FileStatus[] all) {
        return java.util.Arrays.stream(all).sorted(Comparator.comparing(status -> status.getPath().getName())).toList();
    }

    private static boolean isShown(String name) {
        return !name.startsWith(".") && !name.startsWith("_");
    }

    private static List<String> images(FileSystem system, Path folder) throws IOException {
        List<String> images = new ArrayList<>();
        for (RemoteIterator<LocatedFileStatus> all = system.listFiles(folder, true); all.hasNext();) {
            Path file = all.next().getPath();
            if (isShown(file.getName()) && ImageFiles.isNamedAsImage(java.nio.file.Path.of(file.getName()))) {
                images.add(file.toString());
            }
        }
        images.sort(Comparator.naturalOrder());
        return images;
    }

    @Override
    public ImageSource open() {
        return this;
    }

    @Override
    public int size() {
        return files.size();
    }

    @Override
    public List<String> classes() {
        return List.copyOf(classes);
    }

    @Override
    public int label(int index) {
        return labels[index];
    }

    /** The URI of image {@code index}. */
    public String file(int index) {
        return files.get(index);
    }

    /** A file that is no image is an {@link InputException}; one that cannot be read is another {@link IOException}, after which Spark tries the task again. */
    @Override
    public RgbImage image(int index) throws IOException {
        Path path = new Path(files.get(index));
        byte[] bytes;
        try (InputStream in = path.getFileSystem(hadoop.value()).open(path)) {
            bytes = in.readNBytes(Math.toIntExact(Math.min(Integer.MAX_VALUE - 8, DecodeOptions.DEFAULT.maxFileBytes() + 1)));
        }
        return ImageDecoder.decode(files.get(index), bytes);
    }
}
