package vit.model.weights;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import vit.kernels.tensor.Shape;
import vit.model.InputException;
import vit.model.weights.config.ConfigFile;
import vit.model.weights.family.NamePrefix;
import vit.model.weights.family.Signs;
import vit.model.weights.family.TensorDirectory;
import vit.model.weights.family.WeightFamilies;
import vit.model.weights.family.WeightFamily;
import vit.model.weights.format.TensorEntry;
import vit.model.weights.format.TensorFile;

/**
 * The family under whose names a file is read: the one that its tensors show, or of two that they allow, the one that its configuration names.
 *
 * @param signs those by which it was chosen; fewer than its own if only the configuration distinguishes it from another
 */
record FamilyChoice(WeightFamily family, Signs signs) {

    /** The names and shapes of a file's tensors. */
    static TensorDirectory directory(TensorFile file) {
        Map<String, Shape> shapes = new LinkedHashMap<>();
        for (TensorEntry entry : file.entries()) {
            shapes.put(entry.name(), entry.shape());
        }
        return new TensorDirectory(file.name(), shapes);
    }

    /**
     * The family that a configuration names.
     *
     * @throws InputException if there is none of this name
     */
    static WeightFamily named(ConfigFile stated) throws InputException {
        return WeightFamilies.find(stated.family()).orElseThrow(() -> stated.raw().fault("family").expected("one of " + WeightFamilies.ids())
                .found(stated.family()).because("the weight family is unknown"));
    }

    /** The fault of a file under none of whose prefixes a family is recognised. */
    static InputException unknown(TensorDirectory all) {
        List<String> networks = NamePrefix.networks(all);
        if (networks.isEmpty()) {
            return InputException.in(all.file()).expected("tensors of " + WeightFamilies.ids()).found(TensorAccount.some(List.copyOf(all.names())))
                    .because("the weight family is not recognised");
        }
        List<String> outside = all.names().stream().filter(name -> networks.stream().noneMatch(name::startsWith)).toList();
        return InputException.in(all.file()).expected("one network, with all tensors under one prefix")
                .found((networks.size() == 1 ? "a network under " : "networks under ") + TensorAccount.some(networks)
                        + (outside.isEmpty() ? "" : "; outside it " + TensorAccount.some(outside)))
                .remedy("save the network that is meant on its own")
                .because(networks.size() == 1 ? "the file holds tensors beside the network, and does not tell how they are used" : "the file holds several networks");
    }

    /**
     * Chooses the family of a file.
     *
     * @param tensors the file's, without a common prefix; some family recognises them
     * @throws InputException if the configuration names a family under whose names these tensors cannot be read
     */
    static FamilyChoice of(TensorDirectory tensors, ConfigFile stated) throws InputException {
        WeightFamily recognised = WeightFamilies.recognise(tensors).orElseThrow();
        WeightFamily family = recognised;
        if (stated.family() != null) {
            WeightFamily named = named(stated);
            if (!recognised.goesWith(named)) {
                throw stated.raw().fault("family").expected(recognised.id() + ", as the tensors are named").found(named.id())
                        .because("the configuration contradicts the weights");
            }
            family = named.signsIfNamed(tensors).hold() ? named : recognised;
        }
        Signs own = family.signs(tensors);
        return new FamilyChoice(family, own.hold() ? own : family.signsIfNamed(tensors));
    }
}
