package vit.model.train;

/**
 * What an epoch gave.
 *
 * @param epoch              from 1
 * @param loss               mean over the training images of the loss that was minimised, smoothing and mixing included
 * @param accuracy           share of the training images whose heaviest target had the highest logit, as they passed by
 * @param validationLoss     mean cross-entropy of the validation images; NaN if there are none
 * @param validationAccuracy share of the validation images that were right; NaN if there are none
 * @param rate               learning rate of the last step
 * @param best               whether no earlier epoch was better: by validation accuracy, then validation loss; without validation by loss
 * @param imagesPerSecond    training images a second, validation not counted; of this run's share of the epoch after a resume
 */
public record EpochReport(int epoch, double loss, double accuracy, double validationLoss, double validationAccuracy, double rate,
        boolean best, double imagesPerSecond) {}
