/** EJML as a contender. */
package vit.bench.peers.ejml;
