/** Benchmarks read the reference data too, so what finds it lies in scripts, which never import tests. */
export { sharedDir, sharedFolder } from '../../scripts/support/shared.ts';
