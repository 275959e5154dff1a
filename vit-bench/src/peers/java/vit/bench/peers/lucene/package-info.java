/** Lucene's dot product as a contender. */
package vit.bench.peers.lucene;
