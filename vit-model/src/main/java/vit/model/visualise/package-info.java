/**
 * Looks into a model: attention rollout and maps, similarity of positions, patch filters, attention distance; as numbers and as pictures.
 *
 * <!-- given: VitModel model, VitSession session, RgbImage image -->
 * <pre>{@code
 * double[] rollout = AttentionRollout.of(session.attention(image));        // (T, T)
 * PatchMap map = PooledAttention.of(model.config(), rollout);              // one number per patch
 * }</pre>
 *
 * <p>{@link vit.model.visualise.Pictures} draws all the pictures; the other classes compute the numbers behind them. Attention comes from
 * {@link vit.model.VitSession#attention}, the rest from the weights.
 */
package vit.model.visualise;
