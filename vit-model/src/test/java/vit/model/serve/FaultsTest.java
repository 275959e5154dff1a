package vit.model.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.EOFException;
import java.util.List;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.Test;
import vit.model.VitModel;
import vit.model.config.VitConfig;
import vit.model.parameters.GeneratedWeights;
import vit.model.serve.RawHttp.Answer;
import vit.model.service.MicroModel;

/** Which faults are the client's, and which the server's. */
class FaultsTest extends RunningServer {

    @Test
    void faultsOfTheServerDoNotShowTheirMessages() {
        for (Exception fault : List.of(new IllegalArgumentException("secret"), new IllegalStateException("secret"), new EOFException("secret"))) {
            for (Exception thrown : List.of(fault, new ExecutionException(fault))) {
                RequestFault answered = Faults.of(thrown);
                assertEquals(500, answered.status());
                assertEquals("INTERNAL", answered.reason());
                assertEquals("an internal fault; the server's log has more", answered.getMessage());
            }
        }
    }

    @Test
    void whatTheModelCannotGiveIsTheClientsFault() throws Exception {
        VitConfig headless = VitConfig.builder().family("timm").image(8, 8).patch(4).width(16).depth(2).heads(2).mlp(20).classes(0).build();
        server = VitServer.start(VitModel.of(new GeneratedWeights(headless, 0)), OPTIONS, ConnectionGuard.Timeouts.DEFAULTS);
        try {
            server.ready().join();
            Answer answer = assertError(400, "BAD_REQUEST", post("/classify", file(MicroModel.image(1))));
            assertEquals("the model has no classification head; ask for the embedding", answer.json().text("error"));
            assertEquals(200, post("/embed", file(MicroModel.image(1))).status());
        } finally {
            stop();
        }
    }
}
