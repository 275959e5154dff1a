package vit.bench.peers.pytorch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.IValueUtils;
import ai.djl.pytorch.jni.JniUtils;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * A function of PyTorch for which DJL has no method. It is called through a TorchScript module of one line, which DJL runs as it runs every
 * TorchScript model. The module is freed with the manager that it was made with.
 */
final class TorchFunction {

    /** The version of the file format that knows both forms of GELU. */
    private static final String FORMAT = "10\n";

    /** A pickled object of the class Function, whose only field is {@code training = True}. The letters are the opcodes of pickle's protocol 2. */
    private static final String OBJECT = "\u0080\u0002c__torch__\nFunction\nq\u0000)\u0081}(X\b\u0000\u0000\u0000trainingq\u0001\u0088ubq\u0002.";

    /** A pickled tuple of no constants. */
    private static final String CONSTANTS = "\u0080\u0002).";

    private final PtSymbolBlock module;

    private TorchFunction(NDManager manager, String parameters, String expression) throws IOException {
        String code = """
                class Function(Module):
                  __parameters__ = []
                  __buffers__ = []
                  training : bool
                  def forward(self: __torch__.Function, %s) -> Tensor:
                    return %s
                """.formatted(parameters, expression);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream archive = new ZipOutputStream(bytes)) {
            entry(archive, "data.pkl", OBJECT);
            entry(archive, "code/__torch__.py", code);
            entry(archive, "constants.pkl", CONSTANTS);
            entry(archive, "version", FORMAT);
        }
        module = JniUtils.loadModule((PtNDManager) manager, new ByteArrayInputStream(bytes.toByteArray()), false, false);
    }

    private static void entry(ZipOutputStream archive, String name, String content) throws IOException {
        archive.putNextEntry(new ZipEntry("function/" + name));
        archive.write(content.getBytes(StandardCharsets.ISO_8859_1));
        archive.closeEntry();
    }

    /** The fused softmax(q·kᵀ/√D)·v; q, k and v are (B, H, T, D). */
    static TorchFunction attention(NDManager manager) throws IOException {
        return new TorchFunction(manager, "q: Tensor, k: Tensor, v: Tensor", "torch.scaled_dot_product_attention(q, k, v)");
    }

    /** The tanh form of GELU. */
    static TorchFunction geluTanh(NDManager manager) throws IOException {
        return new TorchFunction(manager, "x: Tensor", "torch.gelu(x, approximate=\"tanh\")");
    }

    /**
     * The function's value, which belongs to the scope of the first input.
     *
     * @param gradients whether autograd records the call
     */
    NDArray call(boolean gradients, NDArray... inputs) {
        return IValueUtils.forward(module, new NDList(inputs), gradients).singletonOrThrow();
    }
}
