export * from '../options-check.ts';
