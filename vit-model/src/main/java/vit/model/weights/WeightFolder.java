package vit.model.weights;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import vit.model.InputException;
import vit.model.weights.format.FileKind;

/**
 * Finds the weight file of a folder: the first that exists of {@code model.safetensors} (Hugging Face, timm),
 * {@code model.safetensors.index.json} (Hugging Face, in parts) and {@code best.safetensors} (written by this program's training), or
 * else the folder's only safetensors or npz file.
 */
public final class WeightFolder {

    private static final List<String> USUAL = List.of("model.safetensors", "model.safetensors.index.json", "best.safetensors");

    private WeightFolder() {}

    /**
     * {@code named}, or the weights in it if it is a folder.
     *
     * @throws InputException if the folder holds none, or several without one of the usual names
     */
    public static Path weights(Path named) throws IOException {
        if (!Files.isDirectory(named)) {
            return named;
        }
        for (String usual : USUAL) {
            if (Files.isRegularFile(named.resolve(usual))) {
                return named.resolve(usual);
            }
        }
        List<String> all;
        try (Stream<Path> files = Files.list(named)) {
            all = files.filter(Files::isRegularFile).map(file -> file.getFileName().toString()).filter(name -> !name.startsWith(".")).sorted().toList();
        } catch (IOException e) {
            throw InputException.unreadable(named, "a folder with weights", e);
        }
        List<String> candidates = all.stream().filter(name -> name.endsWith(".safetensors") || name.endsWith(".npz")).toList();
        if (candidates.size() == 1) {
            return named.resolve(candidates.getFirst());
        }
        InputException.Report fault = InputException.in(named).expected("model.safetensors, model.safetensors.index.json, or one safetensors or npz file");
        if (candidates.isEmpty()) {
            List<String> pickles = all.stream().filter(name -> name.matches(".*\\.(bin|pth|pt|ckpt|pkl)")).toList();
            throw pickles.isEmpty() ? fault.found("none").because("the folder holds no weights")
                    : fault.found(some(pickles)).remedy(FileKind.CONVERT).because("the folder holds Python pickles, which can run code and are never read");
        }
        throw fault.found(some(candidates)).remedy("name the file").because("the folder holds several weight files");
    }

    /** The configuration in the weights' folder, or null. The hub's folders of CLIP hold OpenCLIP's weights and configuration beside Hugging Face's. */
    static Path configuration(Path named) throws IOException {
        Path hub = beside(named, "config.json");
        Path openClip = beside(named, "open_clip_config.json");
        boolean ofOpenClip = weights(named).getFileName().toString().startsWith("open_clip");
        boolean first = Files.isRegularFile(openClip) && (ofOpenClip || !Files.isRegularFile(hub));
        return first ? openClip : Files.isRegularFile(hub) ? hub : null;
    }

    /** The file called {@code name} in the folder that is named as weights, or beside the weights. */
    private static Path beside(Path weights, String name) {
        return Files.isDirectory(weights) ? weights.resolve(name) : weights.resolveSibling(name);
    }

    private static String some(List<String> names) {
        return String.join(", ", names.subList(0, Math.min(3, names.size()))) + (names.size() > 3 ? ", …" : "");
    }
}
