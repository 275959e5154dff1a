package vit.model.weights.format;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** What already has the name of an output file decides how the output is written. It is never lost by surprise. */
@Timeout(60)
class OutputTargetTest {

    private static final byte[] BYTES = {1, 2, 3};

    @TempDir
    private Path folder;

    private List<String> names() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    private static String refused(Path target) {
        return assertThrows(FileSystemException.class, () -> AtomicFile.write(target, BYTES)).getMessage();
    }

    private Path pipe() throws IOException, InterruptedException {
        Path pipe = folder.resolve("pipe");
        assumeTrue(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor() == 0, "needs the command mkfifo");
        return pipe;
    }

    @Test
    void fileIsReplacedOnCommitAndKeptWithoutOne() throws IOException {
        Path file = Files.writeString(folder.resolve("f"), "old");
        try (AtomicFile unfinished = AtomicFile.create(file)) {
            unfinished.write(ByteBuffer.wrap(BYTES));
        }
        assertEquals("old", Files.readString(file));
        AtomicFile.write(file, BYTES);
        assertArrayEquals(BYTES, Files.readAllBytes(file));
        assertEquals(List.of("f"), names());
    }

    @Test
    @EnabledOnOs({OS.LINUX, OS.MAC})
    void replacedFileKeepsItsPermissions() throws IOException {
        Path file = Files.writeString(folder.resolve("f"), "old");
        for (String permissions : List.of("rw-------", "rw-rw-rw-", "rwxr-x---")) {
            Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(permissions));
            AtomicFile.write(file, BYTES);
            assertEquals(permissions, PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
        }
    }

    @Test
    void linkStaysAndTheFileItNamesIsWritten() throws IOException {
        Path real = Files.writeString(Files.createDirectory(folder.resolve("elsewhere")).resolve("real"), "old");
        Path link = Files.createSymbolicLink(folder.resolve("link"), Path.of("elsewhere/real"));
        Path second = Files.createSymbolicLink(folder.resolve("second"), link);
        AtomicFile.write(second, BYTES);
        assertArrayEquals(BYTES, Files.readAllBytes(real));
        assertTrue(Files.isSymbolicLink(link) && Files.isSymbolicLink(second));
        Path dangling = Files.createSymbolicLink(folder.resolve("dangling"), Path.of("elsewhere/new"));
        AtomicFile.write(dangling, BYTES);
        assertArrayEquals(BYTES, Files.readAllBytes(folder.resolve("elsewhere/new")));
        assertTrue(Files.isSymbolicLink(dangling));
    }

    @Test
    void linksInACircleFoldersAndMissingFoldersAreRefused() throws IOException {
        Path circle = Files.createSymbolicLink(folder.resolve("circle"), Path.of("circle"));
        assertTrue(refused(circle).contains("circle: too many symbolic links"));
        assertTrue(refused(folder).contains("it is a folder"));
        assertTrue(refused(Files.createSymbolicLink(folder.resolve("to folder"), folder)).contains("to folder: it is a folder"));
        Path nowhere = folder.resolve("no/f");
        assertEquals(nowhere + ": there is no folder " + folder.resolve("no"), refused(nowhere));
        assertEquals(List.of("circle", "to folder"), names());
    }

    /** A device node that belongs to the test, which only root can make. A fault of the code must not cost the machine its /dev/null. */
    private Path device(String name, int minor) throws IOException, InterruptedException {
        Path node = folder.resolve(name);
        Process made = new ProcessBuilder("mknod", node.toString(), "c", "1", String.valueOf(minor)).redirectErrorStream(true).start();
        assumeTrue(made.waitFor() == 0, "device nodes can be made");
        try {
            Files.newOutputStream(node).close();
            return node;
        } catch (IOException e) {
            return abort("device nodes are usable in the temporary folder");
        }
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void deviceIsWrittenThroughAndStaysADevice() throws Exception {
        Path device = device("null", 3);
        Path link = Files.createSymbolicLink(folder.resolve("link"), device);
        AtomicFile.write(device, BYTES);
        AtomicFile.write(link, BYTES);
        assertTrue(Files.readAttributes(device, BasicFileAttributes.class).isOther());
        assertTrue(Files.isSymbolicLink(link));
        assertEquals(List.of("link", "null"), names());
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void fullDeviceIsAnErrorAndStaysADevice() throws Exception {
        Path device = device("full", 7);
        assertThrows(IOException.class, () -> AtomicFile.write(device, BYTES));
        assertTrue(Files.readAttributes(device, BasicFileAttributes.class).isOther());
    }

    @Test
    @EnabledOnOs({OS.LINUX, OS.MAC})
    void pipeReachesItsReader() throws Exception {
        Path pipe = pipe();
        CompletableFuture<byte[]> read = CompletableFuture.supplyAsync(() -> {
            try {
                return Files.newInputStream(pipe).readAllBytes();
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        }, task -> Thread.ofPlatform().daemon().start(task));
        AtomicFile.write(pipe, BYTES);
        assertArrayEquals(BYTES, read.get());
        assertEquals(List.of("pipe"), names());
    }

    @Test
    @EnabledOnOs({OS.LINUX, OS.MAC})
    void pipeThatNobodyReadsIsRefusedAndLeavesNoThread() throws Exception {
        Path pipe = pipe();
        FileSystemException fault = assertThrows(FileSystemException.class, () -> PipeOpening.open(pipe, 50));
        assertEquals(pipe + ": nobody reads this pipe", fault.getMessage());
        for (int wait = 0; wait < 200 && waiting(); wait++) {
            Thread.sleep(10);
        }
        assertFalse(waiting());
        assertFalse(Files.isRegularFile(pipe));
    }

    private static boolean waiting() {
        return Thread.getAllStackTraces().keySet().stream().anyMatch(thread -> thread.getName().equals("vit-open-pipe"));
    }

    @Test
    @EnabledOnOs({OS.LINUX, OS.MAC})
    void interruptEndsTheWaitForAReader() throws Exception {
        Path pipe = pipe();
        Thread.currentThread().interrupt();
        assertThrows(java.io.InterruptedIOException.class, () -> PipeOpening.open(pipe, 30_000));
        assertTrue(Thread.interrupted(), "the flag is kept");
    }

    @Test
    @EnabledOnOs({OS.LINUX, OS.MAC})
    void socketIsRefused() throws IOException {
        Path socket = folder.resolve("s");
        try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            server.bind(UnixDomainSocketAddress.of(socket));
            assertEquals(socket + ": it is a socket, which is not written", refused(socket));
        }
        assertFalse(Files.isRegularFile(socket));
    }
}
