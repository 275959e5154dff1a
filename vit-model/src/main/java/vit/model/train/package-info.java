/**
 * Training and fine-tuning on images: recipes, schedules, the training loop, its saved state.
 *
 * <h2>Where to begin</h2>
 * {@link vit.model.train.Trainer} trains. It takes a start ({@link vit.model.train.Initialization} for new weights,
 * {@link vit.model.train.FineTuning} for trained ones), a {@link vit.model.train.data.Split} into training and validation images, and a
 * {@link vit.model.train.Recipe}; {@link vit.model.train.Recipes} has recipes by name. {@link vit.model.train.TrainingListener} hears of every
 * step and epoch, and {@link vit.model.evaluate.Evaluation} is accuracy, loss and confusion matrix. A training can be saved and resumed: at any number of
 * threads it gives the same bits as one that was never interrupted.
 *
 * <p>{@link vit.model.train.data} has the image sources, {@link vit.model.train.augment} the random changes of images. A program with a loop of its
 * own uses {@link vit.model.VitTraining} instead.
 */
package vit.model.train;
