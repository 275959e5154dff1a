/**
 * Draws pictures: charts, sheets of small pictures, colour bars and their text. Needs no installed font, screen or library, and gives the same bytes on
 * every machine.
 *
 * <p>{@link vit.model.plot.Chart} draws lines and dots over two axes, {@link vit.model.plot.Sheet} pictures in rows and columns; both make a
 * {@link vit.model.plot.Picture}, which can be drawn on with {@link vit.model.plot.Canvas}.
 */
package vit.model.plot;
