/** PyTorch as a contender, through DJL. */
package vit.bench.peers.pytorch;
