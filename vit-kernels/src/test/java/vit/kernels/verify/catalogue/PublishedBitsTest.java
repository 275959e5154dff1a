package vit.kernels.verify.catalogue;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import vit.kernels.verify.KernelBits;
import vit.kernels.verify.Teams;

/** The bits that stand in the jar are those of the kernels, which their references confirm. With {@code -Dvit.publish=true} the file is written anew. */
class PublishedBitsTest {

    private static final Path FILE = Path.of("src/main/resources/vit/kernels/verify/catalogue", PublishedBits.RESOURCE);

    /** The hashes of this build at this width. Fails if a kernel is wrong or has no reference. */
    private static Map<String, String> bits() {
        Map<String, String> hashes = new LinkedHashMap<>();
        List<String> faults = new ArrayList<>();
        try (Examination examination = new Examination(Catalogue.kernels(), Teams.LARGEST, new Findings() {
            @Override
            public void running(String kernel) {
                // no progress in a test
            }

            @Override
            public void bits(String kernel, String hash) {
                hashes.put(kernel, hash);
            }

            @Override
            public void compared(String kernel, long cases, double worst, String where) {
                faults.add(kernel + " was compared although nothing asked for it");
            }

            @Override
            public void fault(String kernel, String what) {
                faults.add(kernel + ": " + what);
            }
        })) {
            examination.bits(1, true);
        }
        assertEquals(List.of(), faults);
        return hashes;
    }

    @Test
    void everyKernelGivesItsPublishedBitsWhichItsReferenceConfirms() throws IOException {
        Map<String, String> bits = bits();
        if (Boolean.getBoolean("vit.publish")) {
            Map<String, String> before = Files.exists(FILE) ? PublishedBits.read() : Map.of();
            bits.forEach((kernel, hash) -> {
                if (!hash.equals(before.get(kernel))) {
                    System.out.println("published bits of " + kernel + ": " + before.getOrDefault(kernel, "none") + " becomes " + hash);
                }
            });
            Files.createDirectories(FILE.getParent());
            Files.writeString(FILE, PublishedBits.text(bits));
            return;
        }
        assertEquals(PublishedBits.text(bits), PublishedBits.text(PublishedBits.read()),
                "the published bits are not those of the kernels. If a kernel joined or its definition changed, renew them: " + PublishedBits.class.getName()
                        + " says how");
    }

    @Test
    void theQuickCheckFindsThemAll() {
        if (Boolean.getBoolean("vit.publish")) {
            return; // the class path still has the file from before
        }
        KernelBits.Result result = KernelBits.check(3).orThrow();
        assertEquals(Catalogue.kernels().size(), result.kernels());
        assertTrue(result.isRight());
        assertFalse(result.toString().contains("other"), result.toString());
    }
}
