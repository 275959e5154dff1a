package vit.model.image.format;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Rules that hold for every text that states an orientation, however it was changed. */
public final class OrientationRules {

    private static final Pattern XMP = Pattern.compile("tiff:Orientation(?:=\"|>)([0-9])");

    private OrientationRules() {}

    /** The orientation is a number from 1 to 8. That of an XMP text is the one that a regular expression finds. */
    public static void orientation(byte[] data) {
        OrientationTags exif = new OrientationTags();
        exif.exif(data, 0, data.length);
        int said = exif.orientation();
        OrientationTags xmp = new OrientationTags();
        xmp.xmp(data, 0, data.length);
        Matcher matcher = XMP.matcher(new String(data, StandardCharsets.ISO_8859_1));
        int digit = matcher.find() ? matcher.group(1).charAt(0) - '0' : 1;
        assertEquals(digit >= 1 && digit <= 8 ? digit : 1, xmp.orientation());
        if (said < 1 || said > 8) {
            throw new AssertionError("the EXIF orientation is " + said);
        }
    }

    /** Sound EXIF structures and XMP texts. */
    public static List<byte[]> orientations() {
        return List.of(TestImages.exif(true, 6), TestImages.exif(false, 3), "<x tiff:Orientation=\"6\"/>".getBytes(StandardCharsets.US_ASCII),
                "<tiff:Orientation>8</tiff:Orientation>".getBytes(StandardCharsets.US_ASCII));
    }
}
