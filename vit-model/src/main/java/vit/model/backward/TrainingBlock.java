package vit.model.backward;

import vit.kernels.parallel.Worker;
import vit.kernels.residual.Residual;
import vit.kernels.tensor.Tensor;
import vit.model.backward.RandomMasks.Branch;
import vit.model.config.VitConfig;
import vit.model.forward.PositionTables;
import vit.model.parameters.Parameters;

/**
 * One encoder block for training, forward and backward side by side (Dosovitskiy et al. 2020, equations 2 and 3):
 *
 * <pre>
 *   y   = x + g₁·Attention(norm₁(x))
 *   out = y + g₂·MLP(norm₂(y))
 * </pre>
 *
 * where g is the optional layer scale. A pass that merges tokens does so between the two, and y is then what is left. The optional masks of dropout and stochastic
 * depth are applied inside the branches. The backward pass goes from out back to x, and computes again what it needs beyond {@link BlockState}.
 */
final class TrainingBlock {

    private final int index;
    private final int tokens; // T
    private final int mergedTokens; // T', which are T unless the block merges some
    private final TrainingTokens.Step merge; // or null
    private final Tensor logSumExp; // (B·H, T)
    private final RandomMasks masks;
    private final TrainingMemory m;
    private final BlockState s;

    private final TrainingNorm norm1;
    private final TrainingLayer qkv;
    private final TrainingAttention attention;
    private final TrainingNorm attentionNorm; // or null
    private final TrainingLayer output;
    private final TrainingNorm norm2;
    private final TrainingLayer fc1;
    private final HiddenStep hidden;
    private final TrainingLayer fc2;
    private final Tensor gamma1; // (C) or null
    private final Tensor dgamma1;
    private final Tensor gamma2;
    private final Tensor dgamma2;

    TrainingBlock(VitConfig config, TrainingParameters p, int i, TrainingTokens passTokens, RandomMasks masks, TrainingMemory memory, PositionTables tables,
            BlockState state) {
        this.index = i;
        this.tokens = passTokens.count(i);
        this.mergedTokens = passTokens.count(i + 1);
        this.merge = passTokens.step(i);
        this.logSumExp = state.logSumExp(tokens);
        this.masks = masks;
        this.m = memory;
        this.s = state;
        norm1 = p.norm(Parameters.block(i, Parameters.NORM_1));
        qkv = p.layer(Parameters.block(i, Parameters.QKV));
        attention = new TrainingAttention(config, p, i, passTokens, memory, tables);
        attentionNorm = config.block().attention().innerNorm() ? p.norm(Parameters.block(i, Parameters.ATTENTION_NORM)) : null;
        output = p.layer(Parameters.block(i, Parameters.ATTENTION_OUTPUT));
        norm2 = p.norm(Parameters.block(i, Parameters.NORM_2));
        fc1 = p.layer(Parameters.block(i, Parameters.FC1));
        hidden = HiddenStep.of(config, p, i, memory);
        fc2 = p.layer(Parameters.block(i, Parameters.FC2));
        gamma1 = p.weights().vector(Parameters.block(i, Parameters.LAYER_SCALE_1));
        dgamma1 = p.gradients().vector(Parameters.block(i, Parameters.LAYER_SCALE_1));
        gamma2 = p.weights().vector(Parameters.block(i, Parameters.LAYER_SCALE_2));
        dgamma2 = p.gradients().vector(Parameters.block(i, Parameters.LAYER_SCALE_2));
    }

    /**
     * Computes out (B·T', C) from x (B·T, C), and fills the state. {@code out} may be null if only the state is wanted, after a pass that found which tokens the
     * block merges.
     */
    void forward(Tensor out, Tensor x, int batch, Worker w) {
        int rows = batch * tokens;
        norm1.forward(m.normed, s.mean1, s.rstd1, x, rows, w);
        w.barrier();
        qkv.forward(s.qkv, m.normed, rows, m.gemm, w);
        attention.forward(s.attended, logSumExp, s.qkv, batch, w);
        if (merge != null && out != null) {
            merge.match(s.qkv, batch, w);
        }
        output.forward(m.branch, joined(rows, w), rows, m.gemm, w);
        masks.branch(m.branch, m.branch, index, Branch.ATTENTION, w);
        Tensor y = merge == null ? s.y : m.normed;
        add(y, x, gamma1, rows, w);
        w.barrier();
        if (merge != null) {
            merge.forward(s.y, y, batch, w);
        }
        rows = batch * mergedTokens;
        norm2.forward(m.normed, s.mean2, s.rstd2, s.y, rows, w);
        w.barrier();
        fc1.forward(s.z, m.normed, rows, m.gemm, w);
        if (out != null) {
            hidden.forward(m.hidden, s.z, rows, w);
            masks.hidden(m.hidden, index, w);
            fc2.forward(m.branch, m.hidden, rows, m.gemm, w);
            masks.branch(m.branch, m.branch, index, Branch.MLP, w);
            add(out, s.y, gamma2, rows, w);
            w.barrier();
        }
    }

    /** The joined heads as the output projection is given them. */
    private Tensor joined(int rows, Worker w) {
        if (attentionNorm == null) {
            return s.attended;
        }
        attentionNorm.forward(m.joined, m.joinedMean, m.joinedRstd, s.attended, rows, w);
        w.barrier();
        return m.joined;
    }

    private void add(Tensor to, Tensor residual, Tensor gamma, int rows, Worker w) {
        if (gamma == null) {
            Residual.add(to, residual, m.branch, rows, w);
        } else {
            Residual.addScaled(to, residual, m.branch, gamma, rows, w);
        }
    }

    /** Turns {@code m.dx} from the gradient of out (B·T', C) into the gradient of x (B·T, C), and adds to the gradients of the parameters. */
    void backward(Tensor x, int batch, Worker w) {
        int rows = batch * mergedTokens;
        // out = y + g₂·fc2(step(z))
        hidden.forward(m.hidden, s.z, rows, w);
        masks.hidden(m.hidden, index, w);
        Tensor dbranch = branchGradient(fc2, m.hidden, gamma2, dgamma2, Branch.MLP, rows, w);
        fc2.backward(m.dhidden, dbranch, m.hidden, rows, m.gemm, w);
        masks.hidden(m.dhidden, index, w);
        Tensor dz = hidden.backward(m.dhidden, s.z, rows, w);
        norm2.forward(m.normed, null, null, s.y, rows, w);
        w.barrier();
        // z = fc1(norm₂(y))
        fc1.backward(m.dnormed, dz, m.normed, rows, m.gemm, w);
        normBackward(merge == null ? m.dx : m.dnormed, norm2, s.y, s.mean2, s.rstd2, rows, w);
        if (merge != null) {
            merge.backward(m.dx, m.dnormed, batch, w);
        }
        rows = batch * tokens;
        // y = x + g₁·output(joined)
        Tensor joined = joined(rows, w);
        dbranch = branchGradient(output, joined, gamma1, dgamma1, Branch.ATTENTION, rows, w);
        output.backward(m.dattended, dbranch, joined, rows, m.gemm, w);
        Tensor dattended = m.dattended;
        if (attentionNorm != null) {
            attentionNorm.backward(m.djoined, m.dattended, s.attended, m.joinedMean, m.joinedRstd, rows, w);
            dattended = m.djoined;
        }
        attention.backward(m.dqkv, dattended, s.attended, logSumExp, s.qkv, batch, w);
        norm1.forward(m.normed, null, null, x, rows, w);
        w.barrier();
        // qkv = W·norm₁(x)
        qkv.backward(m.dnormed, m.dqkv, m.normed, rows, m.gemm, w);
        normBackward(m.dx, norm1, x, s.mean1, s.rstd1, rows, w);
    }

    /**
     * The gradient of the output of a branch's last layer: dx itself, or dx masked and scaled. With a layer scale, the branch is computed again for
     * the gradient of the scale.
     */
    private Tensor branchGradient(TrainingLayer layer, Tensor input, Tensor gamma, Tensor dgamma, Branch which, int rows, Worker w) {
        if (gamma == null) {
            if (!masks.drops(index)) {
                return m.dx;
            }
            masks.branch(m.dbranch, m.dx, index, which, w);
            return m.dbranch;
        }
        layer.forward(m.branch, input, rows, m.gemm, w);
        masks.branch(m.branch, m.branch, index, which, w);
        Residual.addScaledBackward(m.dbranch, dgamma, m.dx, m.branch, gamma, rows, w);
        w.barrier();
        masks.branch(m.dbranch, m.dbranch, index, which, w);
        return m.dbranch;
    }

    /** sum = dx + the gradient of the norm's input, given dnormed. {@code sum} may be dx or dnormed itself. */
    private void normBackward(Tensor sum, TrainingNorm norm, Tensor input, Tensor mean, Tensor rstd, int rows, Worker w) {
        norm.backward(m.dbranch, m.dnormed, input, mean, rstd, rows, w);
        Residual.add(sum, m.dx, m.dbranch, rows, w);
        w.barrier();
    }
}
