package vit.model.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.openqa.selenium.Keys;
import org.openqa.selenium.support.ui.Select;
import vit.model.VitModel;

/**
 * The page of {@code vit serve} in a real browser, over a server with the model that ships. Screenshots are left in {@code target/browser}. After
 * each test the browser's console must be clean, and every request must have gone to the server itself.
 */
class PageBrowserIT {

    private static final int WIDTH = 1280;
    private static final int HEIGHT = 1320;

    /** A file as a browser hands it over: {@code files} is a DataTransfer with one sample picture. */
    private static final String SAMPLE_AS_FILES = """
            const picture = await (await fetch('sample-2.png')).blob();
            const files = new DataTransfer();
            files.items.add(new File([picture], 'heart.png', {type: 'image/png'}));
            """;

    /** Every colour of the heat map, as one number each. */
    private static final String HEAT_COLOURS = """
            const canvas = document.getElementById('heat');
            const rgba = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
            return new Set(new Uint32Array(rgba.buffer)).size;
            """;

    private static VitServer server;
    private static Browser browser;

    /** The only message that may stand in the console: a test that provokes an answer of this status sets it. */
    private String expectedError = "";

    @BeforeAll
    static void start() throws Exception {
        server = VitServer.start(VitModel.shipped(), ServerOptions.defaults().withAddress("127.0.0.1", 0).withModel("vit", true));
        server.ready().join();
        browser = Browser.start();
    }

    @AfterAll
    static void close() throws Exception {
        if (browser != null) {
            browser.close();
        }
        if (server != null) {
            server.close();
        }
    }

    @BeforeEach
    void open() {
        open(WIDTH, "light");
    }

    private static void open(int width, String colourScheme) {
        browser.open(server.uri(), width, HEIGHT, colourScheme);
        browser.textOnce("#state", "Ready"::equals);
    }

    @AfterEach
    void nothingFailsAndNothingLeavesTheServer() {
        List<String> errors = browser.consoleErrors().stream().filter(message -> expectedError.isEmpty() || !message.contains(expectedError)).toList();
        assertEquals(List.of(), errors, "the console's errors");
        Set<String> hosts = new TreeSet<>(browser.requests().stream().map(URI::getAuthority).filter(Objects::nonNull).toList());
        assertEquals(Set.of(server.uri().getAuthority()), hosts, "the hosts that the page asked");
    }

    @Test
    void pageSaysWhatItIsAndThatTheServerIsReady() throws IOException {
        assertTrue(browser.title().startsWith("vit"), browser.title());
        assertEquals("ready", browser.element("#state").getDomAttribute("data-state"));
        assertFalse(browser.element("#model").getText().isBlank(), "the model's description");
        assertTrue(browser.element("#shipped").isDisplayed(), "that the model is the one that ships");
        assertFalse(browser.element("#result").isDisplayed(), "a result before a picture");
        browser.screenshot("empty");
    }

    @Test
    void chosenFileShowsItsClasses(@TempDir Path folder) throws IOException {
        choose(copyOf("sample-1.png", folder));
        awaitClass("star");
        List<String> classes = browser.texts("#classes li");
        assertEquals(5, classes.size(), classes::toString);
        assertTrue(classes.getFirst().matches("(?s)star\\s+\\d+\\.\\d %"), classes::getFirst);
        assertTrue((Boolean) browser.run("return document.getElementById('picture').naturalWidth > 0"), "the picture that the model saw");
        for (String part : List.of("decode", "queue", "compute", "total")) {
            assertTrue(browser.element("#" + part).getText().endsWith(" ms"), part);
        }
        assertTrue(browser.element("#compute-bar").getSize().getWidth() > 0, "the bar of the compute time");
        browser.screenshot("result");
    }

    @Test
    void statusFollowsTheServer() {
        lookAtSample();
        browser.textOnce("#p50", text -> text.endsWith(" ms"));
        browser.textOnce("#p99", text -> text.endsWith(" ms"));
        browser.textOnce("#rate", text -> Double.parseDouble(text) > 0);
        assertTrue(browser.element("#limit").getText().matches("of at most \\d+"), browser.element("#limit")::getText);
        assertTrue(browser.element("#refused").getText().matches("\\d+"), browser.element("#refused")::getText);
        browser.awaitRequests("/status", statusRequests() + 2);
    }

    @Test
    void hiddenPageAsksNothing() throws InterruptedException {
        hide(true);
        int before = statusRequests();
        Thread.sleep(Duration.ofSeconds(5)); // two looks at the status, if it were visible
        assertEquals(before, statusRequests());
        hide(false);
        browser.awaitRequests("/status", before + 2);
    }

    @Test
    void heatMapFollowsBlockAndHead() throws IOException {
        lookAtSample();
        assertTrue((Long) browser.run(HEAT_COLOURS) > 100, "a smooth map has many colours");
        int rollout = heat();

        browser.element("#block").sendKeys(Keys.ARROW_LEFT);
        assertEquals("5 of 6", browser.element("#block-text").getText());
        int earlier = heat();
        assertNotEquals(rollout, earlier, "the rollout through a block less");
        browser.element("#block").sendKeys(Keys.ARROW_RIGHT);
        assertEquals(rollout, heat(), "the same block again");

        Select head = new Select(browser.element("#head"));
        assertEquals(List.of("Rollout", "Mean of heads", "Head 1", "Head 2", "Head 3", "Head 4"), browser.texts("#head option"));
        head.selectByVisibleText("Mean of heads");
        int mean = heat();
        head.selectByVisibleText("Head 2");
        assertEquals(3, IntStream.of(rollout, mean, heat()).distinct().count(), "three different maps");
        browser.screenshot("head");
    }

    @Test
    void heatCanBeTakenAway() {
        lookAtSample();
        browser.element("#opacity").sendKeys(Keys.HOME);
        assertEquals("0", browser.run("return getComputedStyle(document.getElementById('heat')).opacity"));
        assertEquals("0 %", browser.element("#opacity-text").getText());
    }

    @Test
    void droppedFileIsClassified() {
        browser.run(SAMPLE_AS_FILES + "document.body.dispatchEvent(new DragEvent('dragover', {dataTransfer: files, bubbles: true, cancelable: true}))");
        assertTrue(browser.element("#curtain").isDisplayed(), "that the picture can be dropped here");
        browser.run(SAMPLE_AS_FILES + "document.body.dispatchEvent(new DragEvent('drop', {dataTransfer: files, bubbles: true, cancelable: true}))");
        awaitClass("heart");
        assertFalse(browser.element("#curtain").isDisplayed(), "the curtain after the drop");
    }

    @Test
    void pastedPictureIsClassified() {
        browser.run(SAMPLE_AS_FILES + "document.body.dispatchEvent(new ClipboardEvent('paste', {clipboardData: files, bubbles: true}))");
        awaitClass("heart");
    }

    @Test
    void textThatCallsItselfPictureIsExplained(@TempDir Path folder) throws IOException {
        expectedError = "status of 400";
        lookAtSample();
        choose(Files.writeString(folder.resolve("notes.png"), "Dear diary, this is no picture."));
        String sentence = browser.textOnce("#fault-text", text -> !text.isEmpty());
        assertTrue(sentence.startsWith("notes.png: "), sentence);
        assertTrue(sentence.length() > 30, sentence);
        assertFalse(browser.element("#result").isDisplayed(), "the result of the picture before");
        assertFalse(browser.element("#again").isDisplayed(), "trying again cannot help");
        browser.screenshot("error");
    }

    @Test
    void refusalCountsDownAndThenTriesAgain() throws IOException {
        answerAttentionOnceWith("new Response('{\"error\":\"The queue is full.\",\"reason\":\"QUEUE_FULL\"}', {status: 503, headers: {'Retry-After': '2'}})");
        browser.element("[data-sample]").click();
        assertEquals("sample-1.png: The queue is full.", browser.textOnce("#fault-text", text -> !text.isEmpty()));
        browser.textOnce("#again", "Try again in 2 s"::equals);
        browser.screenshot("refusal");
        browser.element("#again").click();
        assertTrue(browser.element("#fault").isDisplayed(), "the server asked to wait");
        browser.textOnce("#again", "Try again"::equals);
        browser.element("#again").click();
        awaitClass("star");
        assertFalse(browser.element("#fault").isDisplayed(), "the fault after an answer");
    }

    @Test
    void tooLargeFileIsNotSent() {
        browser.run("""
                const {max_body_bytes: most} = await (await fetch('status')).json();
                const files = new DataTransfer();
                files.items.add(new File([new Uint8Array(most + 1)], 'huge.tif', {type: 'image/tiff'}));
                document.body.dispatchEvent(new DragEvent('drop', {dataTransfer: files, bubbles: true, cancelable: true}));
                """);
        String sentence = browser.textOnce("#fault-text", text -> !text.isEmpty());
        assertTrue(sentence.startsWith("huge.tif has ") && sentence.contains("at most"), sentence);
        assertEquals(0, browser.requestsOf("/attention"));
    }

    @Test
    void labelsAreNeverReadAsHtml() {
        String label = "<img src=x onerror=alert(1)>";
        answerAttentionOnceWith("(async () => { const answer = await (await original(...request)).json(); answer.top[0].label = '" + label
                + "'; return Response.json(answer); })()");
        browser.element("[data-sample]").click();
        awaitClass(label);
        assertTrue(browser.texts("#classes li").getFirst().startsWith(label), browser.texts("#classes li")::toString);
    }

    @Test
    void keyboardAloneIsEnough() {
        browser.tabTo("#file");
        assertFocusIsVisible("document.activeElement.labels[0]");
        browser.tabTo("[data-sample]");
        assertFocusIsVisible("document.activeElement");
        browser.press(Keys.ENTER);
        awaitClass("star");
        browser.tabTo("#head");
        assertFocusIsVisible("document.activeElement");
        browser.tabTo("#block");
        int before = heat();
        browser.press(Keys.ARROW_LEFT);
        assertNotEquals(before, heat());
        browser.tabTo("#opacity");
    }

    @Test
    void assistiveTechnologyHearsTheAnswer() {
        assertEquals("status", browser.element("#news").getAriaRole());
        assertEquals("alert", browser.element("#fault-text").getDomAttribute("role"));
        lookAtSample();
        browser.textOnce("#news", text -> text.startsWith("sample-1.png: star, "));
        assertEquals("6 of 6", browser.element("#block").getDomAttribute("aria-valuetext"));
        for (String control : List.of("#file", "#head", "#block", "#opacity", "#heat", "[data-sample]")) {
            assertFalse(browser.element(control).getAccessibleName().isBlank(), () -> "the name of " + control);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {360, 320})
    void phoneNeedsNoSidewaysScrolling(int width) throws IOException {
        open(width, "light");
        assertNoSidewaysScrolling(width);
        lookAtSample();
        assertNoSidewaysScrolling(width);
        browser.screenshot("phone-" + width);
    }

    @Test
    void darkSchemeIsDark() throws IOException {
        double light = lightness();
        open(WIDTH, "dark");
        lookAtSample();
        double dark = lightness();
        assertTrue(light > 0.8 && dark < 0.2, () -> "background's lightness: " + light + " in light, " + dark + " in dark");
        browser.screenshot("dark");
    }

    private static void choose(Path file) {
        browser.element("#file").sendKeys(file.toString());
    }

    private static void lookAtSample() {
        browser.element("[data-sample]").click();
        awaitClass("star");
    }

    private static void awaitClass(String label) {
        browser.textOnce("#best", label::equals);
    }

    /** A number that tells heat maps apart. */
    private static int heat() {
        return browser.run("return document.getElementById('heat').toDataURL()").hashCode();
    }

    /** The next request for attention gets another answer. The expression sees {@code original}, the fetch before, and {@code request}. */
    private static void answerAttentionOnceWith(String expression) {
        browser.run("""
                const original = window.fetch;
                window.fetch = (...request) => {
                  if (!request[0].startsWith('attention')) {
                    return original(...request);
                  }
                  window.fetch = original;
                  return Promise.resolve(%s);
                };
                """.formatted(expression));
    }

    private static int statusRequests() {
        return browser.requestsOf("/status");
    }

    private static void hide(boolean hidden) {
        browser.run("""
                Object.defineProperty(document, 'hidden', {value: values[0], configurable: true});
                document.dispatchEvent(new Event('visibilitychange'));
                """, hidden);
    }

    private static void assertFocusIsVisible(String element) {
        assertEquals("solid", browser.run("return getComputedStyle(" + element + ").outlineStyle"), () -> "the outline of the focus on " + element);
    }

    private static void assertNoSidewaysScrolling(int width) {
        assertEquals((long) width, browser.run("return window.innerWidth"));
        assertTrue((Long) browser.run("return document.documentElement.scrollWidth") <= width, "the page is wider than the window");
    }

    /** The mean of the background's red, green and blue, from 0 to 1. */
    private static double lightness() {
        return ((Number) browser.run("""
                const [red, green, blue] = getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number);
                return (red + green + blue) / 765;
                """)).doubleValue();
    }

    private static Path copyOf(String resource, Path folder) throws IOException {
        Path file = folder.resolve(resource);
        try (InputStream in = PageBrowserIT.class.getResourceAsStream(resource)) {
            Files.copy(in, file);
        }
        return file;
    }
}
