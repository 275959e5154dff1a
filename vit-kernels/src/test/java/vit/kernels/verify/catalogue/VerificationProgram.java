package vit.kernels.verify.catalogue;

import java.util.List;
import vit.kernels.verify.KernelVerification;
import vit.kernels.verify.VerificationOptions;
import vit.kernels.verify.VerificationReport;

/** Verifies kernels in this JVM alone, prints the names of those that are wrong with what is wrong, and ends with exit code 1 if there are any. */
final class VerificationProgram {

    private VerificationProgram() {}

    /** @param kernels the names of kernels; none: all */
    public static void main(String[] kernels) {
        VerificationReport report = KernelVerification.verify(
                VerificationOptions.defaults().withChildren(false).withSeconds(1).withThreads(3).withKernels(List.of(kernels)));
        report.wrong().forEach(kernel -> System.out.println("wrong: " + kernel.kernel() + ": " + kernel.faults()));
        System.out.println(report.kernels().size() + " kernels, " + report.cases() + " cases");
        System.exit(report.isRight() ? 0 : 1);
    }
}
