package vit.model.backward;

import vit.kernels.attention.Attention;
import vit.kernels.gelu.Gelu;
import vit.kernels.gemm.PackedMatrix;
import vit.kernels.layernorm.LayerNorm;
import vit.kernels.linear.Linear;
import vit.kernels.parallel.Worker;
import vit.kernels.residual.Residual;
import vit.kernels.tensor.Tensor;
import vit.model.backward.RandomMasks.Branch;
import vit.model.config.VitConfig;
import vit.model.parameters.Parameters;

/**
 * One encoder block for training, forward and backward side by side (Dosovitskiy et al. 2020, equations 2 and 3):
 *
 * <pre>
 *   y   = x + g₁·Attention(LN₁(x))
 *   out = y + g₂·MLP(LN₂(y))
 * </pre>
 *
 * where g is the optional layer scale. The optional masks of dropout and stochastic depth are applied inside the branches. The
 * backward pass goes from out back to x, and computes again what it needs beyond {@link BlockState}.
 */
final class TrainingBlock {

    private final VitConfig config;
    private final int index;
    private final RandomMasks masks;
    private final TrainingMemory m;
    private final BlockState s;
    private final float scale;

    private final Layer qkv;
    private final Layer output;
    private final Layer fc1;
    private final Layer fc2;
    private final Norm norm1;
    private final Norm norm2;
    private final Tensor gamma1; // (C) or null
    private final Tensor dgamma1;
    private final Tensor gamma2;
    private final Tensor dgamma2;

    /** A linear layer with its transposed weight and its gradients. */
    record Layer(Linear forward, PackedMatrix transposed, PackedMatrix dweight, Tensor dbias) {}

    /** A LayerNorm with its gradients. */
    record Norm(Tensor weight, Tensor bias, Tensor dweight, Tensor dbias) {}

    TrainingBlock(VitConfig config, TrainingParameters p, int i, RandomMasks masks, TrainingMemory memory, BlockState state) {
        this.config = config;
        this.index = i;
        this.masks = masks;
        this.m = memory;
        this.s = state;
        this.scale = (float) (1 / Math.sqrt(config.headDim()));
        norm1 = p.norm(Parameters.block(i, Parameters.NORM_1));
        norm2 = p.norm(Parameters.block(i, Parameters.NORM_2));
        qkv = p.layer(Parameters.block(i, Parameters.QKV));
        output = p.layer(Parameters.block(i, Parameters.ATTENTION_OUTPUT));
        fc1 = p.layer(Parameters.block(i, Parameters.FC1));
        fc2 = p.layer(Parameters.block(i, Parameters.FC2));
        gamma1 = p.weights().vector(Parameters.block(i, Parameters.LAYER_SCALE_1));
        dgamma1 = p.gradients().vector(Parameters.block(i, Parameters.LAYER_SCALE_1));
        gamma2 = p.weights().vector(Parameters.block(i, Parameters.LAYER_SCALE_2));
        dgamma2 = p.gradients().vector(Parameters.block(i, Parameters.LAYER_SCALE_2));
    }

    /** Computes out (B·T, C) from x (B·T, C), and fills the state. {@code out} may be null if only the state is wanted. */
    void forward(Tensor out, Tensor x, int batch, Worker w) {
        int rows = batch * config.tokens();
        LayerNorm.forward(m.normed, s.mean1, s.rstd1, x, norm1.weight, norm1.bias, config.layerNormEps(), rows, w);
        w.barrier();
        qkv.forward.forward(s.qkv, m.normed, rows, m.gemm, w);
        w.barrier();
        Attention.forward(s.attended, s.logSumExp, null, s.qkv, batch, config.tokens(), config.heads(), scale, m.attention, w);
        w.barrier();
        output.forward.forward(m.branch, s.attended, rows, m.gemm, w);
        w.barrier();
        masks.branch(m.branch, m.branch, index, Branch.ATTENTION, w);
        add(s.y, x, gamma1, rows, w);
        w.barrier();
        LayerNorm.forward(m.normed, s.mean2, s.rstd2, s.y, norm2.weight, norm2.bias, config.layerNormEps(), rows, w);
        w.barrier();
        fc1.forward.forward(s.z, m.normed, rows, m.gemm, w);
        w.barrier();
        if (out != null) {
            Gelu.forward(m.hidden, s.z, config.gelu(), rows, w);
            w.barrier();
            masks.hidden(m.hidden, index, w);
            fc2.forward.forward(m.branch, m.hidden, rows, m.gemm, w);
            w.barrier();
            masks.branch(m.branch, m.branch, index, Branch.MLP, w);
            add(out, s.y, gamma2, rows, w);
            w.barrier();
        }
    }

    private void add(Tensor to, Tensor residual, Tensor gamma, int rows, Worker w) {
        if (gamma == null) {
            Residual.add(to, residual, m.branch, rows, w);
        } else {
            Residual.addScaled(to, residual, m.branch, gamma, rows, w);
        }
    }

    /** Turns {@code m.dx} from the gradient of out into the gradient of x, and adds to the gradients of the parameters. */
    void backward(Tensor x, int batch, Worker w) {
        int rows = batch * config.tokens();
        // out = y + g₂·fc2(gelu(z))
        Gelu.forward(m.hidden, s.z, config.gelu(), rows, w);
        w.barrier();
        masks.hidden(m.hidden, index, w);
        Tensor dbranch = branchGradient(fc2, m.hidden, gamma2, dgamma2, Branch.MLP, rows, w);
        layerBackward(fc2, m.dhidden, dbranch, m.hidden, rows, w);
        masks.hidden(m.dhidden, index, w);
        Gelu.backward(m.dhidden, m.dhidden, s.z, config.gelu(), rows, w);
        LayerNorm.forward(m.normed, null, null, s.y, norm2.weight, norm2.bias, config.layerNormEps(), rows, w);
        w.barrier();
        // z = fc1(LN₂(y))
        layerBackward(fc1, m.dnormed, m.dhidden, m.normed, rows, w);
        normBackward(norm2, s.y, s.mean2, s.rstd2, rows, w);
        // y = x + g₁·output(attended)
        dbranch = branchGradient(output, s.attended, gamma1, dgamma1, Branch.ATTENTION, rows, w);
        layerBackward(output, m.dattended, dbranch, s.attended, rows, w);
        Attention.backward(m.dqkv, m.dattended, s.attended, s.logSumExp, s.qkv, batch, config.tokens(), config.heads(), scale,
                m.attentionGradient, w);
        LayerNorm.forward(m.normed, null, null, x, norm1.weight, norm1.bias, config.layerNormEps(), rows, w);
        w.barrier();
        // qkv = W·LN₁(x)
        layerBackward(qkv, m.dnormed, m.dqkv, m.normed, rows, w);
        normBackward(norm1, x, s.mean1, s.rstd1, rows, w);
    }

    /**
     * The gradient of the output of a branch's last layer: dx itself, or dx masked and scaled. With a layer scale, the branch is computed again for
     * the gradient of the scale.
     */
    private Tensor branchGradient(Layer layer, Tensor input, Tensor gamma, Tensor dgamma, Branch which, int rows, Worker w) {
        if (gamma == null) {
            if (!masks.drops(index)) {
                return m.dx;
            }
            masks.branch(m.dbranch, m.dx, index, which, w);
            return m.dbranch;
        }
        layer.forward.forward(m.branch, input, rows, m.gemm, w);
        w.barrier();
        masks.branch(m.branch, m.branch, index, which, w);
        Residual.addScaledBackward(m.dbranch, dgamma, m.dx, m.branch, gamma, rows, w);
        w.barrier();
        masks.branch(m.dbranch, m.dbranch, index, which, w);
        return m.dbranch;
    }

    /** dW += dyᵀ·input, db += Σ dy, dinput = dy·W; a barrier at the end. */
    private void layerBackward(Layer layer, Tensor dinput, Tensor dy, Tensor input, int rows, Worker w) {
        Linear.backwardParameters(layer.dweight, layer.dbias, dy, input, rows, m.gemm, w);
        w.barrier();
        Linear.backwardInput(dinput, dy, layer.transposed, rows, m.gemm, w);
        w.barrier();
    }

    /** dx += the gradient of the norm's input, given dnormed. */
    private void normBackward(Norm norm, Tensor input, Tensor mean, Tensor rstd, int rows, Worker w) {
        LayerNorm.backward(m.dbranch, norm.dweight, norm.dbias, m.dnormed, input, mean, rstd, norm.weight, rows, w);
        w.barrier();
        Residual.add(m.dx, m.dx, m.dbranch, rows, w);
        w.barrier();
    }
}
