package vit.kernels.verify;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A child that hangs fails its test with what it printed. */
class ChildProcessTest {

    private static ProcessBuilder child(String what) {
        return new ProcessBuilder(List.of(ProcessHandle.current().info().command().orElseThrow(), "-cp", System.getProperty("java.class.path"),
                Child.class.getName(), what)).redirectErrorStream(true);
    }

    @Test
    @Timeout(120)
    void aChildThatHangsIsKilledAndItsOutputAndStacksShown() {
        assumeTrue(Integer.getInteger("vit.test.bits") == null, "the run at the machine's own width covers this");
        String message = assertThrows(AssertionError.class, () -> ChildProcess.run(child("hang"), Duration.ofSeconds(5))).getMessage();
        assertTrue(message.contains("not done after 5 seconds") && message.contains("before it hangs") && message.contains("Full thread dump"), message);
    }

    @Test
    @Timeout(120)
    void aChildThatEndsGivesItsCodeAndOutput() throws Exception {
        assertEquals(new ChildProcess.Ended(3, "before it ends"), ChildProcess.run(child("end"), ChildProcess.DEADLINE));
        String message = assertThrows(AssertionError.class, () -> ChildProcess.output(child("end"))).getMessage();
        assertTrue(message.contains("before it ends"), message);
    }

    /** The program in the child. */
    static final class Child {

        private Child() {}

        public static void main(String[] arguments) throws InterruptedException {
            System.out.print("before it " + arguments[0] + "s");
            System.out.flush();
            if (arguments[0].equals("end")) {
                System.exit(3);
            }
            Thread.sleep(Duration.ofDays(1));
        }
    }
}
