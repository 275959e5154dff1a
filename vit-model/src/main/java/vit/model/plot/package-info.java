/** Draws pictures: charts, sheets of small pictures, colour bars and their text. Needs no font, no screen and no library; the same bytes everywhere. */
package vit.model.plot;
