package vit.model.serve;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.logging.Level;
import org.openqa.selenium.By;
import org.openqa.selenium.Keys;
import org.openqa.selenium.OutputType;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeDriverService;
import org.openqa.selenium.chrome.ChromeOptions;
import org.openqa.selenium.interactions.Actions;
import org.openqa.selenium.json.Json;
import org.openqa.selenium.logging.LogEntry;
import org.openqa.selenium.logging.LogType;
import org.openqa.selenium.logging.LoggingPreferences;
import org.openqa.selenium.support.ui.WebDriverWait;

/** A headless Chromium with one page. It remembers what the page printed to its console and which addresses it asked for. */
final class Browser implements AutoCloseable {

    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final Path SCREENSHOTS = Path.of("target/browser");

    private final ChromeDriver driver;
    private final List<URI> requests = new ArrayList<>();

    private Browser(ChromeDriver driver) {
        this.driver = driver;
    }

    static Browser start() {
        Path chromium = executable("browser.chromium", "/usr/bin/chromium");
        Path chromedriver = executable("browser.chromedriver", "/usr/bin/chromedriver");
        LoggingPreferences logs = new LoggingPreferences();
        logs.enable(LogType.BROWSER, Level.ALL);
        logs.enable(LogType.PERFORMANCE, Level.ALL);
        ChromeOptions options = new ChromeOptions();
        options.setBinary(chromium.toFile());
        // Root may not use Chromium's sandbox, and a container's /dev/shm is small.
        options.addArguments("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage");
        options.setCapability(ChromeOptions.LOGGING_PREFS, logs);
        System.setProperty(ChromeDriverService.CHROME_DRIVER_EXE_PROPERTY, chromedriver.toString());
        return new Browser(new ChromeDriver(options));
    }

    private static Path executable(String property, String usual) {
        Path file = Path.of(System.getProperty(property, usual));
        assertTrue(Files.isExecutable(file),
                () -> "no program at " + file + "; expected Chromium and its driver; run: apt-get install chromium chromium-driver, or set -D" + property);
        return file;
    }

    /** Opens a page afresh, in a window of this size, and forgets what was logged before. */
    void open(URI page, int width, int height, String colourScheme) {
        driver.get("about:blank");
        consoleErrors();
        requests();
        requests.clear();
        driver.executeCdpCommand("Emulation.setDeviceMetricsOverride", Map.of("width", width, "height", height, "deviceScaleFactor", 1, "mobile", false));
        driver.executeCdpCommand("Emulation.setEmulatedMedia", Map.of("features", List.of(Map.of("name", "prefers-color-scheme", "value", colourScheme))));
        driver.get(page.toString());
    }

    String title() {
        return driver.getTitle();
    }

    WebElement element(String css) {
        return driver.findElement(By.cssSelector(css));
    }

    List<String> texts(String css) {
        return driver.findElements(By.cssSelector(css)).stream().map(WebElement::getText).toList();
    }

    /** The text of an element once it passes; the test fails if it never does. */
    String textOnce(String css, Predicate<String> passes) {
        new WebDriverWait(driver, PATIENCE).withMessage(() -> css + " reads '" + element(css).getText() + "' on the page:\n" + element("body").getText())
                .until(_ -> element(css).isDisplayed() && passes.test(element(css).getText()));
        return element(css).getText();
    }

    /** The value of a script's {@code return}. The script may await promises, and it finds the arguments in {@code values}. */
    Object run(String script, Object... arguments) {
        return driver.executeScript("return (async values => {" + script + "})(arguments)", arguments);
    }

    /** Presses keys where the focus is. */
    void press(CharSequence... keys) {
        new Actions(driver).sendKeys(keys).perform();
    }

    /** Presses Tab until an element has the focus; the test fails if none of twenty has it. */
    void tabTo(String css) {
        for (int presses = 0; presses < 20; presses++) {
            press(Keys.TAB);
            if (Boolean.TRUE.equals(run("return document.activeElement.matches(values[0])", css))) {
                return;
            }
        }
        throw new AssertionError("Tab does not reach " + css);
    }

    void screenshot(String name) throws IOException {
        Files.createDirectories(SCREENSHOTS);
        Files.write(SCREENSHOTS.resolve(name + ".png"), driver.getScreenshotAs(OutputType.BYTES));
    }

    /** What the console showed as a warning or an error since the last call. */
    List<String> consoleErrors() {
        return driver.manage().logs().get(LogType.BROWSER).getAll().stream().filter(entry -> entry.getLevel().intValue() >= Level.WARNING.intValue())
                .map(LogEntry::getMessage).toList();
    }

    /** The addresses that the page asked for since it was opened. */
    List<URI> requests() {
        driver.manage().logs().get(LogType.PERFORMANCE).getAll().stream().map(LogEntry::getMessage)
                .filter(message -> message.contains("\"Network.requestWillBeSent\"")).map(Browser::requested).forEach(requests::add);
        return List.copyOf(requests);
    }

    /** How many of these requests were for this path. */
    int requestsOf(String path) {
        return (int) requests().stream().filter(request -> path.equals(request.getPath())).count();
    }

    /** Waits until so many requests for a path have been sent since the page was opened. */
    void awaitRequests(String path, int count) {
        new WebDriverWait(driver, PATIENCE).withMessage(() -> count + " requests for " + path + " of " + requests()).until(_ -> requestsOf(path) >= count);
    }

    private static URI requested(String event) {
        Map<?, ?> message = (Map<?, ?>) new Json().<Map<String, Object>>toType(event, Json.MAP_TYPE).get("message");
        Map<?, ?> request = (Map<?, ?>) ((Map<?, ?>) message.get("params")).get("request");
        return URI.create((String) request.get("url"));
    }

    @Override
    public void close() {
        driver.quit();
    }
}
