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
        ServerState state = new ServerState(OPTIONS, service);
        HttpRehearsal rehearsal = new HttpRehearsal(OPTIONS, state);
        rehearsal.rehearse();
        assertTrue(rehearsal.answered() >= 200, rehearsal.answered() + " requests were answered");
        assertEquals(0, state.meters.answers().size());
        ServiceStatistics statistics = service.statistics();
        assertEquals(0, statistics.answered() + statistics.refusedInAll() + statistics.failed());
        assertFalse(Thread.getAllStackTraces().keySet().stream().anyMatch(thread -> thread.getName().contains("rehearsal")), "its threads have ended");
        assertWell();
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
