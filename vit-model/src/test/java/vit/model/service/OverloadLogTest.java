package vit.model.service;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import vit.model.service.RequestRefusedException.Reason;

class OverloadLogTest {

    @Test
    void oneMessageAMinuteCountsTheRefusalsSinceTheLast() {
        FakeTime time = new FakeTime();
        List<String> messages = new ArrayList<>();
        OverloadLog log = new OverloadLog(time, messages::add);
        log.accept(Reason.CLOSING);
        log.accept(Reason.NOT_READY);
        assertEquals(List.of(), messages);
        log.accept(Reason.DEADLINE);
        for (int i = 0; i < 10; i++) {
            time.now += 5_999_999_999L;
            log.accept(Reason.QUEUE_FULL);
        }
        assertEquals(List.of("requests are refused, the latest as DEADLINE; 1 since the last such message"), messages);
        time.now += 10;
        log.accept(Reason.EXPIRED);
        assertEquals("requests are refused, the latest as EXPIRED; 11 since the last such message", messages.getLast());
        assertEquals(2, messages.size());
    }
}
