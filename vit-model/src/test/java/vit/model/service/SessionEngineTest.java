package vit.model.service;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;
import vit.model.ModelClosedException;
import vit.model.NonFiniteException;
import vit.model.SessionOptions;
import vit.model.VitModel;
import vit.model.VitSession;

class SessionEngineTest {

    private static final ServiceOptions OPTIONS = ServiceOptions.defaults().withSessions(1, 1).withBatchLimit(4);

    private static Batch batch(Ticket.Output output, float[]... images) {
        Batch batch = new Batch(4);
        for (float[] image : images) {
            Ticket ticket = new Ticket();
            ticket.output = output;
            ticket.pixels = image;
            ticket.logits = new float[20];
            ticket.embedding = new float[20];
            batch.members[batch.size++] = ticket;
        }
        return batch;
    }

    /** Arrays may be longer than needed, results stay in their own, and the values are the session's for that image alone. */
    @Test
    void everyMemberGetsWhatItWouldGetAlone() throws IOException {
        float[] longer = java.util.Arrays.copyOf(MicroModel.pixels(2), 1000);
        try (VitModel model = MicroModel.open(0); VitSession session = model.newSession(SessionOptions.threads(1));
                SessionEngine engine = new SessionEngine(model, OPTIONS, "test")) {
            for (Ticket.Output output : List.of(Ticket.Output.LOGITS, Ticket.Output.EMBEDDING, Ticket.Output.BOTH)) {
                for (int size = 1; size <= 4; size++) {
                    float[][] images = {longer, MicroModel.pixels(3), MicroModel.pixels(4), MicroModel.pixels(5)};
                    Batch batch = batch(output, java.util.Arrays.copyOf(images, size));
                    engine.run(batch);
                    for (int i = 0; i < size; i++) {
                        float[] logits = new float[20];
                        float[] embedding = new float[20];
                        if (output.hasLogits()) {
                            session.logits(images[i], 1, logits);
                        }
                        if (output.hasEmbedding()) {
                            session.embed(images[i], 1, embedding);
                        }
                        assertNull(batch.members[i].failure);
                        assertArrayEquals(logits, batch.members[i].logits, output + " " + i + " of " + size);
                        assertArrayEquals(embedding, batch.members[i].embedding, output + " " + i + " of " + size);
                    }
                }
            }
        }
    }

    @Test
    void aResultThatIsNotFiniteIsTheFailureOfItsOwnRequest() throws IOException {
        float[] bad = MicroModel.pixels(9);
        bad[17] = Float.NaN;
        try (VitModel model = MicroModel.open(0); VitSession session = model.newSession(SessionOptions.threads(1));
                SessionEngine engine = new SessionEngine(model, OPTIONS, "test")) {
            Batch batch = batch(Ticket.Output.LOGITS, MicroModel.pixels(1), bad, MicroModel.pixels(2), bad);
            engine.run(batch);
            for (int i = 0; i < 4; i++) {
                Ticket member = batch.members[i];
                if (member.pixels == bad) {
                    String message = assertInstanceOf(NonFiniteException.class, member.failure).getMessage();
                    assertFalse(message.startsWith("image "), "it names a place in a batch that the caller knows nothing of: " + message);
                } else {
                    assertNull(member.failure);
                    float[] alone = new float[20];
                    session.logits(member.pixels, 1, alone);
                    assertArrayEquals(alone, member.logits);
                }
            }
        }
    }

    @Test
    void aClosedModelFailsEveryRequest() throws IOException {
        VitModel model = MicroModel.open(0);
        try (SessionEngine engine = new SessionEngine(model, OPTIONS, "test")) {
            model.close();
            Batch batch = batch(Ticket.Output.EMBEDDING, MicroModel.pixels(1), MicroModel.pixels(2));
            engine.run(batch);
            assertInstanceOf(ModelClosedException.class, batch.members[0].failure);
            assertInstanceOf(ModelClosedException.class, batch.members[1].failure);
        }
    }
}
