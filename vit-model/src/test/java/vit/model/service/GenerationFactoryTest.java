package vit.model.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import vit.model.VitModel;

class GenerationFactoryTest {

    /** Sessions are measured on several threads; whichever fails, thrown or as a failure of its request, the warm-up fails so and closes all of them. */
    @Test
    @Timeout(60)
    void aFailureOfAnySessionIsThatOfTheWarmUp() throws IOException {
        Error planted = new StackOverflowError("planted in a test");
        try (VitModel model = MicroModel.open(0)) {
            for (boolean thrown : new boolean[] {false, true}) {
                for (int failing = 0; failing < 3; failing++) {
                    int bad = failing;
                    List<FakeEngine> opened = new ArrayList<>();
                    GenerationFactory factory = new GenerationFactory(Desk.options(3, 10, 1000, 2), System::nanoTime, (_, _, _) -> {
                        opened.add(new FakeEngine() {
                            @Override
                            public void run(Batch batch) {
                                if (opened.indexOf(this) == bad && thrown) {
                                    throw planted;
                                }
                                batch.members[batch.size - 1].failure = opened.indexOf(this) == bad ? planted : null;
                            }

                            @Override
                            public void close() {
                                super.close();
                                throw new IllegalStateException("planted in a test");
                            }
                        });
                        return opened.getLast();
                    }, "test");
                    assertSame(planted, assertThrows(StackOverflowError.class, () -> factory.warm(model)), "of session " + bad);
                    assertEquals(List.of(1, 1, 1), opened.stream().map(engine -> engine.closed).toList());
                }
            }
        }
    }
}
