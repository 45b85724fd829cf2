/** Benchmarks measure memory too, so the code lies in scripts, which never import tests. */
export { peakMemory } from '../../scripts/support/peak-memory.ts';
