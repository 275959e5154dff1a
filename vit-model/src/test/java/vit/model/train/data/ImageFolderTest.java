package vit.model.train.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vit.model.InputException;

/** Class folders become sorted classes and files, and a folder that is no data set is refused by name. */
class ImageFolderTest {

    @TempDir
    private Path root;

    private Path image(String name, int grey) throws IOException {
        Path file = root.resolve(name);
        Files.createDirectories(file.getParent());
        BufferedImage image = new BufferedImage(3, 2, BufferedImage.TYPE_INT_RGB);
        image.setRGB(0, 0, grey * 0x010101);
        ImageIO.write(image, "png", file.toFile());
        return file;
    }

    @Test
    void classesAndFilesAreSortedAndOthersPassedOver() throws Exception {
        image("b/2.png", 2);
        image("b/10.png", 10);
        image("a/deeper/x.PNG", 30);
        image("a/z.png", 40);
        image("c/one.png", 50);
        image(".hidden/no.png", 0);
        image("c/.hidden.png", 0);
        Files.writeString(root.resolve("c/notes.txt"), "no image");
        Files.writeString(root.resolve("README"), "no class");
        ImageFolder folder = ImageFolder.open(root);
        assertEquals(List.of("a", "b", "c"), folder.classes());
        assertEquals(List.of(0, 0, 1, 1, 2), IntStream.range(0, folder.size()).mapToObj(folder::label).toList());
        assertEquals(List.of(30, 40, 10, 2, 50), IntStream.range(0, folder.size()).mapToObj(i -> sample(folder, i)).toList());
    }

    private static int sample(ImageFolder folder, int index) {
        try {
            return folder.image(index).sample(0, 0, 0);
        } catch (InputException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void whatIsNoDataSetIsRefusedByName() throws Exception {
        refused(root.resolve("nothing"), "nothing");
        Path file = image("a/1.png", 1);
        refused(file, "1.png");
        refused(root, "at least 2 class folders");
        Files.createDirectory(root.resolve("empty"));
        refused(root, "empty: the class is empty");
    }

    private static void refused(Path folder, String part) {
        InputException fault = assertThrows(InputException.class, () -> ImageFolder.open(folder));
        assertTrue(fault.getMessage().contains(part), fault::getMessage);
    }

    @Test
    void aBrokenImageIsRefusedByNameWhenItsTurnComes() throws Exception {
        image("a/1.png", 1);
        Path broken = image("b/2.png", 2);
        byte[] bytes = Files.readAllBytes(broken);
        Files.write(broken, java.util.Arrays.copyOf(bytes, bytes.length / 2));
        ImageFolder folder = ImageFolder.open(root);
        folder.image(0);
        InputException fault = assertThrows(InputException.class, () -> folder.image(1));
        assertTrue(fault.getMessage().contains("2.png"), fault::getMessage);
    }
}
