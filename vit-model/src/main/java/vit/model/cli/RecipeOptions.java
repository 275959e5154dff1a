package vit.model.cli;

import java.util.List;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Spec.Target;
import vit.kernels.optim.Adam;
import vit.kernels.optim.Sgd;
import vit.model.Frozen;
import vit.model.InputException;
import vit.model.Optimizer;
import vit.model.train.Recipe;
import vit.model.train.Recipes;
import vit.model.train.Schedule;
import vit.model.train.augment.Augmentation;
import vit.model.train.augment.Mixing;

/** The options that choose a recipe and change its settings. */
final class RecipeOptions {

    @Spec(Target.MIXEE)
    private CommandSpec spec;

    @Option(names = "--recipe", paramLabel = "NAME", completionCandidates = Names.class,
            description = "Recipe that decides those of the settings below that are not given: ${COMPLETION-CANDIDATES}; default: small from scratch, "
                    + "vit-finetune with --weights.")
    private String recipe;

    @Option(names = "--epochs", paramLabel = "N", description = "Number of passes over all images.")
    private Integer epochs;

    @Option(names = "--batch", paramLabel = "N", description = "Images per optimiser step. The last step of an epoch takes those that are left.")
    private Integer batch;

    @Option(names = "--optimizer", paramLabel = "NAME", description = "Optimiser: adamw or sgd.")
    private String optimizer;

    @Option(names = "--lr", paramLabel = "X", description = "Highest learning rate, above 0 and below 1000000.")
    private Double rate;

    @Option(names = "--momentum", paramLabel = "X", description = "Momentum of SGD; default: 0.9.")
    private Double momentum;

    @Option(names = "--weight-decay", paramLabel = "X", description = "Weight decay, which applies only to matrices.")
    private Double weightDecay;

    @Option(names = "--layer-decay", paramLabel = "X", description = "Factor on the learning rate from each block to the one below; 1: none.")
    private Double layerDecay;

    @Option(names = "--freeze", paramLabel = "N",
            description = "Keep the stem and the first N blocks as they are; 0: the stem alone. The backward pass ends above them.")
    private Integer freeze;

    @Option(names = "--head-only", description = "Train the head alone: a linear probe.")
    private boolean headOnly;

    @Option(names = "--schedule", paramLabel = "NAME", description = "Course of the learning rate: constant, linear or cosine.")
    private String schedule;

    @Option(names = "--warmup", paramLabel = "EPOCHS", description = "Epochs during which the learning rate rises.")
    private Double warmup;

    @Option(names = "--clip", paramLabel = "X", description = "Largest norm of the gradient; 0: no clipping.")
    private Double clip;

    @Option(names = "--ema", paramLabel = "X", description = "Decay of the moving average of the weights; 0: none.")
    private Double average;

    @Option(names = "--label-smoothing", paramLabel = "X", description = "Share of every target that is spread over the classes.")
    private Double labelSmoothing;

    @Option(names = "--augment", paramLabel = "NAME", completionCandidates = Augmentations.class,
            description = "Random changes of each image: ${COMPLETION-CANDIDATES}.")
    private String augmentation;

    @Option(names = "--erasing", paramLabel = "P", description = "Probability that a box of an image is erased.")
    private Double erasing;

    @Option(names = "--mixup", paramLabel = "A", description = "Alpha of mixup; 0: none.")
    private Double mixup;

    @Option(names = "--cutmix", paramLabel = "A", description = "Alpha of CutMix; 0: none.")
    private Double cutmix;

    @Option(names = "--dropout", paramLabel = "P", description = "Probability that an element is dropped.")
    private Double dropout;

    @Option(names = "--drop-path", paramLabel = "P", description = "Stochastic depth: probability that an image skips a branch of the last block.")
    private Double stochasticDepth;

    @Option(names = "--class-weights", paramLabel = "NAME",
            description = "Weight of the classes in the loss: none, or balanced, which gives every class the same part however many images it has; default: none.")
    private String classWeights;

    @Option(names = "--patience", paramLabel = "EPOCHS", description = "Stop after so many epochs without a better one; 0: train all epochs.")
    private Integer patience;

    @Option(names = "--seed", paramLabel = "S", description = "Seed of initialisation, split, order and augmentation; default: ${DEFAULT-VALUE}.",
            defaultValue = "0")
    private long seed;

    static final class Names implements Iterable<String> {
        @Override
        public java.util.Iterator<String> iterator() {
            return Recipes.names().iterator();
        }
    }

    static final class Augmentations implements Iterable<String> {
        @Override
        public java.util.Iterator<String> iterator() {
            return Augmentation.names().iterator();
        }
    }

    long seed() {
        return seed;
    }

    /**
     * The recipe.
     *
     * @param otherwise the name of the recipe if none is given
     * @param depth     the blocks of the model
     */
    Recipe recipe(String otherwise, int depth) throws CommandException {
        requireName("--recipe", recipe, Recipes.names());
        requireName("--augment", augmentation, Augmentation.names());
        try {
            return recipe(Recipes.named(recipe == null ? otherwise : recipe), depth);
        } catch (InputException e) {
            throw new CommandException(e, "vit train --help lists recipes and augmentations");
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), "Invalid training options: " + e.getMessage());
        }
    }

    private void requireName(String option, String name, List<String> names) {
        if (name != null && !names.contains(name)) {
            throw new ParameterException(spec.commandLine(), "Invalid value for option '" + option + "': expected " + String.join(", ", names.subList(0, names.size() - 1)) + " or "
                    + names.getLast() + ", found " + name);
        }
    }

    private Recipe recipe(Recipe base, int depth) throws InputException {
        Frozen frozen = frozen(base.frozen(), depth);
        if (layerDecay != null && frozen.equals(Frozen.ALL_BUT_HEAD)) {
            throw new ParameterException(spec.commandLine(), "--layer-decay slows the blocks below the head, but only the head is trained: leave it out");
        }
        Recipe made = base.withFrozen(frozen).withSeed(seed).withEpochs(or(epochs, base.epochs())).withBatch(or(batch, base.batch()));
        made = made.withOptimizer(optimizer(base.optimizer())).withSchedule(schedule(base.schedule(), made.epochs()));
        made = made.withClip(or(clip, base.clip())).withAverage(or(average, base.average()))
                .withLabelSmoothing(or(labelSmoothing, base.labelSmoothing())).withDropout(or(dropout, base.dropout()))
                .withStochasticDepth(or(stochasticDepth, base.stochasticDepth()));
        Augmentation chosen = augmentation == null ? base.augmentation() : Augmentation.named(augmentation);
        made = made.withAugmentation(erasing == null ? chosen : chosen.withErasing(erasing));
        made = made.withBalanced(balanced(base.balanced())).withPatience(or(patience, base.patience()));
        return made.withMixing(new Mixing(or(mixup, base.mixing().mixup()), or(cutmix, base.mixing().cutmix())));
    }

    private Frozen frozen(Frozen base, int depth) {
        if (freeze == null) {
            return headOnly ? Frozen.ALL_BUT_HEAD : base;
        }
        if (headOnly) {
            throw new ParameterException(spec.commandLine(), "--freeze keeps the first blocks, and --head-only everything but the head: only one of "
                    + "them can be given");
        }
        if (freeze < 0 || freeze > depth) {
            throw new ParameterException(spec.commandLine(), "Invalid value for option '--freeze': expected 0 to " + depth + ", the blocks of the model, found "
                    + freeze);
        }
        return Frozen.front(freeze);
    }

    private boolean balanced(boolean base) {
        return classWeights == null ? base : switch (classWeights) {
            case "balanced" -> true;
            case "none" -> false;
            default -> throw new ParameterException(spec.commandLine(), "Invalid value for option '--class-weights': expected none or balanced, found "
                    + classWeights);
        };
    }

    private static <T> T or(T given, T otherwise) {
        return given == null ? otherwise : given;
    }

    private Optimizer optimizer(Optimizer base) {
        boolean sgd = optimizer == null ? base.sgd() != null : switch (optimizer) {
            case "sgd" -> true;
            case "adamw" -> false;
            default -> throw new ParameterException(spec.commandLine(), "Invalid value for option '--optimizer': expected adamw or sgd, found "
                    + optimizer);
        };
        if (momentum != null && !sgd) {
            throw new ParameterException(spec.commandLine(), "--momentum applies only to SGD, but the optimiser is AdamW: give --optimizer sgd, or leave it out");
        }
        boolean same = sgd == (base.sgd() != null);
        double keptMomentum = base.sgd() == null ? 0.9 : base.sgd().momentum();
        return new Optimizer(sgd ? new Sgd(or(momentum, keptMomentum), base.sgd() != null && base.sgd().nesterov()) : null,
                sgd ? null : base.adam() == null ? Adam.adamW() : base.adam(), or(weightDecay, same ? base.weightDecay() : 0.0),
                base.decayAll(), or(layerDecay, base.layerDecay()));
    }

    private Schedule schedule(Schedule base, int allEpochs) {
        Schedule made = rate == null ? base : base.withRate(rate);
        if (schedule != null) {
            made = made.withShape(switch (schedule) {
                case "constant" -> Schedule.Shape.CONSTANT;
                case "linear" -> Schedule.Shape.LINEAR;
                case "cosine" -> Schedule.Shape.COSINE;
                default -> throw new ParameterException(spec.commandLine(),
                        "Invalid value for option '--schedule': expected constant, linear or cosine, found " + schedule);
            });
        }
        if (warmup == null) {
            return made;
        }
        if (!(warmup >= 0 && warmup <= allEpochs)) {
            throw new ParameterException(spec.commandLine(), "Invalid value for option '--warmup': expected 0 to " + allEpochs + " epochs, found " + warmup);
        }
        return made.withWarmup(warmup / allEpochs);
    }
}
