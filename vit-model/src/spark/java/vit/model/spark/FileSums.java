package vit.model.spark;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** SHA-256 of files on Hadoop's file systems, in hexadecimal. */
final class FileSums {

    private static final int CHUNK = 1 << 20;

    private FileSums() {}

    static String of(Configuration hadoop, String file) throws IOException {
        Path path = new Path(file);
        return of(path.getFileSystem(hadoop), path);
    }

    static String of(FileSystem system, Path file) throws IOException {
        return copy(system, file, OutputStream.nullOutputStream());
    }

    /** Copies a file and returns the checksum of what was copied. */
    static String copy(FileSystem system, Path file, java.nio.file.Path target) throws IOException {
        try (OutputStream out = Files.newOutputStream(target)) {
            return copy(system, file, out);
        }
    }

    private static String copy(FileSystem system, Path file, OutputStream out) throws IOException {
        MessageDigest sum = sha256();
        byte[] chunk = new byte[CHUNK];
        try (InputStream in = system.open(file)) {
            for (int read = in.read(chunk); read >= 0; read = in.read(chunk)) {
                sum.update(chunk, 0, read);
                out.write(chunk, 0, read);
            }
        }
        return HexFormat.of().formatHex(sum.digest());
    }

    static String ofText(String text) {
        return HexFormat.of().formatHex(sha256().digest(text.getBytes(StandardCharsets.UTF_8)));
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every JDK has it
        }
    }
}
