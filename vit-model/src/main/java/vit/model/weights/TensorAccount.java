package vit.model.weights;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import vit.model.InputException;
import vit.model.config.VitConfig;
import vit.model.parameters.Parameters;
import vit.model.weights.config.ConfigFile;
import vit.model.weights.family.NamePrefix;
import vit.model.weights.family.TensorDirectory;
import vit.model.weights.family.TensorView;
import vit.model.weights.family.WeightFamilies;
import vit.model.weights.family.WeightFamily;
import vit.model.weights.format.TensorEntry;
import vit.model.weights.format.TensorFile;

/** Compares the tensors that a file holds with those that its family reads. */
final class TensorAccount {

    private final TensorFile file;
    private final WeightFamily family;

    TensorAccount(TensorFile file, WeightFamily family) {
        this.file = file;
        this.family = family;
    }

    /**
     * Checks that every view has a tensor of the right shape, and every other tensor is known to be unused.
     *
     * @param all     the tensors of the file
     * @param tensors those of the network, under their names in it
     * @return the tensors that are not used
     */
    List<String> unused(List<TensorView> views, TensorDirectory all, TensorDirectory tensors) throws InputException {
        Set<String> missing = new LinkedHashSet<>();
        Set<String> used = new LinkedHashSet<>();
        for (TensorView view : views) {
            (file.find(view.fileName()) == null ? missing : used).add(view.fileName());
        }
        if (!missing.isEmpty()) {
            throw missing(missing);
        }
        for (TensorView view : views) { // shapes after missing tensors: a configuration told without the missing tensor expects wrong shapes
            check(file.find(view.fileName()), view);
        }
        List<String> ignored = new ArrayList<>();
        List<String> unexpected = new ArrayList<>();
        for (String name : all.names()) {
            if (!used.contains(name)) {
                boolean known = name.startsWith(tensors.prefix()) ? family.isUnused(name.substring(tensors.prefix().length()), tensors)
                        : NamePrefix.isBystander(name, all.find(name));
                (known ? ignored : unexpected).add(name);
            }
        }
        if (!unexpected.isEmpty()) {
            throw fault(unexpected.getFirst()).expected("only tensors of a plain ViT of family " + family.id())
                    .found(unexpected.size() + " unexpected: " + some(unexpected)).because("tensors are unexpected");
        }
        return List.copyOf(ignored);
    }

    /**
     * The fault of a file that could not be read because tensors are missing: it holds a part of the model that its configuration describes, and nothing else. A
     * missing tensor can look like another kind of model. The message would then report a contradiction with the configuration, and not the tensor that is
     * missing.
     *
     * @return empty if the file holds anything else, or the configuration describes no model by itself
     */
    static Optional<InputException> lack(TensorFile file, TensorDirectory all, ConfigFile stated) {
        if (stated.form() == ConfigFile.Form.NONE) {
            return Optional.empty();
        }
        try {
            VitConfig config = Weights.configuration(stated).vit();
            if (config.depth() > all.names().size()) {
                return Optional.empty(); // no list of tensors that is out of proportion to the file
            }
            TensorDirectory tensors = NamePrefix.strip(all).orElse(all);
            WeightFamily named = WeightFamilies.find(config.family()).orElseThrow();
            WeightFamily family = named.signsIfNamed(tensors).hold() ? named
                    : WeightFamilies.recognise(tensors).filter(found -> found.goesWith(named)).orElse(named); // the configuration does not say which of the library's two sets of names is used
            Set<String> missing = new LinkedHashSet<>();
            Set<String> used = new LinkedHashSet<>();
            Set<String> begun = new LinkedHashSet<>(); // blocks, and all outside of them
            Set<String> incomplete = new LinkedHashSet<>();
            for (TensorView view : family.views(config, Parameters.of(config), tensors)) {
                String name = tensors.nameInFile(view.fileName());
                if (all.has(name) && !all.find(name).equals(view.fileShape())) {
                    return Optional.empty();
                }
                (all.has(name) ? used : missing).add(name);
                (all.has(name) ? begun : incomplete).add(view.parameter().startsWith("blocks.") ? view.parameter().split("\\.")[1] : "");
            }
            if (incomplete.stream().noneMatch(begun::contains)) {
                return Optional.empty(); // whole blocks: another depth, which is a contradiction
            }
            boolean more = tensors.names().stream().anyMatch(name -> !used.contains(tensors.nameInFile(name)) && !family.isUnused(name, tensors));
            return more || missing.isEmpty() ? Optional.empty() : Optional.of(new TensorAccount(file, family).missing(missing));
        } catch (InputException e) {
            return Optional.empty();
        }
    }

    private InputException missing(Set<String> missing) {
        return fault(missing.iterator().next()).expected("all tensors of family " + family.id()).found(missing.size() + " missing: " + some(List.copyOf(missing)))
                .because("tensors are missing");
    }

    private void check(TensorEntry entry, TensorView view) throws InputException {
        if (!entry.dtype().isFloat()) {
            throw fault(entry.name()).at(entry.offset()).expected("F32, F16, BF16 or F64").found(entry.dtype()).because("weights are not of a floating-point type");
        }
        if (!entry.shape().equals(view.fileShape())) {
            throw fault(entry.name()).at(entry.offset()).expected(view.fileShape()).found(entry.shape()).because("the tensor's shape does not fit the configuration");
        }
    }

    private InputException.Report fault(String tensor) {
        return InputException.in(file.name()).tensor(tensor);
    }

    /** The first few names, for a message. */
    static String some(List<String> names) {
        int shown = Math.min(3, names.size());
        return names.isEmpty() ? "no tensors" : String.join(", ", names.subList(0, shown)) + (names.size() > shown ? ", …" : "");
    }
}
