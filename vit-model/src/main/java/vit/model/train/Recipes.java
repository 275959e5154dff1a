package vit.model.train;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import vit.kernels.optim.Adam;
import vit.model.Frozen;
import vit.model.InputException;
import vit.model.Optimizer;
import vit.model.train.Schedule.Shape;
import vit.model.train.augment.Augmentation;
import vit.model.train.augment.Mixing;

/** Recipes by name. Each is one entry; the methods of {@link Recipe} change any part of it. */
public final class Recipes {

    private static final Map<String, Recipe> RECIPES = new LinkedHashMap<>();

    static {
        // What a tutorial would use: no schedule, no augmentation, PyTorch's default weight decay.
        add("plain", new Recipe("", 30, 64, 0, Optimizer.adamW(0.01), Schedule.constant(1e-3), 0, 0, 0, Augmentation.NONE, Mixing.NONE, 0, 0));
        // A small model on a few thousand small images, from scratch.
        add("small", new Recipe("", 60, 64, 0, Optimizer.adamW(0.05), Schedule.cosine(1e-3, 0.1), 1, 0.99, 0.1, Augmentation.LIGHT, Mixing.NONE, 0, 0));
        // Touvron et al. 2020: 300 epochs of ImageNet at batch 512; rate 5e-4 · batch / 512 from 5 epochs of warm-up to 1e-5.
        add("deit", new Recipe("", 300, 512, 0, new Optimizer(null, Adam.adamW(), 0.05, false, 1),
                new Schedule(Shape.COSINE, 5e-4, 1e-5, 5.0 / 300), 0, 0.99996, 0.1, Augmentation.RAND_AUGMENT.withErasing(0.25), new Mixing(0.8, 1), 0, 0.1));
        // The same, shortened for small models and data sets.
        add("deit-small", new Recipe("", 100, 64, 0, Optimizer.adamW(0.05), new Schedule(Shape.COSINE, 1e-3, 1e-5, 0.05), 1, 0.995, 0.1,
                Augmentation.RAND_AUGMENT_LIGHT.withErasing(0.1), new Mixing(0.2, 0.5), 0, 0));
        // Dosovitskiy et al. 2020, appendix B.1.1: SGD 0.9, cosine to zero after 500 of 10,000 steps, no decay, clip 1.
        add("vit-finetune", new Recipe("", 20, 512, 0, Optimizer.sgd(0.9, 0), Schedule.cosine(0.03, 0.05), 1, 0, 0, Augmentation.INCEPTION, Mixing.NONE, 0, 0));
        // A linear classifier on frozen features.
        add("linear-probe", new Recipe("", 30, 256, 0, Optimizer.sgd(0.9, 0), Schedule.cosine(0.1, 0), 0, 0, 0, Augmentation.NONE, Mixing.NONE, 0, 0)
                .withFrozen(Frozen.ALL_BUT_HEAD));
    }

    private Recipes() {}

    private static void add(String name, Recipe recipe) {
        RECIPES.put(name, recipe.withName(name));
    }

    /**
     * The recipe of this name.
     *
     * @throws InputException if there is none; the message lists {@link #names()}
     */
    public static Recipe named(String name) throws InputException {
        Recipe recipe = RECIPES.get(name);
        if (recipe == null) {
            throw InputException.in("recipe").found(name).expected("one of " + String.join(", ", names())).because("there is no such recipe");
        }
        return recipe;
    }

    /** All names. */
    public static List<String> names() {
        return List.copyOf(RECIPES.keySet());
    }
}
