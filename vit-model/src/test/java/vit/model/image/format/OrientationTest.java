package vit.model.image.format;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.drew.imaging.ImageMetadataReader;
import com.drew.metadata.Metadata;
import com.drew.metadata.exif.ExifIFD0Directory;
import java.io.ByteArrayInputStream;
import java.util.Arrays;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import vit.model.image.ResampleTest;
import vit.model.image.RgbImage;

/** Each EXIF orientation turns the picture as the standard says, and is found where another library finds it. */
class OrientationTest {

    /** A 2×3 picture of the letters abc/def comes out in the order that EXIF 2.3, table 6, gives for each number. */
    @ParameterizedTest
    @CsvSource({"1,abc/def", "2,cba/fed", "3,fed/cba", "4,def/abc", "5,ad/be/cf", "6,da/eb/fc", "7,fc/eb/da", "8,cf/be/ad"})
    void eachNumberTurnsItsWay(int orientation, String expected) {
        byte[] pixels = new byte[18];
        for (int i = 0; i < 18; i++) {
            pixels[i] = (byte) ("abcdef".charAt(i / 3) + 10 * (i % 3));
        }
        RgbImage upright = Orientation.apply(new RgbImage(2, 3, pixels), orientation);
        StringBuilder letters = new StringBuilder();
        for (int y = 0; y < upright.height(); y++) {
            letters.append(y == 0 ? "" : "/");
            for (int x = 0; x < upright.width(); x++) {
                letters.append((char) upright.sample(y, x, 0));
                assertEquals(upright.sample(y, x, 0) + 20, upright.sample(y, x, 2));
            }
        }
        assertEquals(expected, letters.toString());
    }

    @Property(tries = 200)
    void agreesWithMetadataExtractor(@ForAll boolean littleEndian, @ForAll @IntRange(min = 0, max = 65535) int orientation)
            throws Exception {
        int value = orientation % 3 == 0 ? orientation : orientation % 10; // mostly near the valid numbers
        byte[] exif = TestImages.exif(littleEndian, value);
        byte[] jpeg = TestImages.withExif(TestImages.encoded("jpg", 4, 4), exif);
        Metadata metadata = ImageMetadataReader.readMetadata(new ByteArrayInputStream(jpeg));
        Integer found = metadata.getFirstDirectoryOfType(ExifIFD0Directory.class).getInteger(ExifIFD0Directory.TAG_ORIENTATION);
        int expected = found != null && found >= 1 && found <= 8 ? found : 1;
        assertEquals(expected, orientation(exif));
    }

    @Property(tries = 2000)
    void anyBytesGiveAValidOrientation(@ForAll boolean littleEndian, @ForAll @IntRange(min = 0, max = 9) int orientation, @ForAll long seed,
            @ForAll @IntRange(max = 38) int length) {
        byte[] exif = TestImages.exif(littleEndian, orientation);
        Random random = new Random(seed);
        for (int i = random.nextInt(5); i > 0; i--) {
            exif[random.nextInt(exif.length)] = (byte) random.nextInt(256);
        }
        int value = orientation(Arrays.copyOf(exif, length));
        assertEquals(Math.clamp(value, 1, 8), value);
    }

    @Property(tries = 50)
    void turningBackGivesThePicture(@ForAll @IntRange(min = 1, max = 9) int height, @ForAll @IntRange(min = 1, max = 9) int width,
            @ForAll long seed) {
        RgbImage image = ResampleTest.noise(height, width, seed);
        int[] inverse = {0, 1, 2, 3, 4, 5, 8, 7, 6};
        for (int orientation = 1; orientation <= 8; orientation++) {
            RgbImage back = Orientation.apply(Orientation.apply(image, orientation), inverse[orientation]);
            assertArrayEquals(image.pixels(), back.pixels());
            assertEquals(height, back.height());
        }
    }

    private static int orientation(byte[] exif) {
        OrientationTags tags = new OrientationTags();
        tags.exif(exif, 0, exif.length);
        return tags.orientation();
    }
}
