package vit.model.spark;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;

/** The results of a partition. It takes a batch of elements when the results of the last one are used up. For one thread. */
final class BatchedAnswers<T, R> implements Iterator<R> {

    private final Iterator<T> elements;
    private final BatchRun run;
    private final ImageReader<T> reader;
    private final AnswerWriter<T, R> writer;
    private final List<T> batch = new ArrayList<>();
    private List<ImageAnswer> answers = List.of();
    private int next; // in the batch

    BatchedAnswers(Iterator<T> elements, BatchRun run, ImageReader<T> reader, AnswerWriter<T, R> writer) {
        this.elements = elements;
        this.run = run;
        this.reader = reader;
        this.writer = writer;
    }

    @Override
    public boolean hasNext() {
        if (next < batch.size()) {
            return true;
        }
        batch.clear();
        next = 0;
        while (batch.size() < run.mostImages() && elements.hasNext()) {
            batch.add(elements.next());
        }
        if (batch.isEmpty()) {
            run.close();
            return false;
        }
        answers = run.answers(batch, reader);
        return true;
    }

    @Override
    public R next() {
        if (!hasNext()) {
            throw new NoSuchElementException();
        }
        return writer.result(batch.get(next), answers.get(next++));
    }
}
