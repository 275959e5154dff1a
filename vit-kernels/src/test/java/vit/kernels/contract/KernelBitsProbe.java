package vit.kernels.contract;

import java.io.BufferedOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import vit.kernels.parallel.Workers;
import vit.kernels.tensor.TensorArena;
import vit.kernels.verify.Teams;
import vit.kernels.verify.catalogue.Call;
import vit.kernels.verify.catalogue.Catalogue;
import vit.kernels.verify.catalogue.Draw;
import vit.kernels.verify.catalogue.Examination;
import vit.kernels.verify.catalogue.Findings;
import vit.kernels.verify.catalogue.Kernel;

/**
 * Prints for {@link KernelBitsTest} a line {@code kernel NAME: HASH} for every kernel of the catalogue on standard error. The hash is that of its
 * outputs. It must be the same for every team of 1 to {@link Teams#LARGEST} workers and at every call.
 */
final class KernelBitsProbe {

    private KernelBitsProbe() {}

    /**
     * @param arguments the number of calls of each kernel with each team, and optionally a file for the outputs themselves
     */
    public static void main(String[] arguments) throws IOException {
        try (Examination examination = new Examination(Catalogue.kernels(), Teams.LARGEST, new Printed())) {
            examination.bits(Integer.parseInt(arguments[0]), false);
        }
        if (arguments.length > 1) {
            try (OutputStream file = Files.newOutputStream(Path.of(arguments[1]));
                    DataOutputStream out = new DataOutputStream(new BufferedOutputStream(file))) {
                write(out);
            }
        }
        System.exit(0);
    }

    private static final class Printed implements Findings {
        @Override
        public void running(String kernel) {
            // the lines come fast enough
        }

        @Override
        public void bits(String kernel, String hash) {
            System.err.println("kernel " + kernel + ": " + hash);
        }

        @Override
        public void compared(String kernel, long cases, double worst, String where) {
            throw new AssertionError("no references here");
        }

        @Override
        public void fault(String kernel, String what) {
            System.err.println("kernel " + kernel + ": differs: " + what);
        }
    }

    private static void write(DataOutputStream out) throws IOException {
        for (Kernel kernel : Catalogue.kernels()) {
            try (TensorArena arena = TensorArena.open(); Workers one = Workers.of(1)) {
                Call call = kernel.call(Draw.published(arena, kernel, 1));
                call.run(one);
                for (int i = 0; i < call.names().size(); i++) {
                    float[] values = call.read(i);
                    out.writeUTF(kernel.name() + ", " + call.names().get(i));
                    out.writeInt(values.length);
                    for (float value : values) {
                        out.writeFloat(value);
                    }
                }
            }
        }
    }
}
