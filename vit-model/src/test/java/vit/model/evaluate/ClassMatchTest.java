package vit.model.evaluate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import vit.model.weights.config.Labels;

/** Folders find their classes by every name that data sets and models use, and by no name that two classes have. */
class ClassMatchTest {

    private static int[] match(List<String> folders, List<String> labels, int classes) {
        ClassMatch match = ClassMatch.of(folders, labels, classes);
        assertEquals(List.of(), match.unmatched());
        return IntStream.range(0, folders.size()).map(match::of).toArray();
    }

    private static void assertMatches(List<String> folders, List<String> labels, int... expected) {
        assertEquals(Arrays.toString(expected), Arrays.toString(match(folders, labels, labels.size())));
    }

    @Test
    void caseSpacesUnderscoresAndHyphensDoNotMatter() {
        assertMatches(List.of("kit_fox", "Kit Fox", "KIT-FOX", "letter F"), List.of("Letter_f", "kit fox"), 1, 1, 1, 0);
        assertMatches(List.of("gro\u0308\u00DFe"), List.of("other", "Gr\u00F6\u00DFe"), 1); // composed and decomposed
    }

    @Test
    void wordNetIdsFindTheWordsAndWordsTheIds() {
        List<String> words = Labels.imagenet();
        assertMatches(List.of("n01440764", "n02012849", "n03126707", "n15075141"), words, 0, 134, 517, 999); // both n02012849 and n03126707 are named crane
        assertMatches(List.of("n01443537", "n01440764"), List.of("something", "tench, Tinca tinca", "goldfish, Carassius auratus"), 2, 1);
        assertMatches(List.of("n01440764", "tench", "Tinca_tinca", "tench, Tinca tinca"), Labels.imagenetIds(), 0, 0, 0, 0);
        assertMatches(List.of("tench", "Tinca tinca"), words, 0, 0);
    }

    @Test
    void aNameOfTwoClassesMatchesNeither() {
        assertEquals(List.of("crane"), ClassMatch.of(List.of("crane", "tench"), Labels.imagenet(), 1000).unmatched());
        ClassMatch match = ClassMatch.of(List.of("b"), List.of("a, b", "b, c"), 2);
        assertEquals(List.of("b"), match.unmatched());
        assertThrows(IllegalStateException.class, () -> match.of(0));
        assertMatches(List.of("b"), List.of("a, b", "b"), 1); // the whole label comes before a synonym
    }

    @Test
    void numbersAreClassesOnlyWhereTheModelHasNoOtherNames() {
        List<String> plain = List.of("0", "1", "2");
        assertMatches(List.of("2", "000", "01"), plain, 2, 0, 1);
        assertMatches(List.of("2", "label_1"), List.of("LABEL_0", "LABEL_1", "LABEL_2"), 2, 1);
        assertEquals("[2]", Arrays.toString(match(List.of("2"), List.of(), 3)));
        assertMatches(List.of("2"), List.of("1", "2", "3"), 1); // the label decides, not the number of the class
        assertEquals(List.of("1"), ClassMatch.of(List.of("1"), List.of("cat", "dog"), 2).unmatched());
        assertEquals(List.of("3"), ClassMatch.of(List.of("3"), plain, 3).unmatched());
    }

    @Test
    void aThousandClassesWithoutNamesAreImagenetsIfTheFoldersSaySo() {
        ClassMatch match = ClassMatch.of(List.of("n01443537", "tench"), List.of(), 1000);
        assertEquals(1, match.of(0));
        assertEquals(0, match.of(1));
        assertTrue(match.assumesImagenet());
        assertFalse(ClassMatch.of(List.of("12"), List.of(), 1000).assumesImagenet());
        assertEquals(List.of("n01443537"), ClassMatch.of(List.of("n01443537"), List.of(), 999).unmatched());
    }

    @Test
    void foldersOfOneClassAreTold() {
        List<String> folders = List.of("tench", "n01440764", "goldfish");
        assertEquals(Map.of(0, List.of("tench", "n01440764")), ClassMatch.of(folders, Labels.imagenet(), 1000).shared(folders));
    }

    @Test
    void idsOfImagenetAreAThousandAscendingAndDifferent() {
        List<String> ids = Labels.imagenetIds();
        assertEquals(1000, ids.size());
        assertEquals(ids.stream().sorted().distinct().toList(), ids);
        assertTrue(ids.stream().allMatch(id -> id.matches("n\\d{8}")));
    }
}
