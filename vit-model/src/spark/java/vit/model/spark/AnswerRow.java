package vit.model.spark;

import java.util.List;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import scala.collection.mutable.ArraySeq;

/**
 * Appends an answer to a row.
 *
 * @param outputs     the columns that are appended
 * @param hasErrorCol whether a column of the error comes last; otherwise an error is thrown
 */
record AnswerRow(List<Output> outputs, boolean hasErrorCol) implements AnswerWriter<Row, Row> {

    /** An image that cannot be used, where the job was to end at the first one. */
    static final class UnusableImageException extends RuntimeException {

        private static final long serialVersionUID = 1;

        UnusableImageException(String message) {
            super(message + "; setOnError(\"column\") goes on without such images");
        }
    }

    @Override
    public Row result(Row row, ImageAnswer answer) {
        if (answer.error() != null && !hasErrorCol) {
            throw new UnusableImageException(answer.error());
        }
        Object[] values = new Object[row.size() + outputs.size() + (hasErrorCol ? 1 : 0)];
        int next = 0;
        while (next < row.size()) {
            values[next] = row.get(next++);
        }
        for (Output output : outputs) {
            values[next++] = answer.error() != null ? null : switch (output) {
                case LOGITS -> ArraySeq.make(answer.logits());
                case EMBEDDING -> ArraySeq.make(answer.embedding());
                case CLASS -> RowFactory.create(answer.classNumber(), answer.label(), answer.probability());
            };
        }
        if (hasErrorCol) {
            values[next] = answer.error();
        }
        return RowFactory.create(values);
    }
}
