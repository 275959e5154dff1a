package vit.model.train.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vit.model.InputException;

/** Which folders of a data set are classes, which are parts of a split, and which are left out. Files are only listed, not opened. */
class TrainingDataTest {

    @TempDir
    private Path root;

    private void files(String... names) throws IOException {
        for (String name : names) {
            Path file = root.resolve(name);
            Files.createDirectories(file.getParent());
            Files.writeString(file, "x");
        }
    }

    private TrainingData open() throws IOException {
        return TrainingData.open(root, null, false);
    }

    private List<String> listed(ImageFolder images) {
        return IntStream.range(0, images.size()).mapToObj(i -> images.label(i) + " " + root.relativize(images.file(i))).toList();
    }

    private void refused(String... parts) {
        InputException fault = assertThrows(InputException.class, this::open);
        for (String part : parts) {
            assertTrue(fault.getMessage().contains(part), fault::getMessage);
        }
    }

    @Test
    void trainAndValSideBySideAreASplitUnderEveryUsualName() throws Exception {
        for (String[] names : new String[][] {{"train", "val"}, {"train", "valid"}, {"training", "validation"}, {"Train", "Test"}, {"train", "eval"}, {"TRAIN", "dev"},
            {"train2017", "val2017"}, {"train_set", "test_set"}, {"train", "evaluation"}, {"trainset", "testset"}}) {
            String part = String.join("-", names);
            files(part + "/" + names[0] + "/cat/1.png", part + "/" + names[0] + "/dog/2.png", part + "/" + names[1] + "/cat/3.png", part + "/" + names[1] + "/dog/4.png");
            TrainingData data = TrainingData.open(root.resolve(part), null, false);
            assertEquals(List.of("cat", "dog"), data.training().classes(), part);
            assertNotNull(data.validation(), part);
            assertEquals(List.of("0 " + part + "/" + names[1] + "/cat/3.png", "1 " + part + "/" + names[1] + "/dog/4.png"), listed(data.validation()), part);
            Split split = data.split(0.5, 1);
            assertEquals(2, split.training().size());
            assertEquals(2, split.validation().size());
            InputException fault = assertThrows(InputException.class, () -> ImageFolder.open(root.resolve(part)));
            assertTrue(fault.getMessage().contains("comes split"), fault::getMessage);
        }
    }

    @Test
    void aTestPartIsLeftOutWhereThereIsAValidationPart() throws Exception {
        files("train/cat/1.png", "train/dog/2.png", "valid/dog/4.png", "test/cat/5.png", "test/dog/6.png", "annotations/all.txt");
        TrainingData data = open();
        assertEquals(List.of("1 valid/dog/4.png"), listed(data.validation()), "a class may be missing; labels are those of the training part");
        String notes = String.join("\n", data.notes());
        assertTrue(notes.contains("left out: " + root.resolve("test") + ", a part of the split"), notes);
        assertTrue(notes.contains("left out: " + root.resolve("annotations") + ", a folder without images"), notes);
        assertTrue(notes.contains("images to train on: " + root.resolve("train") + "; to validate: " + root.resolve("valid")), notes);
    }

    @Test
    void aTestWithoutClassFoldersIsLeftOut() throws Exception {
        files("train/cat/1.png", "train/dog/2.png", "test/5.png", "test/6.png");
        TrainingData data = open();
        assertNull(data.validation());
        assertEquals(2, data.training().size());
        assertTrue(data.notes().contains("left out: " + root.resolve("test") + ", images of a test without class folders"), data.notes()::toString);
    }

    @Test
    void aClassMayBeCalledTrain() throws Exception {
        files("bus/1.png", "train/2.png", "val/3.png");
        assertEquals(List.of("bus", "train", "val"), open().training().classes());
        files("set/test/1.png", "set/control/2.png");
        assertEquals(List.of("control", "test"), TrainingData.open(root.resolve("set"), null, false).training().classes());
    }

    @Test
    void whatCanBeReadBothWaysIsRefused() throws Exception {
        files("bus/1.png", "train/steam/2.png", "train/diesel/3.png");
        refused("bus beside", "train");
        assertEquals(List.of("bus", "train"), TrainingData.open(root, null, true).training().classes());
    }

    @Test
    void classesThatHoldThePartsAreRefused() throws Exception {
        files("cat/train/1.png", "cat/val/2.png", "dog/train/3.png", "dog/val/4.png");
        refused("inside the class cat");
    }

    @Test
    void partsWithoutClassFoldersAreRefused() throws Exception {
        files("train/1.png", "val/2.png");
        refused("train, val", "hold images, not class folders");
    }

    @Test
    void aValidationPartAloneAndTwoOfAKindAreRefused() throws Exception {
        files("val/cat/1.png", "val/dog/2.png", "test/cat/3.png", "test/dog/4.png");
        refused("the part to train on is missing");
        files("train/cat/1.png", "train/dog/1.png", "valid/cat/1.png");
        refused("several folders are named like the same part");
    }

    @Test
    void aClassThatIsOnlyValidatedIsRefused() throws Exception {
        files("train/cat/1.png", "train/dog/2.png", "val/cat/3.png", "val/Dog/4.png");
        refused("val/Dog", "not among those to train on");
    }

    @Test
    void theOutputFolderAndOtherTrainingsAreNoClasses() throws Exception {
        files("cat/1.png", "dog/2.png", "out/loss.png", "out/state.safetensors", "cat/runs/loss.png", "cat/runs/confusion.png", "cat/runs/best.safetensors",
                "model/model.safetensors", "model/config.json", "model/picture.png");
        TrainingData data = TrainingData.open(root, root.resolve("out"), false);
        assertEquals(List.of("0 cat/1.png", "1 dog/2.png"), listed(data.training()));
        String notes = String.join("\n", data.notes());
        assertTrue(notes.contains(root.resolve("out") + ", the output folder"), notes);
        assertTrue(notes.contains(root.resolve("model") + " and 1 more, a folder of a trained model"), notes);
        files("fresh/.keep");
        assertEquals(2, TrainingData.open(root, root.resolve("dog/../fresh"), false).training().classes().size(), "empty, and under another spelling");
    }

    @Test
    void aClassFolderIsNoOutputFolder() throws Exception {
        files("cat/1.png", "dog/2.png", "fox/3.png");
        InputException fault = assertThrows(InputException.class, () -> TrainingData.open(root, root.resolve("fox"), false));
        assertTrue(fault.getMessage().contains("3.png"), fault::getMessage);
    }

    @Test
    void linksToFoldersAreFollowedAndCirclesAreNot() throws Exception {
        files("store/deep/1.png", "store/2.png", "data/dog/3.png", "data/dog/deeper/4.png");
        Files.createSymbolicLink(root.resolve("data/cat"), root.resolve("store"));
        Files.createSymbolicLink(root.resolve("data/dog/more"), root.resolve("store/deep"));
        Files.createSymbolicLink(root.resolve("data/dog/deeper/up"), root.resolve("data/dog"));
        Files.createSymbolicLink(root.resolve("data/dog/root"), root.resolve("data"));
        Files.createSymbolicLink(root.resolve("data/dog/gone.png"), root.resolve("nothing"));
        TrainingData data = TrainingData.open(root.resolve("data"), null, false);
        assertEquals(List.of("0 data/cat/2.png", "0 data/cat/deep/1.png", "1 data/dog/3.png", "1 data/dog/deeper/4.png", "1 data/dog/more/1.png"), listed(data.training()));
        String notes = String.join("\n", data.notes());
        assertTrue(notes.contains("deeper/up and 1 more, a link that leads back"), notes);
        assertTrue(notes.contains("gone.png, a link to nothing"), notes);
    }

    @Test
    void filesThatAreLeftOutAreCountedByEnding() throws Exception {
        files("cat/1.png", "cat/a.heic", "cat/b.HEIC", "cat/notes.txt", "cat/README", "dog/2.jpeg", "dog/c.heic", "3.png", "cat/.hidden");
        List<String> notes = open().notes();
        assertEquals(List.of("left out: 5 files that are no images by their endings (3 .heic, 1 .txt, 1 without an ending)",
                "left out: " + root.resolve("3.png") + ", which stands beside the class folders"), notes);
    }

    @Test
    void aClassNameWithALineBreakIsRefused() throws Exception {
        files("cat/1.png", "dog\nfox/2.png");
        refused("cannot be written as a line");
    }
}
