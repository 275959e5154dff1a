package vit.bench.peers.openblas;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.openblas.global.openblas_nolapack;

/**
 * OpenBLAS's own {@code cblas_sgemm}, looked up in its library. Through the Java binding one would call MKL's function once MKL is loaded: MKL's
 * symbols are global, both libraries have the function, and the binding is linked by name.
 */
final class OpenBlas {

    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT;
    private static final MemoryLayout POINTER = ValueLayout.ADDRESS;
    private static final long LONGEST_NAME = 64;

    private final MemorySegment function; // cblas_sgemm
    private final MethodHandle sgemm;
    private final MethodHandle setThreads;
    private final MethodHandle getThreads;
    private final String core;

    private OpenBlas() {
        Linker linker = Linker.nativeLinker();
        SymbolLookup library = SymbolLookup.libraryLookup(library(), Arena.global());
        function = library.findOrThrow("cblas_sgemm");
        sgemm = linker.downcallHandle(function, FunctionDescriptor.ofVoid(
                INT, INT, INT, INT, INT, INT, FLOAT, POINTER, INT, POINTER, INT, FLOAT, POINTER, INT));
        setThreads = linker.downcallHandle(library.findOrThrow("openblas_set_num_threads"), FunctionDescriptor.ofVoid(INT));
        getThreads = linker.downcallHandle(library.findOrThrow("openblas_get_num_threads"), FunctionDescriptor.of(INT));
        try {
            MethodHandle name = linker.downcallHandle(library.findOrThrow("openblas_get_corename"), FunctionDescriptor.of(POINTER));
            core = ((MemorySegment) name.invokeExact()).reinterpret(LONGEST_NAME).getString(0);
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    private static final class Holder {
        static final OpenBlas LIBRARY = new OpenBlas();
    }

    /** The library, loaded at the first call. */
    static OpenBlas get() {
        return Holder.LIBRARY;
    }

    /** The library's file, which lies beside the binding's own library and is what that one was linked with. */
    private static Path library() {
        Path folder = Path.of(Loader.load(openblas_nolapack.class)).getParent();
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> file.getFileName().toString().matches("libopenblas_nolapack.*\\.(so|dylib|dll).*")).findFirst()
                    .orElseThrow(() -> new IllegalStateException("no library of OpenBLAS in " + folder));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The address of the function that {@link #sgemm} calls. */
    long address() {
        return function.address();
    }

    /** OpenBLAS's name of the processor whose code it uses. */
    String core() {
        return core;
    }

    /**
     * Sets the number of threads.
     *
     * @throws IllegalStateException if the library sets another number
     */
    void setThreads(int threads) {
        int found;
        try {
            setThreads.invokeExact(threads);
            found = (int) getThreads.invokeExact();
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
        if (found != threads) {
            throw new IllegalStateException("OpenBLAS uses " + found + " threads instead of " + threads);
        }
    }

    /** C = A·B by {@code cblas_sgemm} with alpha = 1 and beta = 0. The matrices are off-heap. */
    void sgemm(int order, int transposeA, int transposeB, int m, int n, int k, MemorySegment a, int lda, MemorySegment b, int ldb,
            MemorySegment c, int ldc) {
        try {
            sgemm.invokeExact(order, transposeA, transposeB, m, n, k, 1f, a, lda, b, ldb, 0f, c, ldc);
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }
}
