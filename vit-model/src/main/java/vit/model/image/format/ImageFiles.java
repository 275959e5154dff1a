package vit.model.image.format;

import java.io.IOException;
import java.nio.file.FileVisitOption;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * The images below a folder, recognised by the endings of their names. Links are followed; a folder that is reached twice, through a link or a circle
 * of links, is listed once. Names that begin with a dot are skipped.
 *
 * @param images     sorted by path
 * @param others     number of files that are left out because their names end otherwise
 * @param unreadable folders and files that could not be looked at
 */
public record ImageFiles(List<Path> images, int others, List<Path> unreadable) {

    private static final Set<String> ENDINGS = Set.of("jpg", "jpeg", "jpe", "jfif", "png", "bmp", "dib", "gif", "webp", "tif", "tiff", "pbm", "pgm", "ppm",
            "pnm");

    public ImageFiles {
        images = List.copyOf(images);
        unreadable = List.copyOf(unreadable);
    }

    /**
     * Lists a folder; opens none of its images.
     *
     * @throws IOException if the folder itself cannot be listed
     */
    public static ImageFiles below(Path folder) throws IOException {
        Walk walk = new Walk(folder);
        Files.walkFileTree(folder, EnumSet.of(FileVisitOption.FOLLOW_LINKS), Integer.MAX_VALUE, walk);
        walk.images.sort(Comparator.comparing(image -> folder.relativize(image).toString()));
        return new ImageFiles(walk.images, walk.others, walk.unreadable);
    }

    /** Whether the name ends as images' names do. */
    public static boolean isNamedAsImage(Path file) {
        String name = file.getFileName().toString();
        return ENDINGS.contains(name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT));
    }

    private static final class Walk extends SimpleFileVisitor<Path> {
        private final Path root;
        private final Set<Object> seen = new HashSet<>();
        private final List<Path> images = new ArrayList<>();
        private final List<Path> unreadable = new ArrayList<>();
        private int others;

        Walk(Path root) {
            this.root = root;
        }

        private boolean isHidden(Path entry) {
            return !entry.equals(root) && entry.getFileName().toString().startsWith(".");
        }

        @Override
        public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) {
            boolean again = attributes.fileKey() != null && !seen.add(attributes.fileKey());
            return again || isHidden(folder) ? FileVisitResult.SKIP_SUBTREE : FileVisitResult.CONTINUE;
        }

        @Override
        public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
            if (isHidden(file) || attributes.isDirectory()) {
                return FileVisitResult.CONTINUE;
            }
            if (attributes.isRegularFile() && isNamedAsImage(file)) {
                images.add(file);
            } else {
                others++;
            }
            return FileVisitResult.CONTINUE;
        }

        /** A circle of links is no fault. An unreadable entry is only noted, unless it is the folder that was asked for. */
        @Override
        public FileVisitResult visitFileFailed(Path file, IOException fault) throws IOException {
            if (file.equals(root)) {
                throw fault;
            }
            if (!(fault instanceof java.nio.file.FileSystemLoopException)) {
                unreadable.add(file);
            }
            return FileVisitResult.CONTINUE;
        }
    }
}
