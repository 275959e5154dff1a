/** Images that the project draws itself: seeded, labelled, endless. What the shipped model and {@code vit demo} learn from. */
package vit.model.shapes;
