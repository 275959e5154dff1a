package vit.bench.peers.lucene;

import java.util.Arrays;
import java.util.EnumSet;
import java.util.Set;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.apache.lucene.util.Version;
import org.apache.lucene.util.VectorUtil;
import vit.bench.peers.Contender;
import vit.bench.peers.PreparedWork;
import vit.bench.peers.Work;

/** The dot product with which Lucene searches vectors, {@code VectorUtil.dotProduct}. Lucene uses the Vector API where its module is present. */
public final class LuceneContender implements Contender {

    /** Reports that the Vector API is used; kept, because loggers are collected otherwise. */
    private static final Logger LOGGER = Logger.getLogger("org.apache.lucene.internal.vectorization");

    /** For the service loader. */
    public LuceneContender() {}

    @Override
    public String name() {
        return "lucene";
    }

    @Override
    public Set<Work.Kind> kinds() {
        return EnumSet.of(Work.Kind.DOT);
    }

    @Override
    public PreparedWork prepare(Work work) {
        LOGGER.setLevel(Level.WARNING);
        Work.DotProducts products = (Work.DotProducts) work;
        float[][] vectors = new float[products.count()][];
        for (int i = 0; i < vectors.length; i++) {
            vectors[i] = Arrays.copyOfRange(products.vectors(), i * products.width(), (i + 1) * products.width());
        }
        return new Dots(products, vectors, new float[products.count()]);
    }

    /** One vector against many, a call each. */
    private record Dots(Work.DotProducts work, float[][] vectors, float[] result) implements PreparedWork {

        @Override
        public String label() {
            return "lucene " + Version.LATEST + " dotProduct";
        }

        @Override
        public String differences() {
            return work.threads() > 1 ? "one thread" : "";
        }

        @Override
        public void run() {
            for (int i = 0; i < result.length; i++) {
                result[i] = VectorUtil.dotProduct(work.query(), vectors[i]);
            }
        }
    }
}
