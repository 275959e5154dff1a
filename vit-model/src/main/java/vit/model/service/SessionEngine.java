package vit.model.service;

import vit.kernels.parallel.Workers;
import vit.model.NonFiniteException;
import vit.model.VitModel;
import vit.model.VitSession;
import vit.model.WarmUpReport;
import vit.model.config.VitConfig;
import vit.model.parameters.NonFiniteWeights;

/**
 * Computes batches with a {@link VitSession}. A lone request goes from its own array to its own array; the members of a batch are copied next to each other
 * first. The session's results have the same bits at any place in a batch.
 */
final class SessionEngine implements Engine {

    private final Workers team;
    private final VitSession session;
    private final int elements; // of an image
    private final int classes;
    private final int embeddingWidth;
    private final float[] images; // (batch, channels, height, width); empty without batches
    private final float[] logits; // (batch, classes); empty without batches
    private final float[] embeddings; // (batch, E); empty without batches

    /** @param name of the team's threads, {@code NAME-worker-1} and so on */
    SessionEngine(VitModel model, ServiceOptions options, String name) {
        VitConfig config = model.config();
        elements = imageElements(config);
        classes = config.classes();
        embeddingWidth = config.embeddingWidth();
        int room = options.batchLimit() == 1 ? 0 : options.batchLimit();
        images = new float[Math.multiplyExact(room, elements)];
        logits = new float[Math.multiplyExact(room, classes)];
        embeddings = new float[Math.multiplyExact(room, embeddingWidth)];
        team = Workers.of(options.threads(), name);
        VitSession made = null;
        try {
            made = model.newSession(options.session(team));
        } finally {
            if (made == null) {
                team.close();
            }
        }
        session = made;
    }

    /** Elements of an image: channels · height · width. */
    static int imageElements(VitConfig config) {
        return config.channels() * config.imageHeight() * config.imageWidth();
    }

    /** Elements of the arrays in which batches are put together, for one image. */
    static int batchElements(VitConfig config) {
        return imageElements(config) + config.classes() + config.embeddingWidth();
    }

    @Override
    public WarmUpReport warmUp() {
        return session.warmUp();
    }

    @Override
    public void run(Batch batch) {
        if (batch.size == 1) {
            alone(batch.members[0]);
        } else {
            together(batch);
        }
    }

    private void alone(Ticket ticket) {
        try {
            if (ticket.output == Ticket.Output.ATTENTION) {
                look(ticket);
            } else {
                compute(ticket.output, ticket.pixels, 1, ticket.logits, ticket.embedding);
            }
        } catch (Throwable e) { // an Error too belongs to the caller, who would wait forever
            ticket.failure = e;
        }
    }

    private void look(Ticket ticket) {
        if (classes > 0) {
            session.logits(ticket.pixels, 1, ticket.logits);
        }
        ticket.attention = session.attention(ticket.pixels);
    }

    /** If the pass fails, the members that it failed for are computed alone, so that each gets its own result or failure. */
    private void together(Batch batch) {
        Ticket.Output output = batch.members[0].output;
        boolean written = true;
        try {
            for (int i = 0; i < batch.size; i++) {
                System.arraycopy(batch.members[i].pixels, 0, images, i * elements, elements);
            }
            compute(output, images, batch.size, logits, embeddings);
        } catch (NonFiniteException e) {
            // All results are written nevertheless, and those of the other members are good.
        } catch (Throwable e) {
            written = false;
        }
        for (int i = 0; i < batch.size; i++) {
            if (written && isFinite(output, i)) {
                handOut(output, i, batch.members[i]);
            } else {
                alone(batch.members[i]);
            }
        }
    }

    private boolean isFinite(Ticket.Output output, int i) {
        return !(output.hasLogits() && NonFiniteWeights.find(logits, i * classes, classes) >= 0)
                && !(output.hasEmbedding() && NonFiniteWeights.find(embeddings, i * embeddingWidth, embeddingWidth) >= 0);
    }

    private void handOut(Ticket.Output output, int i, Ticket member) {
        if (output.hasLogits()) {
            System.arraycopy(logits, i * classes, member.logits, 0, classes);
        }
        if (output.hasEmbedding()) {
            System.arraycopy(embeddings, i * embeddingWidth, member.embedding, 0, embeddingWidth);
        }
    }

    private void compute(Ticket.Output output, float[] from, int count, float[] toLogits, float[] toEmbeddings) {
        switch (output) {
            case LOGITS -> session.logits(from, count, toLogits);
            case EMBEDDING -> session.embed(from, count, toEmbeddings);
            case BOTH -> session.logitsAndEmbeddings(from, count, toLogits, toEmbeddings);
            case ATTENTION -> throw new IllegalArgumentException("attention is computed for one image");
        }
    }

    @Override
    public void close() {
        try {
            session.close();
        } finally {
            team.close();
        }
    }
}
