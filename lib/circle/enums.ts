/** The enums of the format and the codes of its unions. */
export * from './schema/generated/enums.ts';
