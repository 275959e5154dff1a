package vit.model;

import java.io.Serializable;
import vit.kernels.optim.Adam;
import vit.kernels.optim.Sgd;
import vit.model.config.VitConfig;
import vit.model.parameters.Parameter;

/**
 * Which optimiser a {@link VitTraining} uses, and what it does to which parameter. Immutable. Start from {@link #adamW} or {@link #sgd(double, double)}.
 *
 * @param sgd            SGD with momentum, or null
 * @param adam           Adam or AdamW, or null; exactly one of {@code sgd} and {@code adam} is given
 * @param weightDecay    weight decay of the parameters that decay
 * @param decayAll       whether all parameters decay; otherwise only matrices do, not biases, norms, positions, tokens and layer scales
 * @param layerDecay     factor by which the learning rate falls from a block to the one below it (Clark et al. 2020; Bao et al.
 *                       2021); 1 for none
 */
public record Optimizer(Sgd sgd, Adam adam, double weightDecay, boolean decayAll, double layerDecay) implements Serializable {

    /**
     * Checks the arguments.
     *
     * @throws IllegalArgumentException if not exactly one of {@code sgd} and {@code adam} is given, or a number is out of its range
     */
    public Optimizer {
        if ((sgd == null) == (adam == null)) {
            throw new IllegalArgumentException("exactly one of sgd and adam must be given");
        }
        if (!(weightDecay >= 0 && weightDecay < 1e6)) {
            throw new IllegalArgumentException("weight decay " + weightDecay + "; expected 0 to below 1000000");
        }
        if (!(layerDecay > 0 && layerDecay <= 1)) {
            throw new IllegalArgumentException("layer decay " + layerDecay + "; expected above 0, at most 1");
        }
    }

    /** AdamW with PyTorch's defaults; only matrices decay. */
    public static Optimizer adamW(double weightDecay) {
        return new Optimizer(null, Adam.adamW(), weightDecay, false, 1);
    }

    /** SGD with momentum; only matrices decay. */
    public static Optimizer sgd(double momentum, double weightDecay) {
        return new Optimizer(new Sgd(momentum, false), null, weightDecay, false, 1);
    }

    /** The same optimiser with weight decay on every tensor. */
    public Optimizer decayingAll() {
        return new Optimizer(sgd, adam, weightDecay, true, layerDecay);
    }

    /** The same optimiser with learning rates that fall by {@code factor}, above 0 and at most 1, from a block to the one below it. */
    public Optimizer withLayerDecay(double factor) {
        return new Optimizer(sgd, adam, weightDecay, decayAll, factor);
    }

    /** The weight decay of {@code parameter}: 0 if it does not decay. */
    public double weightDecay(Parameter parameter) {
        return decayAll || parameter.isMatrix() ? weightDecay : 0;
    }

    /**
     * The factor on the learning rate of {@code parameter}: 1 for the head and what else follows the blocks, layerDecay for the last block, and one factor of
     * layerDecay more for each block below it and for what stands before the blocks.
     */
    public double rateFactor(Parameter parameter, VitConfig config) {
        int layersAbove = switch (parameter.place()) {
            case HEAD, POOL -> 0;
            case BLOCK -> config.depth() - parameter.block();
            case STEM -> config.depth() + 1;
        };
        return StrictMath.pow(layerDecay, layersAbove);
    }
}
