package vit.model.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import vit.model.service.MicroModel;
import vit.model.service.ServiceStatistics;
import vit.model.service.VitService;

/** The rehearsal takes the way of a request, and leaves nothing but compiled code. */
@Timeout(60)
class HttpRehearsalTest extends RunningServer {

    private VitService service;

    @BeforeEach
    void start() throws Exception {
        service = VitService.start(MicroModel.open(0), OPTIONS.service());
        start(service, OPTIONS);
        server.ready().join();
    }

    @AfterEach
    void end() {
        stop();
    }

    @Test
    void nothingOfItIsCounted() throws Exception {
        HttpRehearsal rehearsal = new HttpRehearsal(OPTIONS, service);
        rehearsal.rehearse();
        assertTrue(rehearsal.answered() >= 50, rehearsal.answered() + " requests were answered in two seconds");
        assertFalse(get("/metrics").text().contains("status=\"200\""), "no answer of the rehearsal is the server's");
        ServiceStatistics statistics = service.statistics();
        assertEquals(0, statistics.answered() + statistics.refusedInAll() + statistics.failed());
        assertFalse(Thread.getAllStackTraces().keySet().stream().anyMatch(thread -> thread.getName().contains("rehearsal")), "its threads have ended");
        assertWell();
    }

    /** Closing a server does not wait for a rehearsal. */
    @Test
    void aRehearsalEndsWhenItsServerIsClosed() throws Exception {
        HttpRehearsal rehearsal = new HttpRehearsal(OPTIONS, service);
        rehearsal.end();
        rehearsal.rehearse();
        assertEquals(0, rehearsal.answered());
    }

    /** A client must not be sent to a server that is still busy with itself. */
    @Test
    void aServerIsReadyOnceItWasRehearsed() {
        ServerState state = new ServerState(OPTIONS, service);
        assertTrue(service.isReady());
        assertFalse(state.isReady());
        state.rehearsed();
        assertTrue(state.isReady());
    }
}
